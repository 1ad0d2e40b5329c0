"""Who a signed token names: JSON Web Tokens of one issuer, by the keys that it publishes (RFC 7519, 8725, 9068).

An algorithm counts only if it is listed, and never one with a shared secret. Keys are fetched when they grow
old, and when a token names an unknown one, but no more than once in ``ASK_AGAIN_SECONDS``, so that
nobody has us ask without end. A token that is refused says why in a word, and repeats nothing of it.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeGuard

import orjson
from joserfc import jwk, jwt
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jws import extract_compact

Why = Literal[
    "malformed", "algorithm", "key", "signature", "expired", "not_yet_valid", "issuer", "audience", "claims"
]  # fmt: skip
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""What may be listed: signatures by a key pair."""
FRESH_SECONDS: Final = 300.0
"""So long keys are used without asking whether they changed: after it a withdrawn key counts no more."""
STALE_SECONDS: Final = 3_600.0
"""So long keys are used while their issuer does not answer."""
ASK_AGAIN_SECONDS: Final = 10.0
LEEWAY_SECONDS: Final = 30
"""Two clocks may differ by so much."""
ALL_UNITS: Final = "*"
"""In the claim for business units: all of them, also those that come later. No unit can be called so."""
_NO_KEYS: Final = (ValueError, KeyError, TypeError, AttributeError, JoseError)
"""What a document is to its reader that holds no key."""
_LARGEST: Final = 16_384
_MOST_GROUPS: Final = 500
_MOST_KEPT: Final = 10_000


class TokenRefused(Exception):
    """A token proves nothing; ``why`` is a word for programs and people, and no part of the token."""

    def __init__(self, why: Why) -> None:
        self.why: Final = why
        super().__init__(f"the token is not accepted: {why}")


class KeysUnavailable(OSError):
    """The issuer's keys cannot be had: whether a token is good is not known. Ask again later."""

    def __init__(self) -> None:
        super().__init__("the keys of the token's issuer cannot be read; is PLAINT_JWKS right, and does it answer?")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token must say, and where it says who somebody is. A claim within another is written with a dot."""

    issuer: str
    audience: str
    algorithms: frozenset[str]
    groups_claim: str = "roles"
    units_claim: str | None = None
    """Names the business units that a person is confined to, or ``ALL_UNITS``; None: tokens confine nobody."""
    name_claim: str = "name"


@dataclass(frozen=True, slots=True)
class Verified:
    """Who a token names. ``person`` is False for a client that speaks for itself."""

    issuer: str
    subject: str
    client: str | None
    groups: frozenset[str]
    units: frozenset[str] | None
    name: str | None
    until: float = field(default=float("inf"), compare=False)
    """From then on it proves nothing, in seconds since 1970; the leeway is in it."""

    @property
    def person(self) -> bool:
        """Whether a person stands behind it: a client that acts for itself is its own subject (RFC 9068)."""
        return self.subject != self.client


class Keys:
    """The issuer's keys, kept for a while. ``fetch`` reads its JWK set, ``ticks`` are seconds that never go back."""

    def __init__(self, fetch: Callable[[], bytes], ticks: Callable[[], float]) -> None:
        self._fetch, self._ticks = fetch, ticks
        self._lock = threading.Lock()
        self._keys: dict[str | None, jwk.Key] = {}
        self._read_at = self._asked_at = float("-inf")

    def key(self, kid: str | None) -> jwk.Key | None:
        """Return the key of an id; None where the issuer has none such. May wait for the issuer.

        Raises:
            KeysUnavailable: none is known, or those that are have grown too old, and the issuer does not answer.
        """
        if not self._must_ask(kid):
            return self._keys.get(kid)
        with self._lock:
            if self._must_ask(kid):
                self._ask()
            return self._keys.get(kid)

    def waits(self, kid: str | None) -> bool:
        """Whether ``key`` would ask the issuer."""
        return self._must_ask(kid)

    def _must_ask(self, kid: str | None) -> bool:
        now = self._ticks()
        old = now - self._read_at > FRESH_SECONDS
        if now - self._read_at > STALE_SECONDS:
            return True
        return (old or kid not in self._keys) and now - self._asked_at > ASK_AGAIN_SECONDS

    def _ask(self) -> None:
        now = self._ticks()
        too_old = now - self._read_at > STALE_SECONDS
        if too_old and now - self._asked_at <= ASK_AGAIN_SECONDS:
            raise KeysUnavailable
        self._asked_at = now
        try:
            self._keys = _read(self._fetch())
        except (OSError, *_NO_KEYS):
            if too_old:
                self._keys = {}
                raise KeysUnavailable from None
        else:
            self._read_at = now


class _Kept(NamedTuple):
    """A token that was verified: it need not be again while its key is the same, from ``since`` until its end."""

    verified: Verified
    kid: str | None
    key: jwk.Key
    since: int


class Tokens:
    """Verifies tokens. For any number of threads. Keeps what it has verified by the tokens' hashes, never a token."""

    def __init__(self, terms: Terms, keys: Keys) -> None:
        self._terms, self._keys = terms, keys
        self._kept: dict[bytes, _Kept] = {}

    def waits(self, token: str) -> bool:
        """Whether ``verified`` would wait for the issuer; what cannot be read does not."""
        kept = self._kept.get(_digest(token))
        if kept is not None:
            return self._keys.waits(kept.kid)
        try:
            return self._keys.waits(_kid(_header(token, self._terms.algorithms)))
        except TokenRefused:
            return False

    def verified(self, token: str, at: datetime) -> Verified:
        """Return who a token names, as valid at an instant.

        Raises:
            TokenRefused: it proves nothing.
            KeysUnavailable: that cannot be known now.
        """
        digest, now = _digest(token), int(at.timestamp())
        kept = self._kept.get(digest)
        if kept is not None and kept.since <= now < kept.verified.until and self._keys.key(kept.kid) is kept.key:
            return kept.verified
        header = _header(token, self._terms.algorithms)
        key = self._keys.key(_kid(header))
        if key is None:
            raise TokenRefused("key")
        claims = self._claims(token, key)
        self._judge(claims, now)
        verified = self._named(claims)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[digest] = _Kept(verified, _kid(header), key, now)
        return verified

    def _claims(self, token: str, key: jwk.Key) -> Mapping[str, Any]:
        try:
            return jwt.decode(token, key, algorithms=sorted(self._terms.algorithms)).claims
        except BadSignatureError:
            raise TokenRefused("signature") from None
        except UnsupportedAlgorithmError:
            raise TokenRefused("algorithm") from None
        except (JoseError, ValueError, TypeError):
            raise TokenRefused("malformed") from None

    def _judge(self, claims: Mapping[str, Any], now: int) -> None:
        terms = self._terms
        if claims.get("iss") != terms.issuer:
            raise TokenRefused("issuer")
        audience = claims.get("aud")
        if terms.audience not in (audience if isinstance(audience, list) else [audience]):
            raise TokenRefused("audience")
        registry = jwt.JWTClaimsRegistry(now=now, leeway=LEEWAY_SECONDS)
        try:
            if "exp" not in claims:
                raise TokenRefused("claims")
            registry.validate_exp(claims["exp"])
        except ExpiredTokenError:
            raise TokenRefused("expired") from None
        except JoseError:
            raise TokenRefused("claims") from None
        try:
            for name, judged in (("nbf", registry.validate_nbf), ("iat", registry.validate_iat)):
                if name in claims:
                    judged(claims[name])
        except JoseError:
            raise TokenRefused("not_yet_valid") from None

    def _named(self, claims: Mapping[str, Any]) -> Verified:
        terms = self._terms
        subject = claims.get("sub")
        if not _is_text(subject, 400):
            raise TokenRefused("claims")
        client = claims.get("client_id", claims.get("azp"))
        name = _within(claims, terms.name_claim)
        return Verified(
            terms.issuer,
            subject,
            client if _is_text(client, 400) else None,
            _words(_within(claims, terms.groups_claim)),
            self._units(claims),
            name[:200] if _is_text(name, _LARGEST) and name.strip() else None,
            claims["exp"] + LEEWAY_SECONDS,
        )

    def _units(self, claims: Mapping[str, Any]) -> frozenset[str] | None:
        if self._terms.units_claim is None:
            return None
        named = _words(_within(claims, self._terms.units_claim))
        return None if ALL_UNITS in named else named


def holds_keys(document: bytes) -> bool:
    """Whether a document is a JWK set with a key that verifies signatures."""
    try:
        return bool(_read(document))
    except _NO_KEYS:
        return False


def _read(document: bytes) -> dict[str | None, jwk.Key]:
    """Return the public signature keys of a JWK set by their ids; one that stands alone is also that without id."""
    found: dict[str | None, jwk.Key] = {}
    for one in orjson.loads(document)["keys"]:
        if one.get("use", "sig") == "sig" and one.get("kty") in ("RSA", "EC", "OKP"):
            key = jwk.import_key({name: value for name, value in one.items() if name not in ("key_ops", "use")})
            found[one.get("kid")] = key
    if not found:
        raise ValueError("no key for signatures")
    if len(found) == 1:
        found[None] = next(iter(found.values()))
    return found


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _header(token: str, algorithms: frozenset[str]) -> Mapping[str, Any]:
    if len(token) > _LARGEST or not token.isascii():
        raise TokenRefused("malformed")
    try:
        header: Mapping[str, Any] = extract_compact(token.encode()).protected
    except (JoseError, ValueError, TypeError):
        raise TokenRefused("malformed") from None
    if not isinstance(alg := header.get("alg"), str) or alg not in algorithms:
        raise TokenRefused("algorithm")
    return header


def _kid(header: Mapping[str, Any]) -> str | None:
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise TokenRefused("malformed")
    return kid


def _within(claims: Mapping[str, Any], path: str) -> Any:
    """Return a claim by its name, or by the names of those it stands in with dots between."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _words(value: Any) -> frozenset[str]:
    """Return the words of a list, or of one text with blanks between, as OAuth writes scopes."""
    given = value.split() if isinstance(value, str) else value
    if not isinstance(given, list) or len(given) > _MOST_GROUPS:
        return frozenset()
    return frozenset(one for one in given if _is_text(one, 200))


def _is_text(value: Any, most: int) -> TypeGuard[str]:
    """Whether it is a text that can be stored: not empty, not too long, without half letters (surrogates) and NUL."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= most
        and "\0" not in value
        and not any("\ud800" <= letter <= "\udfff" for letter in value)
    )
