"""Which settings of identity fit together, and what a door is built of by them."""

import ipaddress
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from consumers.http.mesh import Proof
from consumers.tokens import ALGORITHMS, Keys, Terms, Tokens, holds_keys

if TYPE_CHECKING:
    from consumers.wiring.settings import Settings

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LEAST_SECRET: Final = 16
_LARGEST: Final = 1_000_000
_PATIENCE_SECONDS: Final = 5.0


def known(settings: "Settings") -> bool:
    """Whether the doors ask who sends a request; without that they serve loopback only."""
    return settings.proxy_proof is not None or settings.jwks is not None


def faults(settings: "Settings") -> Iterator[str]:
    """Yield what would prove nothing, or go nowhere, with its fix."""
    yield from _of_proof(settings)
    yield from _of_tokens(settings)
    if settings.http_host not in LOOPBACK and not known(settings):
        yield (
            "PLAINT_HTTP_HOST: without identity only loopback is served: 127.0.0.1, ::1 or localhost; "
            "or set PLAINT_PROXY_PROOF or PLAINT_JWKS, so that it is known who asks"
        )


def _of_proof(settings: "Settings") -> Iterator[str]:
    by, secret = settings.proxy_proof, settings.proxy_secret
    belong = {
        "PLAINT_PROXY_SECRET": (secret is not None, "secret"),
        "PLAINT_PROXY_ADDRESSES": (settings.proxy_addresses is not None, "address"),
        "PLAINT_HTTP_SOCKET": (settings.http_socket is not None, "socket"),
    }
    for name, (given, meant) in belong.items():
        if given and by != meant:
            yield f"{name} would not be used; say PLAINT_PROXY_PROOF={meant}, or unset it"
        if by == meant and not given:
            yield f"PLAINT_PROXY_PROOF is {meant}: {name} is needed, too"
    if secret is not None and len(secret.get_secret_value()) < _LEAST_SECRET:
        yield f"PLAINT_PROXY_SECRET: is guessed too soon; use {_LEAST_SECRET} characters or more, made by chance"
    for text in addresses(settings):
        if text in LOOPBACK:
            yield "PLAINT_PROXY_ADDRESSES: a port-forward arrives from 127.0.0.1 and ::1, too; Istio binds 127.0.0.6"
        elif not _is_address(text):
            yield "PLAINT_PROXY_ADDRESSES: is no list of IP addresses, separated by commas"


def _of_tokens(settings: "Settings") -> Iterator[str]:
    if len({settings.jwks is None, settings.issuer is None, settings.audience is None}) > 1:
        yield "PLAINT_JWKS, PLAINT_ISSUER and PLAINT_AUDIENCE go together: set all three or none"
    if unknown := sorted(algorithms(settings).difference(ALGORITHMS)):
        yield f"PLAINT_TOKEN_ALGORITHMS: {', '.join(unknown)} is none of {', '.join(ALGORITHMS)}"
    where = urlsplit(settings.jwks or "")
    if where.scheme == "http" and where.hostname not in LOOPBACK:
        yield "PLAINT_JWKS: keys that come in clear could be anybody's; use https, or a file"
    elif where.scheme not in ("", "http", "https"):
        yield "PLAINT_JWKS: is neither an https address nor the path of a file"


def without_keys(settings: "Settings") -> str | None:
    """Return why nobody can be proved by the file of the issuer's keys; None where it holds some, or an address does.

    A process starts all the same: whoever writes the file may be later than it.
    """
    if settings.jwks is None or urlsplit(settings.jwks).scheme:
        return None
    try:
        document = reading(settings.jwks)()
    except OSError as error:
        return f"PLAINT_JWKS: {settings.jwks}: {error.strerror or error}; put the issuer's JWK set there"
    if holds_keys(document):
        return None
    return f"PLAINT_JWKS: {settings.jwks} holds no key for signatures; put the issuer's JWK set there"


def addresses(settings: "Settings") -> frozenset[str]:
    """Return where the proxy's requests come from."""
    return frozenset(text.strip() for text in (settings.proxy_addresses or "").split(",") if text.strip())


def algorithms(settings: "Settings") -> frozenset[str]:
    """Return the signatures that count."""
    return frozenset(text.strip() for text in settings.token_algorithms.split(",") if text.strip())


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def proof(settings: "Settings") -> Proof | None:
    """Return how the proxy proves itself; None where no proxy is trusted."""
    if settings.proxy_proof is None:
        return None
    secret = settings.proxy_secret.get_secret_value() if settings.proxy_secret else ""
    return Proof(settings.proxy_proof, secret, addresses(settings))


def tokens(settings: "Settings", ticks: Callable[[], float]) -> Tokens | None:
    """Return what verifies tokens; None where none are taken. Nothing is fetched yet."""
    if settings.jwks is None or settings.issuer is None or settings.audience is None:
        return None
    terms = Terms(
        settings.issuer,
        settings.audience,
        algorithms(settings),
        groups_claim=settings.token_roles_claim,
        units_claim=settings.token_units_claim,
        name_claim=settings.token_name_claim,
    )
    return Tokens(terms, Keys(reading(settings.jwks), ticks))


def reading(where: str) -> Callable[[], bytes]:
    """Return what reads the issuer's keys, a bounded number of octets within a bounded time."""
    if not urlsplit(where).scheme:
        return lambda: Path(where).read_bytes()[:_LARGEST]
    opener = build_opener(_NoRedirect)

    def fetch() -> bytes:
        try:
            with opener.open(Request(where), timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 -- http or https, see `faults`
                octets: bytes = answer.read(_LARGEST)
                return octets
        except (URLError, HTTPException) as error:
            raise OSError(type(error).__name__) from None

    return fetch


class _NoRedirect(HTTPRedirectHandler):
    """Keys come from the address that was named, and from no other."""

    def redirect_request(self, *_: object) -> None:
        return None
