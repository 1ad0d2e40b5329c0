"""A mould keeps all octets but those that were marked, and is cast of one person's words alone."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from engine.store.batch import NewEvent
from engine.store.mapper import Mapper, keys_of
from engine.store.mould import Holes, Mould, Moulded, cast
from schemas.complaint.correspondence import NoteAdded
from schemas.complaint.registration import ComplaintReceived
from schemas.words import Party
from support.golden import keys_for, nonces
from support.scenario import envelope, uid

MARKED, OTHER = uid("marked"), uid("other")


class Said:
    """A complaint that says of everything the same, but for whose it is and what it is called."""

    def __init__(self, subject: UUID, stream: UUID, texts: Mapping[str, str], *others: UUID) -> None:
        self.subject, self.stream, self.texts, self._others = subject, stream, texts, others

    def holes(self) -> Holes:
        return {"subject": str(self.subject).encode(), "stream": str(self.stream).encode()}

    def events(self) -> Sequence[NewEvent]:
        parties = tuple(Party(role="complainant", subject_id=one, name="Bob") for one in self._others)
        received = ComplaintReceived(
            subject_id=self.subject,
            channel="chat",
            message=self.stream,
            parties=(Party(role="complainant", subject_id=self.subject), *parties),
            body=self.texts["body"],
            location="100-percent",
        )
        around = envelope(event_id=uid("event"), command_id=uid("100 %(subject)b"))
        return NewEvent(around, received), NewEvent(around, NoteAdded(subject_id=self.subject, note=self.texts["note"]))


def cast_of(marked: Said) -> Mould | None:
    return cast(marked.events(), marked)


def test_what_is_filled_in_gives_the_rows_of_the_events_themselves() -> None:
    mould = cast_of(Said(MARKED, uid("marked stream"), {"body": "body", "note": "note"}))
    said = Said(OTHER, uid("other stream"), {"body": "100 % %(subject)b", "note": "Не работает"})
    assert mould is not None
    assert mould.fits(said)
    drafts = [Mapper().draft(said.stream, version, new) for version, new in enumerate(said.events(), start=1)]
    moulded = Moulded(mould, said)
    keys = keys_for(keys_of(drafts))
    nonce, same = nonces(), nonces()
    assert moulded.sealed(keys, nonce) == [Mapper().seal(draft, keys, same) for draft in drafts]
    assert keys_of([moulded]) == keys_of(drafts)
    assert (len(moulded), list(moulded), moulded.boxes) == (2, list(said.events()), 2)


def test_words_of_two_persons_have_no_mould() -> None:
    assert cast_of(Said(MARKED, uid("marked stream"), {"body": "body", "note": "note"}, OTHER)) is None


def test_a_text_that_is_not_marked_has_no_mould() -> None:
    marked = Said(MARKED, uid("marked stream"), {"body": "body", "note": "note"})
    said = Said(MARKED, uid("marked stream"), {"body": "body", "note": "a note of its own"})
    assert cast(said.events(), marked) is None


def test_a_mould_does_not_fit_what_says_something_else() -> None:
    mould = cast_of(Said(MARKED, uid("marked stream"), {"body": "body", "note": "note"}))
    assert mould is not None
    assert not mould.fits(Said(OTHER, uid("other stream"), {"body": "a", "note": "b"}, OTHER))
