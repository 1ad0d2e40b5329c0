"""An issuer of tokens: its keys, their rotation, what it signs, and how often it was asked for them."""

from datetime import datetime
from typing import Any, Final

import orjson
from joserfc import jwk, jwt

ISSUER: Final = "https://id.example"
AUDIENCE: Final = "plaint"


class Issuer:
    """Signs with its newest key, and publishes those it has."""

    def __init__(self) -> None:
        self.keys: list[jwk.Key] = []
        self.asked = 0
        self.silent = False
        self.rotate("first")

    def rotate(self, kid: str, *, keep: bool = True) -> None:
        """Sign by a new key from now on."""
        made = jwk.generate_key("EC", "P-256", {"kid": kid})
        self.keys = [*(self.keys if keep else []), made]

    def published(self) -> bytes:
        """Return the JWK set, as ``fetch`` of ``Keys``."""
        self.asked += 1
        if self.silent:
            raise OSError("no answer")
        return orjson.dumps({"keys": [key.as_dict(private=False) for key in self.keys]})

    def token(self, at: datetime, subject: str = "ann", *groups: str, **claims: Any) -> str:
        """Sign what names somebody, for ten minutes."""
        now = int(at.timestamp())
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 600, "roles": list(groups)}
        said |= claims
        said = {name: value for name, value in said.items() if value is not None}
        return self.signed(said)

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        """Sign any claims."""
        key = self.keys[-1]
        return jwt.encode({"alg": "ES256", "kid": key.kid, **header}, claims, key, algorithms=["ES256"])
