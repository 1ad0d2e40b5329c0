"""A release while the one before it still runs: what the old program does with what the new one has written.

The new one is a process of its own with a larger catalogue; the old one is the shipped program.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from consumers.wiring import build
from consumers.wiring.settings import from_environment
from engine.store.batch import Append, Batch, Conflict, NewEvent
from engine.store.mapper import UnknownEvent, UnreadableEvent
from support.commandline import CommandLine
from support.examples import envelope, note
from support.processes import PythonProcess
from support.web import web

pytestmark = pytest.mark.slow
TELEPORTED = r"event complaint\.teleported\.v1 at position \d+ is unknown: this program is older than the log"


@dataclass
class Deploy:
    """Both programs at one database, and a case in it."""

    settings: dict[str, str]
    old: CommandLine
    new: PythonProcess
    case: str
    place: Path

    def newer(self, what: str) -> Any:
        """Have the new program append to the case, or read it."""
        return self.new.ask([self.case, what])

    def events(self) -> int:
        return self._number("SELECT count(*) FROM plaint.events")

    def left_out(self) -> int:
        """How much any view has parked, and any door set aside."""
        return self._number("SELECT (SELECT count(*) FROM views.stuck) + (SELECT count(*) FROM plaint.set_aside)")

    def views_at(self) -> int:
        return self._number("SELECT min(position) FROM views.positions")

    def _number(self, query: str) -> int:
        with psycopg.connect(self.settings["PLAINT_DATABASE"]) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def file(self, *messages: dict[str, Any]) -> str:
        path = self.place / "in.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in messages), encoding="utf-8")
        return str(path)


def chat(id: str, thread: str, text: str = "The kettle is broken, I want a refund!") -> dict[str, Any]:
    return {
        "channel": "chat",
        "system": "s",
        "id": id,
        "thread": thread,
        "text": text,
        "author": {"name": "Ann Example"},
    }


@pytest.fixture
def deploy(database: str, tmp_path: Path) -> Iterator[Deploy]:
    settings = {"PLAINT_DATABASE": database, "PLAINT_DATA_DIR": str(tmp_path / "data"), "PLAINT_HTTP_PORT": "0"}
    old = CommandLine(settings)
    (tmp_path / "in.jsonl").write_text(json.dumps(chat("m1", "c1")) + "\n", encoding="utf-8")
    old.ok("ingest", str(tmp_path / "in.jsonl"))
    old.ok("project", "--once")
    (case,) = [one["id"] for one in old.ok("case", "list", "--json").json()["cases"]]
    with PythonProcess("newer", **settings) as new:
        assert new.hear() == "ready"
        yield Deploy(settings, old, new, case, tmp_path)


def test_fields_that_only_the_new_program_knows_are_passed_over_by_the_old_one_and_kept(deploy: Deploy) -> None:
    deploy.newer("note")

    deploy.old.ok("project", "--once")
    shown = deploy.old.ok("audit", "trail", deploy.case).out
    deploy.old.ok("case", "do", deploy.case, "add_note", "--fields", '{"note": "an older note"}')
    notes = [fields for name, fields in deploy.newer("read") if name == "complaint.note_added.v1"]

    assert "a newer note" in shown
    assert "glad" not in shown
    subject = notes[0]["subject_id"]
    assert notes == [
        {
            "subject_id": subject,
            "note": "a newer note",
            "shade": "warm",
            "mood": "glad",
            "remarks": [{"text": "first remark", "weight": 1}, {"text": "second remark", "weight": 2}],
        },
        {"subject_id": subject, "note": "an older note", "remarks": []},
    ]
    assert deploy.left_out() == 0


def test_an_event_that_only_the_new_program_knows_stops_every_door_of_the_old_one(deploy: Deploy) -> None:
    reached = deploy.events()
    deploy.newer("teleport")

    stopped = [
        deploy.old("project", "--once"),
        deploy.old("case", "do", deploy.case, "add_note", "--fields", '{"note": "x"}'),
        deploy.old("ingest", deploy.file(chat("m2", "c1", "And where is my money?"), chat("m3", "c2"))),
        deploy.old("run"),
    ]

    for outcome in stopped:
        assert (outcome.code, outcome.out) == (78, "")
        assert outcome.err.splitlines()[-1:] == _sentence(reached + 1)
    assert (deploy.events(), deploy.views_at(), deploy.left_out()) == (reached + 1, reached, 0)
    assert [path.name for path in deploy.place.glob("*.rejected*")] == []


def _sentence(position: int) -> list[str]:
    said = (
        f"plaint: event complaint.teleported.v1 at position {position} is unknown: this program is older than the log"
    )
    return [f"{said}; nothing was changed, run the newest program of this log"]


def test_over_http_the_old_program_says_that_another_replica_can_answer(deploy: Deploy) -> None:
    deploy.newer("teleport")
    reached = deploy.events()

    with build.opened(from_environment_of(deploy)) as here, web(here) as asked:
        command = asked.post(f"/v1/complaints/{deploy.case}/add-note", json={"fields": {"note": "x"}})
        message = asked.post("/v1/messages", json=chat("m2", "c1", "And where is my money?"))
        other = asked.post("/v1/messages", json=chat("m3", "c2"))
        ready = asked.get("/readyz")

    for answer in (command, message):
        assert (answer.status_code, answer.json()["code"]) == (503, "program_too_old")
        assert answer.headers["Retry-After"] == "5"
    # What does not touch that case goes on.
    assert (other.json()["opened"], ready.status_code) == (True, 200)
    assert deploy.newer("read")[-1][0] == "complaint.teleported.v1"
    assert (deploy.events() > reached, deploy.left_out()) == (True, 0)


def test_an_old_program_that_loaded_the_case_before_does_not_write_over_the_newer_event(deploy: Deploy) -> None:
    with build.opened(from_environment_of(deploy)) as here:
        stream = UUID(deploy.case)
        before = here.store.read.stream(stream)
        deploy.newer("teleport")
        subject = before[0].event.subject_id
        assert subject is not None
        late = Append(stream, len(before), (NewEvent(envelope(), note(subject)),))

        with pytest.raises(Conflict) as caught:
            here.store.commit(Batch(appends=(late,)))
        with pytest.raises(UnknownEvent, match=TELEPORTED):
            here.store.read.stream(stream)

    assert caught.value.streams == {stream}
    assert len(deploy.newer("read")) == len(before) + 1


def test_a_value_that_only_the_new_program_knows_stops_the_old_one_as_an_unknown_name_does(deploy: Deploy) -> None:
    reached = deploy.events()
    deploy.newer("priority")

    with build.opened(from_environment_of(deploy)) as here:
        with pytest.raises(UnreadableEvent, match=r"data/priority: literal_error") as caught:
            here.store.read.log(reached, 10)
        assert "cosmic" not in str(caught.value)
    stopped = deploy.old("project", "--once")

    assert stopped.code == 78
    assert "complaint.prioritised.v1" in stopped.err
    assert "cosmic" not in stopped.err
    assert (deploy.views_at(), deploy.left_out()) == (reached, 0)


def from_environment_of(deploy: Deploy) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in deploy.settings.items():
            patch.setenv(name, value)
        return from_environment()
