"""May this sender do this? The short form: four eyes and rule-only commands; roles come on top."""

from schemas.complaint.base import Right
from schemas.words import Identity

_VERIFIED_PERSON: frozenset[Right] = frozenset({"approve", "overrule", "erase", "hold"})


def missing(right: Right, actor: str, identity: Identity) -> str | None:
    """Return why ``actor`` may not use ``right``, or None if he may.

    Approving, overruling, erasing and holds ask for a verified person (design, section 5);
    ``system`` is for rules and services, never for a person.
    """
    person = actor.startswith("person:")
    if right in _VERIFIED_PERSON and (not person or identity == "claimed"):
        return f"{right} asks for a verified person"
    if right == "system" and person:
        return "only rules and services may do this"
    return None
