"""A real mail server on loopback (aiosmtpd), which keeps what it takes, and refuses what the test says."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailroom:
    """What the server got, and how it answers."""

    host: str = "127.0.0.1"
    port: int = 0
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    """Envelope sender, recipients, octets."""
    answers: dict[str, str] = field(default_factory=dict)
    """Recipient -> what it is told instead of 250."""
    data_answers: list[str] = field(default_factory=list)
    """What the next mails are told after their text instead of 250."""
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        return [found for _, _, octets in self.got if isinstance(found := _read(octets), EmailMessage)]

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    async def handle_RCPT(  # noqa: N802 # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 # as above
        if self.data_answers:
            return self.data_answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.got.append((envelope.mail_from or "", list(envelope.rcpt_tos), content))
        assert server.transport is not None
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    def let_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"secret", handled=False)


def _read(octets: bytes) -> Any:
    return message_from_bytes(octets, policy=default)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def mail_server(*, certificate: Path | None = None, tls: bool = False, port: int | None = None) -> Iterator[Mailroom]:
    """Run a mail server: with a certificate it asks for encryption and a password, ``tls`` from the beginning."""
    room = Mailroom(port=free_port() if port is None else port)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    more: dict[str, Any] = {}
    if context is not None:
        more = {"authenticator": room.let_in, "auth_required": True}
        more |= (
            {"ssl_context": context, "auth_require_tls": False}
            if tls
            else {
                "tls_context": context,
                "require_starttls": True,
            }
        )
    running = Controller(room, hostname=room.host, port=room.port, **more)
    running.start()
    try:
        yield room
    finally:
        running.stop()


@pytest.fixture
def room() -> Iterator[Mailroom]:
    """What a server got that takes any mail."""
    with mail_server() as server:
        yield server
