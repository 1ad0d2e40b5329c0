"""Settings of identity fit together or are refused, and a door listens where its proof says."""

import http.server
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from consumers.http.mesh import Proof
from consumers.tokens import KeysUnavailable
from consumers.wiring import proving
from consumers.wiring.listening import CannotListen
from consumers.wiring.processes import address
from consumers.wiring.settings import Settings, SettingsRefused, from_environment
from support.issuer import AUDIENCE, ISSUER, Issuer

SECRET = "a-secret-of-sixteen"
_NOW = datetime(2026, 3, 2, tzinfo=UTC)
TOKENS = {"JWKS": "https://id.example/keys", "ISSUER": ISSUER, "AUDIENCE": AUDIENCE}


def made(**given: str) -> Settings:
    return from_environment({f"PLAINT_{name}": value for name, value in given.items()})


def refused(**given: str) -> str:
    with pytest.raises(SettingsRefused) as told:
        made(**given)
    assert SECRET not in str(told.value)
    return str(told.value)


def test_without_identity_nobody_is_asked_who_he_is() -> None:
    plain = made()
    assert (proving.known(plain), proving.proof(plain), proving.tokens(plain, lambda: 0.0)) == (False, None, None)


def test_a_proof_opens_the_door_to_other_addresses() -> None:
    told = made(PROXY_PROOF="secret", PROXY_SECRET=SECRET, HTTP_HOST="0.0.0.0")  # noqa: S104 -- what is tried
    assert proving.proof(told) == Proof("secret", SECRET)
    told = made(PROXY_PROOF="address", PROXY_ADDRESSES="127.0.0.6, ::6", HTTP_HOST="::")
    assert proving.proof(told) == Proof("address", "", frozenset({"127.0.0.6", "::6"}))
    assert made(HTTP_HOST="192.0.2.1", **TOKENS).http_host == "192.0.2.1"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"PROXY_PROOF": "secret"}, "PLAINT_PROXY_PROOF is secret: PLAINT_PROXY_SECRET is needed, too"),
        ({"PROXY_PROOF": "socket"}, "PLAINT_PROXY_PROOF is socket: PLAINT_HTTP_SOCKET is needed, too"),
        ({"PROXY_PROOF": "address"}, "PLAINT_PROXY_PROOF is address: PLAINT_PROXY_ADDRESSES is needed, too"),
        ({"PROXY_SECRET": SECRET}, "PLAINT_PROXY_SECRET would not be used; say PLAINT_PROXY_PROOF=secret, or unset it"),
        ({"HTTP_SOCKET": "/s"}, "PLAINT_HTTP_SOCKET would not be used; say PLAINT_PROXY_PROOF=socket, or unset it"),
        (
            {"PROXY_PROOF": "secret", "PROXY_SECRET": "short"},
            "PLAINT_PROXY_SECRET: is guessed too soon; use 16 characters or more, made by chance",
        ),
        (
            {"PROXY_PROOF": "address", "PROXY_ADDRESSES": "127.0.0.1"},
            "PLAINT_PROXY_ADDRESSES: a port-forward arrives from 127.0.0.1 and ::1, too; Istio binds 127.0.0.6",
        ),
        (
            {"PROXY_PROOF": "address", "PROXY_ADDRESSES": "127.0.0.0/8"},
            "PLAINT_PROXY_ADDRESSES: is no list of IP addresses, separated by commas",
        ),
        ({"JWKS": "keys.json"}, "PLAINT_JWKS, PLAINT_ISSUER and PLAINT_AUDIENCE go together: set all three or none"),
        ({"ISSUER": ISSUER}, "PLAINT_JWKS, PLAINT_ISSUER and PLAINT_AUDIENCE go together: set all three or none"),
        (
            {**TOKENS, "JWKS": "http://id.example/keys"},
            "PLAINT_JWKS: keys that come in clear could be anybody's; use https, or a file",
        ),
        ({**TOKENS, "JWKS": "ftp://id"}, "PLAINT_JWKS: is neither an https address nor the path of a file"),
    ],
)
def test_what_proves_nothing_is_refused_with_the_fix(given: dict[str, str], reason: str) -> None:
    assert refused(**given) == reason


@pytest.mark.parametrize("name", ["none", "HS256", "RS256,HS512"])
def test_a_signature_by_a_shared_secret_is_never_listed(name: str) -> None:
    assert refused(**TOKENS, TOKEN_ALGORITHMS=name).startswith("PLAINT_TOKEN_ALGORITHMS: ")


# --- keys -----------------------------------------------------------------------------------


class _Published(http.server.BaseHTTPRequestHandler):
    """Answers by path; says nothing of it."""

    issuer = Issuer()

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        self.send_response(200 if self.path == "/keys" else 500)
        self.end_headers()
        self.wfile.write(self.issuer.published())

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def keys() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Published) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_keys_come_from_an_address_and_from_no_other_that_it_names(keys: str) -> None:
    assert b'"first"' in proving.reading(f"{keys}/keys")()
    for path in ("moved", "broken"):
        with pytest.raises(OSError, match="HTTPError"):
            proving.reading(f"{keys}/{path}")()


def test_keys_that_cannot_be_had_are_told_as_such() -> None:
    settings = made(**{**TOKENS, "JWKS": "/absent/keys.json"})
    tokens = proving.tokens(settings, lambda: 0.0)
    assert tokens is not None
    with pytest.raises(KeysUnavailable):
        tokens.verified(Issuer().token(_NOW), _NOW)


def test_a_file_of_keys_that_proves_nobody_is_found_before_anybody_comes(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    told = settings_of(file)
    assert proving.without_keys(told) == (
        f"PLAINT_JWKS: {file}: No such file or directory; put the issuer's JWK set there"
    )
    file.write_bytes(b'{"keys": ["x"]}')
    assert proving.without_keys(told) == (
        f"PLAINT_JWKS: {file} holds no key for signatures; put the issuer's JWK set there"
    )
    file.write_bytes(Issuer().published())
    assert proving.without_keys(told) is None
    assert proving.without_keys(made(**TOKENS)) is None  # an address is not asked
    assert proving.without_keys(made()) is None


def settings_of(file: Path) -> Settings:
    return made(**{**TOKENS, "JWKS": str(file)})


# --- the socket -----------------------------------------------------------------------------


def socketed(place: Path) -> Settings:
    return made(PROXY_PROOF="socket", HTTP_SOCKET=str(place))


def test_a_unix_socket_is_held_for_its_owner_and_group_and_taken_away(tmp_path: Path) -> None:
    place = tmp_path / "door"
    with address(socketed(place)) as door:
        assert (door.family, place.stat().st_mode & 0o777) == (socket.AF_UNIX, 0o660)
    assert not place.exists()


def test_a_socket_of_a_dead_process_is_taken_over_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    place = tmp_path / "door"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    with address(socketed(place)) as door:
        door.listen()
        with (
            pytest.raises(CannotListen, match="let PLAINT_HTTP_SOCKET name a path of its own"),
            address(socketed(place)),
        ):
            raise AssertionError
