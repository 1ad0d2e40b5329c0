"""After an erasure the person's words are nowhere: not in a dump, not in the content directory, not in the ledger,
and no key that is left opens anything to them, with the master key in hand. The figures are what they were.
"""

import base64
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import orjson
import psycopg
import pytest
from pydantic import BaseModel

from consumers.wiring import presets
from engine import streams_of
from engine.incoming import Done, Parked
from engine.store.batch import Append, Batch, NewEvent, Recorded, SetAside
from engine.store.database.pool import Pool, open_pool
from engine.store.vault.content import ContentErased
from engine.store.vault.plan import plan_of
from projections.replay.texts import Text, texts_of
from schemas.catalogue import EVENTS
from schemas.complaint.correspondence import AddNote, Reply
from schemas.complaint.lifecycle import Close, Resolve
from schemas.complaint.records import LegalHoldReleased
from schemas.complaint.registration import ComplaintReceived
from schemas.envelope import Envelope
from support import views
from support.erasing import Eraser, eraser
from support.examples import whole
from support.installation import derived
from support.servers import client_program

_NO_TEXT = ("configuration.", "problem.", "subject.")
_FIRST = (ComplaintReceived.NAME, "complaint.registered.v1", "feedback.received.v1")
PRIVATE = "Личное"
"""Begins every text of an example."""
_PACKED = (6, 8, 9, 10)
"""These are ids, which are kept as keyed hashes alone, or stand in a parked message, packed."""
ADDRESS = "canary001x@example.org"
BOB = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}

M = TypeVar("M", bound=BaseModel)


def canaries_in(octets: bytes) -> set[bytes]:
    """Return what of the person's words stands in octets, as text, as JSON escapes, in hexadecimal or in base64."""
    found = set(re.findall(rb"canary\d{3}x", octets, re.IGNORECASE))
    for word in (b"Canary", b"canary", PRIVATE.encode(), PRIVATE.encode("unicode_escape"), PRIVATE.encode("utf-16-le")):
        found.update(form for form in (word, word.hex().encode(), *_base64(word)) if form in octets)
    return found


def _base64(word: bytes) -> Iterator[bytes]:
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word)
        yield coded[-(-before * 8 // 6) : (before + len(word)) * 8 // 6]


# --- a person who has said everything that can be said ----------------------------------------


def owned_by(model: M, subject: UUID) -> M:
    """Return a model all of whose texts are one person's."""
    changes: dict[str, Any] = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if name == "subject_id":
            changes[name] = subject
        elif isinstance(value, BaseModel):
            changes[name] = owned_by(value, subject)
        elif isinstance(value, tuple):
            changes[name] = tuple(owned_by(one, subject) if isinstance(one, BaseModel) else one for one in value)
    return model.model_copy(update=changes)


def every_event(subject: UUID) -> dict[str, list[NewEvent]]:
    """Return every event that can hold a text, with every text set, by the word that begins its name."""
    found: dict[str, list[NewEvent]] = {}
    hold = whole(EVENTS["complaint.legal_hold_placed.v1"]).model_dump()["hold_id"]
    for number, name in enumerate(sorted(EVENTS, key=lambda name: (name not in _FIRST, name))):
        if not name.startswith(_NO_TEXT):
            event = owned_by(whole(EVENTS[name]), subject)
            if isinstance(event, LegalHoldReleased):
                event = event.model_copy(update={"hold_id": hold})
            envelope = whole(Envelope).model_copy(update={"event_id": derived(f"event {number}")})
            found.setdefault(name.partition(".")[0], []).append(NewEvent(envelope, event))
    return found


def mail(number: int, text: str, *, more: str = "") -> dict[str, str]:
    raw = (
        f"From: Ann Canary002x <{ADDRESS}>\r\nTo: help@plaint.example\r\nSubject: Canary003x\r\n{more}"
        f"Message-ID: <canary00{number}x@example.org>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        '--b\r\nContent-Type: text/plain; name="Canary004x.txt"\r\nContent-Disposition: attachment\r\n\r\n'
        "Canary005x\r\n--b--\r\n"
    )
    return {"channel": "email", "raw": raw}


def file(name: str, octets: bytes) -> dict[str, str]:
    return {"filename": name, "media_type": "text/plain", "content": base64.b64encode(octets).decode()}


OPENING = mail(6, "My kettle is broken, I want a refund. Canary007x")
FOLLOW = mail(8, "Canary009x", more="In-Reply-To: <nobody-knows@example.org>\r\n")
FORM = {
    "channel": "web_form",
    "system": "site",
    "id": "canary010x",
    "author": {"name": "Ann Canary002x", "contacts": [{"kind": "email", "value": ADDRESS}]},
    "text": "It is broken again, I want a refund! Canary011x",
    "attachments": [file("Canary012x.txt", b"Canary013x"), file("Canary014x.bin", b"Canary015x " * 40_000)],
}


def live(desk: Eraser) -> tuple[UUID, UUID]:
    """Have the person write by several channels, and the desk answer; the case, and one of Bob's."""
    stream = desk.opened(**OPENING)
    desk.opened(**FORM)
    assert isinstance(desk.hear(**FOLLOW), Parked)
    letter = SetAside(
        "dead_letter", derived("d"), b"f" * 32, "unreadable /body", "topic:0", f"Canary016x {ADDRESS}".encode()
    )
    desk.store.commit(Batch(set_aside=(letter,)))
    for command in (
        AddNote(note="Canary017x phoned."),
        Reply(final=True, channel="email", to="Canary018x", subject="Canary019x", body="Dear Canary020x"),
        Resolve(outcome="upheld", findings="Canary021x"),
        Close(),
    ):
        desk.later(minutes=1)
        assert isinstance(desk.give(stream, command, why="Canary022x", id=f"canary023x/{command.NAME}"), Done)
    other = desk.opened(channel="web_form", system="site", id="b1", author=BOB, text="My lamp is broken too!")
    return stream, other


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


@pytest.fixture
def viewing(desk: Eraser) -> Iterator[Pool]:
    with open_pool(desk.conninfo, max_size=3, name="views") as pool:
        yield pool


# --- looking everywhere -----------------------------------------------------------------------


def dump(conninfo: str) -> bytes:
    """Return the whole database as pg_dump writes it, what stands there in hexadecimal decoded beside it."""
    command = [str(client_program("pg_dump")), "--dbname", conninfo]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("ANALYZE")
    done = subprocess.run(command, check=True, capture_output=True)
    decoded = [bytes.fromhex(run.decode()) for run in re.findall(rb"\\\\x((?:[0-9a-f]{2})+)", done.stdout)]
    assert len(decoded) > 50
    return b"\n".join([done.stdout, *decoded])


def files(place: Path) -> bytes:
    """Return the content directory and the ledger."""
    found = [*(place / "content").rglob("*"), place / "erasures.ledger"]
    return b"\n".join(file.read_bytes() for file in found if file.is_file())


def everything_opened(desk: Eraser) -> bytes:
    """Return all that the keys that are left open: events, files, messages set aside."""
    found: list[bytes] = []
    for one in desk.store.read.log(0, 100_000, open=True):
        found += [one.event.model_dump_json().encode(), one.envelope.model_dump_json().encode()]
    for (content_id,) in desk.sql("SELECT content_id FROM plaint.contents"):
        assert isinstance(content_id, UUID)
        try:
            found.append(desk.store.contents.open(content_id))
        except ContentErased:
            continue
    for row in desk.store.set_aside.listed():
        found.append(desk.store.set_aside.show(row.id)[1])
    return b"\n".join(found)


def texts(events: list[Recorded]) -> list[Text]:
    return [text for one in events for text in texts_of(one)]


def without_erasures(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[str]]:
    return {table: [repr(row) for row in found if "subject.erased" not in repr(row)] for table, found in rows.items()}


# --- the tests --------------------------------------------------------------------------------


def said_everything(desk: Eraser) -> tuple[UUID, UUID, list[UUID]]:
    """Return the person, a case of somebody else, and the streams in which every event stands."""
    stream, other = live(desk)
    ann = desk.author(stream)
    streams: list[UUID] = []
    for word, events in every_event(ann).items():
        streams.append(derived(word))
        desk.store.commit(Batch(appends=(Append(streams[-1], 0, tuple(events)),)))
    return ann, other, streams


def test_every_event_that_can_hold_a_text_holds_some() -> None:
    made = [new.event for events in every_event(derived("ann")).values() for new in events]
    silent = {event.NAME for event in made if PRIVATE not in event.model_dump_json()}
    assert silent == {event.NAME for event in made if plan_of(type(event)).idle}
    assert len(made) - len(silent) > 20


def test_nothing_that_the_person_said_is_left(desk: Eraser, viewing: Pool, tmp_path: Path) -> None:
    ann, other, streams = said_everything(desk)
    views.build(viewing, desk.store.read)
    before = views.rows(viewing)
    assert b"canary" in dump(desk.conninfo)
    sung = canaries_in(everything_opened(desk))
    assert {f"Canary{number:03d}x".encode() for number in range(2, 23) if number not in _PACKED} <= sung
    assert PRIVATE.encode() in sung

    result = desk.erased(ann)

    assert set(streams) <= set(result.streams)
    assert len(result.discarded) == 2
    views.build(viewing, desk.store.read)
    assert canaries_in(dump(desk.conninfo)) == set()
    assert canaries_in(files(tmp_path)) == set()
    assert canaries_in(everything_opened(desk)) == set()
    assert b"My lamp is broken too!" in everything_opened(desk)
    assert {text.withheld for text in texts(list(desk.history(other)))} == {None}

    head = max(position for _, position in before["audit_trail_subjects_v2"])
    kept = {name: [row for row in before[name] if row[1] != ann] for name in ("search_texts_v1", "similar_sketches_v1")}
    assert all(0 < len(rows) < len(before[name]) for name, rows in kept.items())
    grown = views.rows(viewing)
    named = [row for row in grown["audit_trail_subjects_v2"] if row[1] <= head]
    assert without_erasures({**grown, "audit_trail_subjects_v2": named}) == without_erasures({**before, **kept})
    views.drop(viewing)
    views.build(viewing, desk.store.read)
    assert views.rows(viewing) == grown


def test_every_case_still_replays_with_visible_marks(desk: Eraser) -> None:
    ann, _, _ = said_everything(desk)
    streams = desk.store.read.streams({one.stream for one in desk.store.read.log(0, 100_000)}, open=True)
    before = {stream: streams_of.fold(history) for stream, history in streams.items()}
    said = {stream: texts(history) for stream, history in streams.items()}

    erased = set(desk.erased(ann).streams)

    after = desk.store.read.streams(list(streams), open=True)
    assert {stream: streams_of.fold(history) for stream, history in after.items()} == before
    for stream, history in after.items():
        marks = [text.withheld for text in texts(history)]
        assert len(marks) == len(said[stream])
        if stream in erased:
            assert set(marks) == {"erased"}
    assert sum(len(said[stream]) for stream in erased) > 100


def test_the_same_messages_again_neither_revive_nor_fail(desk: Eraser, tmp_path: Path) -> None:
    stream, _ = live(desk)
    ann = desk.author(stream)
    desk.erased(ann)
    head = desk.store.read.head().position
    for message in (OPENING, FORM, FOLLOW):
        again = desk.hear(**message)
        assert isinstance(again, Done)
        assert (again.already, again.events) == (True, 0)
    assert desk.store.read.head().position == head
    assert canaries_in(everything_opened(desk)) == set()
    assert canaries_in(files(tmp_path)) == set()


def test_no_error_and_no_result_repeats_a_word(desk: Eraser) -> None:
    stream, _ = live(desk)
    result = desk.erased(desk.author(stream))
    assert canaries_in(repr(result).encode()) == set()
    late = desk.give(stream, AddNote(note="Bob was here."))
    assert canaries_in(repr(late).encode()) == set()


def test_the_search_finds_a_word_however_it_is_written() -> None:
    for octets in (
        b"xCANARY001xy",
        b"Canary".hex().encode(),
        base64.b64encode(b"yzCanary001x"),
        orjson.dumps({"x": PRIVATE}),
        PRIVATE.encode("utf-16-le"),
        "Личное".encode("unicode_escape"),
    ):
        assert canaries_in(octets) != set(), octets
