"""A process is killed in the middle of an erasure, by SIGKILL: it is undone, or the next opening completes it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from consumers.wiring import presets
from support.erasing import eraser

TESTS = Path(__file__).parent.parent
PERSON = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
TEXT = "My kettle is broken, I want a refund."
FILE = {"filename": "b.bin", "content": "eHh4" * 150_000}

_CHILD = """
import os, signal, sys
from pathlib import Path
from uuid import UUID
from engine.store.vault.content import Contents
from engine.store.vault.erasure import Erasures
from engine.store.vault.ledger import FileLedger
from support.erasing import eraser

intend = FileLedger.intend

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def intend_and_die(self, entry):
    intend(self, entry)
    die()

where, conninfo, place, subject = sys.argv[1:]
owner, name, act = {
    "deciding": (Erasures, "_transaction", die),
    "writing": (FileLedger, "intend", die),
    "intended": (FileLedger, "intend", intend_and_die),
    "committed": (Erasures, "finish", die),
    "cleaning": (Contents, "discard", die),
    "finishing": (FileLedger, "complete", die),
}[where]
setattr(owner, name, act)
with eraser(conninfo, Path(place)) as desk:
    desk.erase(UUID(subject))
"""


@pytest.mark.parametrize(
    ("where", "begun"),
    [
        ("deciding", False),
        ("writing", False),
        ("intended", True),
        ("committed", True),
        ("cleaning", True),
        ("finishing", True),
    ],
)
def test_a_killed_erasure_is_undone_or_completed(database: str, tmp_path: Path, where: str, begun: bool) -> None:  # noqa: FBT001 # a column of the table
    with eraser(database, tmp_path) as desk:
        desk.service.activate(presets.shipped(), desk.around(), desk.at)
        message = {"channel": "web_form", "system": "site", "id": "m1", "author": PERSON, "text": TEXT}
        stream = desk.opened(**message, attachments=[FILE])
        ann = desk.author(stream)
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, where, database, str(tmp_path), str(ann)],
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )
    assert child.returncode == -signal.SIGKILL

    with eraser(database, tmp_path) as desk:
        assert desk.service.settle(desk.at).completed == int(begun)
        files = [file for file in (tmp_path / "content").rglob("*") if file.is_file()]
        assert desk.texts(stream) == (["erased"] if begun else [TEXT])
        assert desk.names(ann) == (["erased"] if begun else [])
        assert len(files) == (0 if begun else 1)
        assert all(entry.done for entry in desk.ledger.entries())
        assert desk.erased(ann).already is begun
        assert desk.texts(stream) == ["erased"]
