"""The connection is cut in the moment of the COMMIT: what became of it is read back, whatever the batch holds."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from engine.incoming import Asked, Done
from engine.service import Service
from engine.store.batch import (
    Answer,
    Batch,
    Committed,
    Conflict,
    ConversationKey,
    KnownContact,
    Premises,
    SeenMessage,
    SetAside,
    SourceMove,
)  # fmt: skip
from engine.store.commit import OutcomeUnknown
from engine.store.database.pool import Pool, open_pool
from engine.store.store import Store
from engine.store.vault.master import KeyFile
from schemas.complaint.correspondence import AddNote
from support.examples import append, note
from support.held import later, wait_until, waiting
from support.installation import Desk
from support.proxy import Cut, Proxy, proxy_to

ANNA = uuid4()
CUTS: tuple[Cut, ...] = ("before_commit", "after_commit")
KEY = uuid4().bytes
ASIDE = SetAside("dead_letter", uuid4(), KEY, "unreadable", "s", b"x")


@dataclass
class Line:
    """A store behind a connection that can be cut."""

    store: Store
    proxy: Proxy
    pool: Pool


@pytest.fixture
def line(database: str, master: KeyFile, tmp_path: Path) -> Iterator[Line]:
    with (
        proxy_to(database) as proxy,
        open_pool(proxy.conninfo, max_size=4, name="cut") as pool,
        Store(pool, master, tmp_path / "contents") as store,
    ):
        store.set_aside.seal((ASIDE,))  # makes the key of the week, in a commit that is not meant
        yield Line(store, proxy, pool)


def written(pool: Pool) -> dict[str, int]:
    """How many rows each table of the store has; none of a table that is empty."""
    tables = ("events", "sources", "answers", "messages", "conversations", "contacts", "contents", "set_aside")
    with pool.connection() as connection:
        counts = {table: connection.execute(f"SELECT count(*) FROM plaint.{table}").fetchone() for table in tables}
    return {table: row[0] for table, row in counts.items() if row and row[0]}


def _content(store: Store) -> Batch:
    return Batch(contents=(store.contents.prepare(uuid4(), uuid4(), ANNA, b"a photo", "image/png").content,))


def _whole(store: Store) -> Batch:
    stream, command = uuid4(), uuid4()
    return Batch(
        appends=(append(stream, 0, note(ANNA), note(ANNA)),),
        sources=(SourceMove("s", None, 1), SourceMove("t", None, 2)),
        answers=(Answer(command, command.bytes, {"ok": True}, stream),),
        messages=(SeenMessage(stream.bytes, stream, stream),),
        conversations=(ConversationKey(stream.bytes, stream),),
        contacts=(KnownContact(stream.bytes, ANNA),),
        contents=(store.contents.prepare(uuid4(), stream, ANNA, b"a photo", "image/png").content,),
        set_aside=(ASIDE,),
    )


BATCHES: dict[str, tuple[Callable[[Store], Batch], dict[str, int]]] = {
    "everything": (
        _whole,
        {
            "events": 2,
            "sources": 2,
            "answers": 1,
            "messages": 1,
            "conversations": 1,
            "contacts": 1,
            "contents": 1,
            "set_aside": 1,
        },
    ),
    "events": (lambda _: Batch(appends=(append(uuid4(), 0, note(ANNA)),)), {"events": 1}),
    "sources": (lambda _: Batch(sources=(SourceMove("s", None, 1), SourceMove("t", None, 1))), {"sources": 2}),
    "answers": (lambda _: Batch(answers=(Answer(uuid4(), b"f", {}), Answer(uuid4(), b"g", {}))), {"answers": 2}),
    "messages": (lambda _: Batch(messages=(SeenMessage(KEY, uuid4(), uuid4()),)), {"messages": 1}),
    "answers and sources": (
        lambda _: Batch(answers=(Answer(uuid4(), b"f", {}),), sources=(SourceMove("s", None, 1),)),
        {"answers": 1, "sources": 1},
    ),
    "a content": (_content, {"contents": 1}),
    "a dead letter and its source": (
        lambda _: Batch(
            set_aside=(ASIDE,),
            sources=(SourceMove("s", None, 1),),
        ),
        {"sources": 1, "set_aside": 1},
    ),
    "a dead letter": (
        lambda _: Batch(set_aside=(ASIDE,)),
        {"set_aside": 1},
    ),
    "a parked message": (
        lambda _: Batch(
            set_aside=(SetAside("parked", uuid4(), KEY, "unknown_opener", "s", b"x", (KEY,)),),
            premises=Premises(conversations=((KEY, None),)),
        ),
        {"set_aside": 1},
    ),
}
"""What may be in a batch, and the rows that it leaves."""
FOUND_UNKNOWN: dict[str, tuple[Callable[[Store], Batch], dict[str, int]]] = {
    "a conversation that was found unknown": (
        lambda _: Batch(conversations=(ConversationKey(KEY, ANNA),), premises=Premises(conversations=((KEY, None),))),
        {"conversations": 1},
    ),
    "a contact that was found unknown": (
        lambda _: Batch(contacts=(KnownContact(KEY, ANNA),), premises=Premises(contacts=((KEY, None),))),
        {"contacts": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("what", BATCHES | FOUND_UNKNOWN)
def test_a_commit_that_is_cut_off_is_read_back_never_a_conflict_and_never_twice(
    what: str, cut: Cut, line: Line, pool: Pool
) -> None:
    make, rows = (BATCHES | FOUND_UNKNOWN)[what]
    batch = make(line.store)
    line.proxy.cut = cut

    committed = line.store.commit(batch)

    assert line.proxy.cuts == 1
    assert written(pool) == rows
    assert (committed.position, committed.versions) == (
        rows.get("events", 0),
        {each.stream: len(each.events) for each in batch.appends},
    )


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("what", ["events", "sources", "answers and sources", "messages"])
def test_an_outcome_that_cannot_be_read_back_is_told_and_the_same_batch_again_does_the_right_thing(
    what: str, cut: Cut, line: Line, store: Store, pool: Pool
) -> None:
    make, rows = BATCHES[what]
    batch = make(line.store)
    line.proxy.cut, line.proxy.refuse = cut, True
    line.pool.timeout = 0.3

    with pytest.raises(OutcomeUnknown):
        line.store.commit(batch)
    again = _again(store, batch)

    assert written(pool) == rows
    if cut == "before_commit":
        assert isinstance(again, Committed)
    else:
        assert isinstance(again, Conflict)
        assert (again.sources, again.commands, again.messages) == (
            frozenset(each.source for each in batch.sources),
            frozenset(each.command_id for each in batch.answers),
            frozenset(each.fingerprint for each in batch.messages),
        )


@contextmanager
def _first_in_the_queue(line: Line, commit: Callable[[], object], database: str) -> Iterator[None]:
    """Have another commit wait for the lock when the connection is cut, so that it comes before the reading back."""
    started: list[threading.Thread] = []

    def begin() -> None:
        started.append(later(commit))
        wait_until(lambda: waiting(database) == 1, "the other commit in the queue")

    line.proxy.before_cut = begin
    yield
    (thread,) = started
    thread.join(20)
    assert not thread.is_alive()


def _again(store: Store, batch: Batch) -> Committed | Conflict:
    try:
        return store.commit(batch)
    except Conflict as conflict:
        return conflict


# ------------------------------------------------------------------------------------ somebody else is quicker


@pytest.mark.parametrize("cut", CUTS)
def test_what_became_of_a_moved_source_is_known_though_another_moves_it_before_it_is_read_back(
    cut: Cut, line: Line, store: Store, database: str
) -> None:
    """After a rebalance the next consumer goes on where this one ended, or from where it began."""
    theirs = SourceMove("s", 1, 2) if cut == "after_commit" else SourceMove("s", None, 1)
    with _first_in_the_queue(line, lambda: store.commit(Batch(sources=(theirs,))), database):
        line.proxy.cut = cut
        mine = _again(line.store, Batch(sources=(SourceMove("s", None, 1),)))

    assert isinstance(mine, Committed if cut == "after_commit" else Conflict)


def test_a_message_that_another_took_meanwhile_is_not_taken_for_ones_own_batch(
    line: Line, store: Store, database: str
) -> None:
    """Both planned the same ids for it; what moved a source with it was only one of them."""
    seen = SeenMessage(KEY, uuid4(), uuid4())
    with _first_in_the_queue(line, lambda: store.commit(Batch(messages=(seen,))), database):
        line.proxy.cut = "before_commit"
        mine = _again(line.store, Batch(messages=(seen,), sources=(SourceMove("s", None, 1),)))

    assert isinstance(mine, Conflict)
    assert mine.messages == {KEY}
    assert store.positions.look_up(["s"]) == {}


# ----------------------------------------------------------------------------------------------------- through the door


@pytest.mark.parametrize("cut", CUTS)
def test_a_message_whose_outcome_could_not_be_told_is_one_case_when_it_is_submitted_again(
    cut: Cut, desk: Desk, tmp_path: Path
) -> None:
    message = desk.message(channel="web_form", id="f1", text="My kettle is broken, I want a refund.")
    with _cut_off(desk, tmp_path, cut) as service, pytest.raises(OutcomeUnknown):
        service.submit([message], desk.at)
    (result,) = desk.service.submit([message], desk.at)

    assert isinstance(result, Done)
    assert result.already == (cut == "after_commit")
    assert desk.opened_stream() == result.stream


@pytest.mark.parametrize("cut", CUTS)
def test_a_command_whose_outcome_could_not_be_told_has_one_effect_and_its_first_answer(
    cut: Cut, desk: Desk, tmp_path: Path
) -> None:
    stream = desk.opened(channel="web_form", id="f1", text="My kettle is broken, I want a refund.")
    before = len(desk.history(stream))
    asked = Asked(stream, AddNote(note="called back"), "once", desk.around("person:ann"))
    with _cut_off(desk, tmp_path, cut) as service, pytest.raises(OutcomeUnknown):
        service.submit([asked], desk.at)
    (result,) = desk.service.submit([asked], desk.at)

    assert isinstance(result, Done)
    assert (result.version, result.already) == (before + 1, cut == "after_commit")
    assert desk.names(stream)[before:] == ["note_added"]


@contextmanager
def _cut_off(desk: Desk, tmp_path: Path, cut: Cut) -> Iterator[Service]:
    """A service whose next commit is cut off and cannot be read back."""
    with (
        proxy_to(desk.conninfo) as proxy,
        open_pool(proxy.conninfo, max_size=4, name="cut") as pool,
        Store(pool, KeyFile({"m1": bytes(range(32))}), tmp_path / "content") as store,
    ):
        service = Service(store)
        service.book()
        pool.timeout = 0.3
        proxy.before_cut = lambda: setattr(proxy, "refuse", True)
        proxy.cut = cut
        yield service
