"""Nothing that a person typed stands anywhere in the clear: canaries are put into every text and searched for.

Looked through are every table of the database (in text, with octets decoded), the server's own files,
the content directory, and whatever objects and errors say of themselves.
"""

import base64
import hashlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import orjson
import psycopg
import pytest
from psycopg import sql

from consumers import intake
from engine.incoming import Arrived, Asked, Done, Parked, Refused
from engine.store.batch import Batch, SetAside
from engine.store.database.pool import open_pool
from engine.streams import survey
from projections.views import all_views
from schemas.catalogue import COMMANDS
from schemas.words import IMPERSONAL, Attachment, Party
from support.installation import Desk, derived
from support.views import build

_OPENS = "My kettle is broken, I want a refund."


class Canaries:
    """Hands out words that occur nowhere else, and finds them again however they are written."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, form: str = "{}") -> str:
        self.count += 1
        return form.format(f"Canary{self.count:03d}x")

    def found_in(self, octets: bytes) -> set[str]:
        found = set(re.findall(rb"canary\d{3}x", octets, re.IGNORECASE))
        found.update(each for start in ("Canary", "canary", "CANARY") for each in _base64(start) if each in octets)
        found.update(_hashes_in(octets, self.count))
        return {each.decode("ascii", "replace") for each in found}


def _hashes_in(octets: bytes, count: int) -> Iterator[bytes]:
    """Yield which hashes of the first ``count`` words occur: eight octets at a time are compared as one number."""
    heads = _heads(count)
    for start in range(8):
        end = len(octets) - (len(octets) - start) % 8
        numbers = memoryview(octets)[start:end].cast("Q") if start < end else ()
        for head in heads.keys() & numbers:
            yield from (each for each in heads[head] if each in octets)


@cache
def _heads(count: int) -> dict[int, list[bytes]]:
    heads: dict[int, list[bytes]] = {}
    for each in (each for number in range(1, count + 1) for each in _hashes(number)):
        heads.setdefault(int.from_bytes(each[:8], sys.byteorder), []).append(each)
    return heads


def _base64(word: str) -> Iterator[bytes]:
    """How octets that contain ``word`` look in base64, wherever it begins; only what it alone decides."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word.encode())
        yield coded[-(-before * 8 // 6) : (before + len(word)) * 8 // 6]


def _hashes(number: int) -> Iterator[bytes]:
    """What anybody could compute from a contact without our key."""
    for text in (f"Canary{number:03d}x@example.org", f"canary{number:03d}x@example.org"):
        for kind in ("", "email:"):
            yield hashlib.sha256(f"{kind}{text}".encode()).digest()
            yield hashlib.sha256(f"{kind}{text}".encode()).hexdigest().encode()


def dumped(conninfo: str) -> bytes:
    """Return every row of every table and materialised view, octets beside their spelling in hexadecimal."""
    parts: list[bytes] = []
    with psycopg.connect(conninfo) as connection:
        names = connection.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^(pg_toast|information_schema)'"
            " AND (n.nspname <> 'pg_catalog' OR c.relname IN ('pg_statistic', 'pg_largeobject', 'pg_description'))"
        ).fetchall()
        connection.execute("ANALYZE")
        for name in names:
            with (
                connection.cursor() as cursor,
                cursor.copy(sql.SQL("COPY (SELECT t::text FROM {} t) TO STDOUT").format(sql.Identifier(*name))) as copy,
            ):
                parts.extend(bytes(piece) for piece in copy)
    text = b"".join(parts)
    decoded = [bytes.fromhex(run.decode()) for run in re.findall(rb"\\x((?:[0-9a-f]{2})+)", text)]
    return b"\n".join([text, *decoded])


def server_files(conninfo: str) -> Iterator[Path]:
    """Yield the files of the server with this database, its log among them, where this process may read them."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute("SELECT current_setting('data_directory'), oid FROM pg_database"
                                 " WHERE datname = current_database()").fetchone()  # fmt: skip
    assert row is not None
    data = Path(row[0])
    if data.is_dir():
        yield from (file for file in (data / "base" / str(row[1])).glob("*") if file.is_file())
        yield from (file for file in data.parent.rglob("*log*") if file.is_file())


@pytest.mark.parametrize("before", range(9))
def test_a_hash_is_found_wherever_it_begins(before: int) -> None:
    canaries = Canaries()
    address = canaries("{}@example.org").encode()
    for form in (hashlib.sha256(address).digest(), hashlib.sha256(b"email:" + address).hexdigest().encode()):
        assert canaries.found_in(b"." * before + form + b".") == {form.decode("ascii", "replace")}
        assert canaries.found_in(b"." * before + form[:-1] + b".") == set()
    assert canaries.found_in(b"." * before) == set()


# --- what people type -----------------------------------------------------------------------


def _person(c: Canaries) -> dict[str, Any]:
    contacts = [
        {"kind": "email", "value": c("{}@example.org")},
        {"kind": "username", "value": c("net:{}")},
        {"kind": "postal", "value": c("{} Street 1")},
    ]
    return {"name": c("Ann {}"), "contacts": contacts}


def _hints(c: Canaries) -> dict[str, Any]:
    named = ("product", "order_reference", "serial", "location", "customer_segment", "business_unit")
    return {
        **{name: c(f"{{}} {name}") for name in named},
        "claimed": {"amount": "10.00", "currency": "EUR"},
        "external_refs": [{"system": c(), "number": c("no {}")}],
    }


def _structured(c: Canaries) -> dict[str, Any]:
    file = {"filename": c("{}.png"), "media_type": "image/png", "content": base64.b64encode(c().encode()).decode()}
    elsewhere = {"filename": c("{}.png"), "media_type": "image/png", "reference": c()}
    large = {"filename": c("{}.bin"), "content": base64.b64encode(c("{} ").encode() * 40_000).decode()}
    return {
        "id": c(), "system": c(), "revision": c(), "thread": c(), "author": _person(c), "on_behalf_of": _person(c),
        "addressed_to": [c("{}@example.org")], "subject": c(), "text": c(f"{_OPENS} {{}}"), "language": "en",
        "attachments": [file, elsewhere, large], "hints": _hints(c),
    }  # fmt: skip


def _mail(c: Canaries, *, reply_to: str | None = None, more: str = "") -> str:
    answers = f"In-Reply-To: <{reply_to}>\r\n" if reply_to else ""
    return (
        f"From: {c('Ann {}')} <{c('{}@example.org')}>\r\nTo: {c('{}@plaint.example')}\r\nSubject: {c()}\r\n"
        f"Message-ID: <{c('{}@example.org')}>\r\nDate: Mon, 02 Mar 2026 08:00:00 +0000\r\n{answers}{more}"
        f"X-Note: {c()}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\n{_OPENS} {c()}\r\n> {c()}\r\n"
        f'--b\r\nContent-Type: text/plain; name="{c()}.txt"\r\n'
        f"Content-Disposition: attachment\r\n\r\n{c()}\r\n--b--\r\n"
    )


def _update(c: Canaries) -> dict[str, Any]:
    sender = {"id": 5, "is_bot": False, "first_name": c(), "last_name": c(), "username": c()}
    said = {"message_id": 1, "date": 1772442000, "chat": {"id": 5, "type": "private", "title": c()}, "from": sender,
            "text": c(f"{_OPENS} {{}}"), "document": {"file_id": c(), "file_name": c()}}  # fmt: skip
    return {"update_id": 1, "message": {**said, "contact": {"phone_number": c(), "user_id": 5}}}


def _messages(c: Canaries) -> list[dict[str, Any]]:
    return [
        {"channel": "email", "raw": _mail(c), "envelope_from": c("{}@example.org")},
        {"channel": "email", "raw": _mail(c, more="Auto-Submitted: auto-replied\r\n")},
        {"channel": "web_form", **_structured(c), "form": c()},
        {"channel": "messenger", "update": _update(c), "account": c()},
        {"channel": "messenger", **_structured(c), "network": c()},
        {"channel": "call", **_structured(c), "started_at": "2026-03-02T08:00:00Z", "agent": c(), "caller_number": c(),
         "transcript": c(), "summary": c()},
        {"channel": "review", **_structured(c), "site": c(), "review_id": c(), "author_name": c(), "author_id": c(),
         "url": c(), "rating": {"score": "1", "out_of": "5"}},
        {"channel": "social", **_structured(c), "network": c(), "post_id": c(), "author_handle": c(), "url": c()},
        {"channel": "letter", **_structured(c), "arrived_on": "2026-03-02", "sender": _person(c), "registered_by": c()},
        {"channel": "authority", **_structured(c), "authority": c(), "reference": c(), "forwarded_on": "2026-03-01",
         "complainant": _person(c)},
        {"channel": "chat", **_structured(c), "taken_by": c()},
        {"channel": "chat", **_structured(c), "text": c("Thank you {}"), "hints": {"sense": "thanks"}},
    ]  # fmt: skip


def _parked(c: Canaries) -> list[dict[str, Any]]:
    return [
        {"channel": "email", "raw": _mail(c, reply_to=c("{}@example.org"))},
        {"channel": "visit", **_structured(c), "in_reply_to": c()},
    ]


# --- what staff types -----------------------------------------------------------------------


def _is_text(annotation: Any) -> bool:
    """Whether a field takes free text: a string that nothing marks as a code."""
    if get_origin(annotation) is Annotated and IMPERSONAL in get_args(annotation):
        return False
    return annotation is str or (get_origin(annotation) is not None and any(map(_is_text, get_args(annotation))))


def texts_of_commands() -> set[tuple[str, str]]:
    return {
        (name, field)
        for name, command in COMMANDS.items()
        for field, info in command.model_fields.items()
        if IMPERSONAL not in info.metadata and _is_text(info.annotation)
    }


def _file(c: Canaries, content: UUID) -> Attachment:
    return Attachment(content_id=content, media_type="image/png", size=1, sha256="0" * 64, file_name=c("{}.png"))


def _wishes(c: Canaries, message: UUID, event: UUID) -> list[tuple[str, dict[str, Any]]]:
    remedy, refused, action = derived("remedy"), derived("refused"), derived("action")
    point = {"point": 1, "serial": c(), "product_name": c(), "order_reference": c()}
    party = Party(role="respondent", subject_id=derived("x"), name=c(),
                  contacts=({"kind": "phone", "value": c()},))  # type: ignore[arg-type] # validated  # fmt: skip
    money = {"amount": "10.00", "currency": "EUR"}
    return [
        ("complaint.register", {"points": [point], "external_refs": [{"system": "crm", "number": c()}]}),
        ("complaint.classify", {"type": "product", "points": [point]}),
        ("complaint.set_field", {"field": "note", "text": c()}),
        ("complaint.record_message", {"channel": "email", "to": c(), "subject": c(), "body": c(),
                                      "attachments": [_file(c, derived("f1"))]}),
        ("complaint.add_note", {"note": c()}),
        ("complaint.add_attachment", {"attachment": _file(c, derived("f2"))}),
        ("complaint.add_party", {"party": party}),
        ("complaint.request_information", {"what": c()}),
        ("complaint.establish_cause", {"cause": "people", "responsibility": "company", "findings": c()}),
        ("complaint.assign_action", {"action_id": action, "what": c()}),
        ("complaint.complete_action", {"action_id": action, "result": c()}),
        ("complaint.promise", {"what": c(), "due": "2026-03-09T09:00:00Z"}),
        ("complaint.propose_remedy", {"remedy_id": remedy, "form": "refund", "ground": "fault", "amount": money}),
        ("complaint.approve_remedy", {"remedy_id": remedy}),
        ("complaint.compensate", {"remedy_id": remedy, "amount": money, "reference": c()}),
        ("complaint.reverse_remedy", {"remedy_id": remedy, "amount": money, "reference": c()}),
        ("complaint.refuse_remedies", {"remedy_ids": [remedy], "reason": c()}),
        ("complaint.propose_remedy", {"remedy_id": refused, "form": "payment", "ground": "exception",
                                      "amount": {"amount": "99999.00", "currency": "EUR"}}),
        ("complaint.reject_remedy", {"remedy_id": refused, "reason": c()}),
        ("complaint.correct", {"event_id": event, "note": c()}),
        ("complaint.reply", {"message": message, "final": True, "channel": "email", "to": c(), "subject": c(),
                             "body": c(), "attachments": [_file(c, derived("f3"))]}),
        ("complaint.report_delivery", {"message": message, "status": "delivered", "sent_as": c("<{}@example.org>")}),
        ("complaint.review_reply", {"message": message, "scores": [{"criterion": "tone", "score": 5}], "comment": c()}),
        ("complaint.resolve", {"outcome": "upheld", "findings": c()}),
        ("complaint.dispute_outcome", {"grounds": c()}),
        ("complaint.close", {}),
        ("complaint.rate", {"scores": [{"parameter": "overall", "score": 1}], "comment": c()}),
    ]  # fmt: skip


def _asking(c: Canaries) -> list[tuple[str, dict[str, Any]]]:
    def mail(label: str) -> dict[str, Any]:
        rendered = {"template": "campaign", "version": 1, "language": "en"}
        return {"message": derived(label), "channel": "email", "to": c(), "subject": c(), "body": c(), "queued": {},
                "rendered": rendered}  # fmt: skip

    until = "2026-04-02T09:00:00Z"
    return [
        ("survey.enrol", {"survey": "customers", "contact": c("{}@example.org"), "name": c()}),
        ("survey.invite", {"survey": "customers", "survey_version": 1, "until": until, "mail": mail("invitation")}),
        ("survey.remind", {"number": 1, "reminder": 1, "mail": mail("reminder")}),
        ("survey.report_delivery", {"message": derived("invitation"), "status": "sent",
                                    "sent_as": c("<{}@example.org>")}),
        ("survey.answer", {"scores": [{"parameter": "overall", "score": 5}], "comment": c()}),
    ]  # fmt: skip


def _ask(desk: Desk, c: Canaries) -> None:
    """Have a campaign ask somebody, and him answer."""
    for number, (name, fields) in enumerate(_asking(c)):
        command = COMMANDS[name].model_validate(fields)
        by = "person:eve" if name == "survey.answer" else "service:test"
        result = desk.give(derived("respondent"), command, by=by, id=c(), why=c())
        assert isinstance(result, Done), (number, name, result)
        assert result.events == 1, (number, name)


def _work(desk: Desk, c: Canaries, stream: UUID) -> None:
    event = desk.history(stream, open=False)[0].envelope.event_id
    for number, (name, fields) in enumerate(_wishes(c, derived("reply"), event)):
        desk.later(minutes=1)
        by = {"complaint.rate": "person:customer", "complaint.propose_remedy": "person:bob"}.get(name, "person:ann")
        by = {"complaint.review_reply": "person:eve", "complaint.report_delivery": "service:mail"}.get(name, by)
        command = COMMANDS[name].model_validate(fields)
        result = desk.give(stream, command, by=by, id=c(), why=c())
        assert isinstance(result, Done), (number, name, result)
        assert result.events > 0 or name == "complaint.approve_remedy", (number, name)


def test_every_text_of_a_command_gets_a_canary() -> None:
    wishes = [*_wishes(Canaries(), derived("m"), derived("e")), *_asking(Canaries())]
    given = {(name, field) for name, fields in wishes for field in fields}
    assert texts_of_commands() - given == set()


@pytest.fixture
def heard(desk: Desk) -> tuple[Desk, Canaries]:
    """A desk that has heard and done everything, views built but the one that holds plaintext, in `views_personal`."""
    c = Canaries()
    results = [desk.hear(**message) for message in _messages(c)]
    assert {type(result) for result in results} == {Done}
    assert {type(desk.hear(**message)) for message in _parked(c)} == {Parked}
    first = results[0]
    assert isinstance(first, Done)
    assert first.kind == "complaint"
    _work(desk, c, first.stream)
    _ask(desk, c)
    aside = SetAside("dead_letter", derived("d"), b"f", "unreadable /body", "topic:0", c().encode())
    desk.store.commit(Batch(set_aside=(aside,)))
    with open_pool(desk.conninfo, max_size=2, name="views") as pool:
        build(pool, desk.store.read, [view for view in all_views() if not view.opens])
    return desk, c


def octets_of(file: Path) -> bytes:
    """Return what a file of a running server holds; one that it has removed meanwhile holds nothing."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def test_no_canary_sings_in_the_database_nor_beside_it(heard: tuple[Desk, Canaries], tmp_path: Path) -> None:
    desk, canaries = heard
    everything = dumped(desk.conninfo)
    assert b"complaint.received.v1" in everything
    assert canaries.found_in(everything) == set()
    files = [file for file in (tmp_path / "content").rglob("*") if file.is_file()]
    assert len(files) >= 8
    for file in [*files, *server_files(desk.conninfo)]:
        assert canaries.found_in(octets_of(file)) == set(), file


def test_every_canary_sings_for_who_may_open(heard: tuple[Desk, Canaries]) -> None:
    """Else the search above would prove nothing: the words are there, sealed, and not lost."""
    desk, _ = heard
    opened = b"".join(one.event.model_dump_json().encode() for one in desk.store.read.log(0, 10_000, open=True))
    sung = set(re.findall(rb"Canary\d{3}x", opened))
    assert len(sung) > 150


def test_folded_states_hold_no_canary(heard: tuple[Desk, Canaries]) -> None:
    desk, canaries = heard
    for stream in {one.stream for one in desk.store.read.log(0, 10_000)}:
        history = desk.history(stream)
        if history[0].name == "complaint.received.v1":
            assert canaries.found_in(repr(desk.case(stream)).encode()) == set()
    asked = survey.fold(desk.history(derived("respondent")))
    assert isinstance(asked, survey.Respondent)
    assert canaries.found_in(repr(asked).encode()) == set()


def test_nothing_says_a_canary_of_itself(desk: Desk) -> None:
    c = Canaries()
    said: list[object] = []
    for message in (*_messages(c), *_parked(c)):
        taken = intake.from_octets(orjson.dumps(message), desk.around())
        assert isinstance(taken, Arrived)
        said += [taken, taken.message]
    for name, fields in _wishes(c, derived("m"), derived("e")):
        said.append(Asked(derived("s"), COMMANDS[name].model_validate(fields), c("id"), desk.around(), why=c()))
    said.append(SetAside("parked", derived("p"), b"f", "opener_unknown", "topic:0", c().encode()))
    assert {word for each in said for word in canaries_in(c, each)} == set()


def canaries_in(c: Canaries, each: object) -> set[str]:
    return c.found_in(f"{each!r} {each}".encode())


@pytest.mark.parametrize("spoil", ["channel", "author", "hints", "attachments", "started_at", "text", "rating", "id"])
def test_a_rejection_repeats_nothing(desk: Desk, spoil: str) -> None:
    c = Canaries()
    wrong = {
        "channel": c(), "author": {"contacts": [{"kind": c(), "value": c()}]}, "hints": {"sense": c()},
        "attachments": [{"content": c("{}!"), c(): c()}], "started_at": c(), "text": {c(): c()},
        "rating": {"score": c()}, "id": [c()],
    }  # fmt: skip
    good = {"channel": "call", **_structured(c), "started_at": "2026-03-02T08:00:00Z"}
    result = intake.from_octets(orjson.dumps({**good, spoil: wrong[spoil]}), desk.around())
    assert isinstance(result, intake.Rejected)
    assert canaries_in(c, result) == set()


def test_a_refusal_repeats_nothing(desk: Desk) -> None:
    c = Canaries()
    stream = desk.opened(channel="web_form", id="1", text=_OPENS)
    for name, fields in _wishes(c, derived("m"), derived("e")):
        result = desk.give(stream, COMMANDS[name].model_validate(fields), by="service:x", why=c(), expected=99)
        assert isinstance(result, Refused)
        assert canaries_in(c, result) == set()
