"""A folded state of any stream as octets, and back: what a snapshot holds.

The octets are the SHA-256 of what follows, then one JSON object: the kind of stream, its business unit
and the state, field by field. ``state_bytes`` writes a state for comparison and for people; this is the
form that is read back, and what comes back equals what went in, types and all.

A state holds codes, facts and references, never a text that a person typed, so neither do these octets:
an erasure finds nothing in them to destroy.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from engine.complaint.case import Case
from engine.streams.feedback import Feedback
from engine.streams.problem import Problem
from engine.streams.survey import Respondent

State = Case | Feedback | Problem | Respondent


class NotFolded(ValueError):
    """These octets are no folded state, or were changed: fold the events instead."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A stream's state, and the business unit that it belongs to."""

    state: State
    business_unit: str


@dataclass(frozen=True, slots=True)
class _Complaint:
    state: Case
    business_unit: str
    kind: Literal["complaint"] = "complaint"


@dataclass(frozen=True, slots=True)
class _Feedback:
    state: Feedback
    business_unit: str
    kind: Literal["feedback"] = "feedback"


@dataclass(frozen=True, slots=True)
class _Problem:
    state: Problem
    business_unit: str
    kind: Literal["problem"] = "problem"


@dataclass(frozen=True, slots=True)
class _Survey:
    state: Respondent
    business_unit: str
    kind: Literal["survey"] = "survey"


_Stored = _Complaint | _Feedback | _Problem | _Survey
_DIGEST: Final = hashlib.sha256().digest_size


def to_octets(folded: Folded) -> bytes:
    """Return a folded state as octets."""
    written = _adapter().dump_json(_stored(folded))
    return hashlib.sha256(written).digest() + written


def from_octets(octets: bytes) -> Folded:
    """Return what ``to_octets`` wrote.

    Raises:
        NotFolded: a bit of it is another one, or another program's state has other fields.
    """
    digest, written = octets[:_DIGEST], octets[_DIGEST:]
    if hashlib.sha256(written).digest() != digest:
        raise NotFolded("these octets were changed since they were written")
    try:
        stored = _adapter().validate_json(written)
    except ValueError:
        raise NotFolded("these octets are no state that this program folds") from None
    return Folded(stored.state, stored.business_unit)


def _stored(folded: Folded) -> _Stored:
    match folded.state:
        case Case():
            return _Complaint(folded.state, folded.business_unit)
        case Feedback():
            return _Feedback(folded.state, folded.business_unit)
        case Problem():
            return _Problem(folded.state, folded.business_unit)
        case Respondent():
            return _Survey(folded.state, folded.business_unit)


@cache
def _adapter() -> TypeAdapter[_Stored]:
    """Made when the first long stream is met: most processes never need it."""
    return TypeAdapter(Annotated[_Stored, Field(discriminator="kind")])
