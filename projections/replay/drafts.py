"""Drafts of policies, judged as an activation would judge them; and policies that were in force, by name."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from yaml import AliasToken, YAMLError, scan

from engine.configuration.admissible import problems
from projections.replay.library import Library
from schemas.configuration import Calendar, Configuration, ConfigurationRefused, Policy, load_with_lines
from schemas.configuration.document import Document, problem

Loaded = tuple[Configuration, Document]
"""What a file says, and where in it each thing stands."""

_ORDER: Final = (Policy, Calendar)
_BRACKET: Final = re.compile(r"[\[\]{}]")
_DEEPEST: Final = 24
_TOLD: Final = 50
"""Errors of one draft at most."""


class BadDraft(ValueError):
    """A draft would not come into force; names line, field and fix of everything that is wrong."""


class NoSuchPolicy(LookupError):
    """No policy of this name was ever in force; ``there`` names those that were."""

    def __init__(self, there: Iterable[tuple[str, int]]) -> None:
        self.there = ", ".join(f"{name}@{version}" for name, version in there) or "none was ever in force"
        super().__init__(f"no such policy was ever in force; hand in a draft, or name one of: {self.there}")


def loaded(text: str, name: str) -> Loaded:
    """Return what a file says; ``name`` is how errors call it.

    Raises:
        BadDraft: it is no configuration.
    """
    if _too_deep(text):
        raise BadDraft(f"{name}: nested too deeply; write what the kind names")
    try:
        if any(isinstance(token, AliasToken) for token in scan(text)):
            raise BadDraft(f"{name}: uses an alias (*); write it out")
        return load_with_lines(text, name)
    except YAMLError:
        raise BadDraft(f"{name}: not YAML; write it as the shipped policies are") from None
    except ConfigurationRefused as error:
        raise BadDraft("\n".join(str(error).splitlines()[:_TOLD])) from None


def _too_deep(text: str) -> bool:
    """Whether it goes deeper than any configuration does: how long such a text is read grows by its square."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = max(0, depth + (1 if bracket[0] in "[{" else -1))
        if depth > _DEEPEST:
            return True
    lines = ((line.count("- "), len(line) - len(line.lstrip())) for line in text.splitlines())
    return any(dashes > _DEEPEST or indent > 8 * _DEEPEST for dashes, indent in lines)


def policy(drafts: Sequence[Loaded], known: Library) -> Policy:
    """Return the policy among drafts of a policy and perhaps a calendar.

    Raises:
        BadDraft: one is of another kind, or would not be admissible beside what is in force.
    """
    for (item, document), kind in zip(drafts, _ORDER, strict=False):
        if not isinstance(item, kind):
            fix = f"is not the draft of a {kind.__name__.lower()}; write kind: {kind.__name__.lower()}"
            raise BadDraft(f"{document.name}: {problem(document, ('kind',), fix)}")
    found = drafts[0][0]
    if not isinstance(found, Policy):
        raise TypeError(f"{type(found).__name__} is no policy")
    _admissible(found, drafts, known)
    return found


def _admissible(draft: Policy, drafts: Sequence[Loaded], known: Library) -> None:
    lines = {id(item): document for item, document in drafts}
    others = [one for one in known.book.policies.values() if one.id != draft.id]
    found = problems([*others, *(item for item, _ in drafts)], known.book.latest_calendar)
    told = [
        f"{lines[id(one.item)].name}: {problem(lines[id(one.item)], one.path, one.fix)}"
        for one in found
        if id(one.item) in lines
    ]
    if told:
        raise BadDraft("\n".join(told))


def named(known: Library, name: str) -> Policy:
    """Return a policy that was in force: the latest of its id, or the version after ``@``.

    Raises:
        NoSuchPolicy: there was none.
    """
    wanted_id, _, version = name.partition("@")
    there = sorted(known.policies)
    versions = [number for known_as, number in there if known_as == wanted_id]
    wanted = versions[-1] if versions and not version else int(version) if version.isdecimal() else 0
    if (wanted_id, wanted) not in known.policies:
        raise NoSuchPolicy(there)
    return known.policies[wanted_id, wanted]
