"""What erasures ask is answered by indexes, however many persons there are."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from consumers.wiring import presets
from engine.store.vault import erasure
from schemas.complaint.records import PlaceLegalHold
from support.erasing import Eraser, eraser
from support.installation import derived

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BOB = {"name": "Bob Other", "contacts": [{"kind": "email", "value": "bob@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": "My kettle is broken, I want a refund."}


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


def crowd(desk: Eraser) -> None:
    """Have keys of 20,000 persons, one in a hundred of them erased."""
    desk.sql(
        "INSERT INTO plaint_keys.data_keys (stream, subject, key_id, master_id, wrapped) "
        "SELECT gen_random_uuid(), gen_random_uuid(), '\\x', 'm1', '\\x' FROM generate_series(1, 20000)"
    )
    desk.sql(
        "INSERT INTO plaint_keys.erased_subjects SELECT subject, now() FROM plaint_keys.data_keys "
        "WHERE key_id = '\\x' LIMIT 200"
    )
    desk.sql(
        "UPDATE plaint_keys.data_keys k SET wrapped = NULL, master_id = NULL "
        "FROM plaint_keys.erased_subjects e WHERE e.subject = k.subject AND k.key_id = '\\x'"
    )
    desk.sql("ANALYZE plaint_keys.data_keys, plaint_keys.erased_subjects")


def plan(desk: Eraser, query: str, parameters: Mapping[str, Any]) -> str:
    assert desk.pool is not None
    with desk.pool.connection() as connection:
        rows = connection.execute(f"EXPLAIN {query}", parameters).fetchall()
    return "\n".join(row[0] for row in rows)


def test_the_persons_of_a_stream_are_found_by_what_is_sealed_in_it(desk: Eraser) -> None:
    assert desk.erasures is not None
    stream = desk.opened(**BROKEN, id="m1")
    number = next(one.event.number for one in desk.history(stream) if one.name == "complaint.registered.v1")  # type: ignore[attr-defined] # that event has one
    desk.hear(**{**BROKEN, "author": BOB, "id": "m2", "subject": f"Re: {number}"})
    file = {"filename": "", "content": "eHh4"}
    desk.hear(**{**BROKEN, "author": {}, "text": "", "id": "m3", "subject": f"Re: {number}", "attachments": [file]})
    rows = desk.sql("SELECT subject FROM plaint_keys.data_keys WHERE stream = %s ORDER BY 1", stream)
    assert len(rows) >= 2
    crowd(desk)

    assert desk.erasures.subjects(stream) == [row[0] for row in rows]
    assert desk.erasures.subjects(derived("nothing")) == []
    people = [UUID(int=number) for number in range(3)]
    assert "Seq Scan on data_keys" not in plan(desk, erasure._OF_STREAM, {"sealed": people, "stream": stream})  # noqa: SLF001 # how it is asked is what is tested


def test_whom_a_hold_kept_from_an_erasure_is_found_without_reading_the_keys_of_all(desk: Eraser) -> None:
    assert desk.erasures is not None
    kept = desk.opened(**BROKEN, id="m1")
    desk.give(kept, PlaceLegalHold(hold_id=derived("h"), holder="court-7", reason="litigation"))
    desk.erased(desk.author(kept))
    crowd(desk)
    assert desk.erasures.left_out() == [desk.author(kept)]
    assert "Seq Scan on data_keys" not in plan(desk, erasure._LEFT_OUT, {})  # noqa: SLF001 # how it is asked is what is tested
