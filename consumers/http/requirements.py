"""How who asks proves himself, as the description tells it; ``identity`` is what it tells of."""

from collections.abc import Mapping
from typing import Any, Final

from consumers.http.identity import for_anybody

SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JSON Web Token of this installation's issuer for its audience: a person, or a program that "
        "speaks for itself. One that is refused is not made up for by a certificate.",
    },
    "mesh": {
        "type": "mutualTLS",
        "description": "A certificate with one SPIFFE id, shown to the mesh's proxy in front of the door: a workload. "
        "Beside it a token makes the person who acts through that workload.",
    },
}
_EITHER: Final[tuple[dict[str, list[str]], ...]] = tuple({name: []} for name in SCHEMES)


def require(document: dict[str, Any]) -> None:
    """Have a description say that every operation asks for one of the schemes, but those for anybody.

    Signed links are proof by themselves; they are for people, and not described.
    """
    document["components"]["securitySchemes"] = {name: dict(scheme) for name, scheme in SCHEMES.items()}
    document["security"] = [dict(one) for one in _EITHER]
    for path, operations in document["paths"].items():
        if for_anybody(path):
            for operation in operations.values():
                operation["security"] = []
