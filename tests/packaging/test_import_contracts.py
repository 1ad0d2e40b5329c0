"""Every import contract of pyproject.toml holds, and breaks when somebody plants a wrong import.

A contract that cannot break guards nothing: a name mistyped in it, or an optional layer that never appears, would
pass in silence. So one wrong import for each is planted in a copy.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOMS = ("consumers", "engine", "projections", "schemas")
LINT = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"

# contract -> module that gets a line too many
PLANTED = [
    ("rooms", "schemas/words.py", "import engine.configuration"),
    ("rooms", "engine/store/batch.py", "import projections"),
    ("rooms", "projections/__init__.py", "import consumers"),
    ("purity", "schemas/words.py", "import os"),
    ("purity", "engine/complaint/given.py", "import time"),
    ("purity", "engine/configuration/in_force.py", "import psycopg"),
    ("engine", "engine/store/batch.py", "import engine.service"),
    ("engine", "engine/complaint/given.py", "import engine.store.batch"),
    ("engine", "engine/text/planted.py", "import engine.rules"),
    ("service", "engine/service.py", "import psycopg"),
    ("service", "engine/planted.py", "import time"),
    ("readers", "projections/__init__.py", "import engine.store.commit"),
    ("readers", "projections/__init__.py", "import engine.service"),
    ("doors", "consumers/intake.py", "import consumers.wiring"),
    ("doors", "consumers/files/planted.py", "import consumers.http"),
    ("doors", "consumers/planted.py", ""),
    ("broker", "engine/service.py", "import kafka"),
    ("broker", "consumers/files/planted.py", "from kafka import KafkaConsumer"),
]


@pytest.fixture
def copy(checkout: Path, tmp_path: Path) -> Path:
    """The rooms and the contracts, to be spoiled."""
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    for room in ROOMS:
        shutil.copytree(checkout / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def broken_contracts(root: Path) -> set[str]:
    """The ids of the contracts that the tree at ``root`` breaks; the linter's own failure is an error."""
    linted = subprocess.run([sys.executable, "-c", LINT], cwd=root, capture_output=True, text=True, check=False)
    assert "Contracts:" in linted.stdout, linted.stdout + linted.stderr
    broken = set(re.findall(r"^(\w+): .* BROKEN", linted.stdout, flags=re.MULTILINE))
    assert bool(broken) == bool(linted.returncode)
    return broken


@pytest.fixture
def plant(copy: Path) -> Callable[[str, str], Path]:
    """Append a line to a module of the copy."""

    def append(module: str, line: str) -> Path:
        with (copy / module).open("a") as spoiled:
            spoiled.write(f"\n{line}\n")
        return copy

    return append


def test_the_tree_keeps_every_contract(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize(("contract", "module", "line"), PLANTED, ids=lambda value: value.replace("/", "."))
def test_a_planted_import_breaks_its_contract(
    plant: Callable[[str, str], Path], contract: str, module: str, line: str
) -> None:
    assert contract in broken_contracts(plant(module, line))
