"""Addresses that this process holds before it lets anybody in."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class CannotListen(Exception):
    """An address cannot be had; names the setting that chooses it."""


@contextmanager
def bound(host: str, port: int, setting: str) -> Iterator[socket.socket]:
    """Hold a port of an address, so that a second process learns at once that it is taken; nobody is let in yet.

    Raises:
        CannotListen: another program has it, or this user may not take it.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError as error:
            reason = f"{error.strerror}; let {setting} name a free port, or 0 take one"
            raise CannotListen(f"cannot answer at {host} port {port}: {reason}") from None
        yield door
