"""The HTTP door as it listens: where a request comes from is what its connection says, and no header of it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from support.commandline import CommandLine
from support.consuming import wait_until
from support.entrance import GATEWAY, ROLES

PROGRAM: Final = Path(sys.executable).with_name("plaint")
PROXY: Final = "127.0.0.6"
"""Where Istio's proxy calls from."""
ELEMENT: Final = f"By=spiffe://lab.local/ns/plaint/sa/http;Hash=00;URI={GATEWAY}"


@pytest.fixture(scope="module")
def address(plaint: CommandLine, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a door that believes who calls from the proxy's address."""
    place = tmp_path_factory.mktemp("serving")
    (place / "roles").mkdir()
    (place / "roles" / "gateway.yaml").write_text(ROLES, encoding="utf-8")
    chosen = {
        "PLAINT_CONFIG_DIR": str(place / "roles"),
        "PLAINT_PROXY_PROOF": "address",
        "PLAINT_PROXY_ADDRESSES": PROXY,
        "FORWARDED_ALLOW_IPS": "*",
    }
    heard = place / "said"
    with heard.open("wb") as said:
        door = subprocess.Popen([PROGRAM, "serve"], env={**settings, **chosen}, stdout=said, stderr=said)
    try:
        wait_until(lambda: _address(heard) is not None, seconds=60)
        yield f"http://{_address(heard)}"
    finally:
        door.terminate()
        door.wait(30)


def _address(heard: Path) -> str | None:
    found = re.search(r"answers at http://(\S+)", heard.read_text(encoding="utf-8"))
    return found[1] if found else None


def asked(address: str, source: str, **headers: str) -> int:
    with httpx.Client(transport=httpx.HTTPTransport(local_address=source)) as client:
        given = {"Host": "plaint.example", "X-Forwarded-Client-Cert": ELEMENT, **headers}
        return client.get(f"{address}/v1/cases", headers=given).status_code


def test_who_calls_from_the_proxys_address_is_believed(address: str) -> None:
    assert asked(address, PROXY) == 200


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.9"])
@pytest.mark.parametrize("forwarded", ["", PROXY, f"{PROXY}:1", f"10.0.0.1, {PROXY}", f"{PROXY}, 127.0.0.1"])
def test_whoever_merely_says_he_came_from_there_is_not(address: str, source: str, forwarded: str) -> None:
    assert asked(address, source, **{"X-Forwarded-For": forwarded}) == 401
