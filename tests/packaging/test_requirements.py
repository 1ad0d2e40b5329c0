"""The lock files fit the project file, carry hashes, and name no place to install from."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("requirements-build.txt", "requirements-dev.txt", "requirements.txt")


def locked(lock: Path) -> dict[str, str]:
    """Normalised name -> version of every pin in ``lock``."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\$", lock.read_text(), flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def not_locked(wanted: list[str], lock: Path) -> list[str]:
    """The requirements of ``wanted`` that no pin of ``lock`` satisfies."""
    pins = locked(lock)
    requirements = [Requirement(text) for text in wanted]
    return [str(r) for r in requirements if not r.specifier.contains(pins.get(canonicalize_name(r.name), "0"))]


@pytest.fixture(scope="module")
def project(checkout: Path) -> dict[str, list[str]]:
    """What the project file asks for: `runtime`, `build` and each extra."""
    parsed = tomllib.loads((checkout / "pyproject.toml").read_text())
    extras: dict[str, list[str]] = parsed["project"]["optional-dependencies"]
    return {"runtime": parsed["project"]["dependencies"], "build": parsed["build-system"]["requires"], **extras}


@pytest.mark.parametrize(
    ("part", "lock"),
    [
        ("runtime", "requirements.txt"),
        ("embedded", "requirements.txt"),
        ("build", "requirements-build.txt"),
        ("runtime", "requirements-dev.txt"),
        ("embedded", "requirements-dev.txt"),
        ("dev", "requirements-dev.txt"),
    ],
)
def test_everything_the_project_asks_for_is_locked(
    checkout: Path, project: dict[str, list[str]], part: str, lock: str
) -> None:
    assert not_locked(project[part], checkout / lock) == []


def test_what_is_tested_is_what_is_run(checkout: Path) -> None:
    assert locked(checkout / "requirements.txt").items() <= locked(checkout / "requirements-dev.txt").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pin_a_hash_or_a_comment(checkout: Path, lock: str) -> None:
    allowed = re.compile(r"\s*(#.*|[A-Za-z0-9._-]+==\S+ \\|--hash=sha256:[0-9a-f]{64}( \\)?)?")
    assert [line for line in (checkout / lock).read_text().splitlines() if not allowed.fullmatch(line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash(checkout: Path, lock: str) -> None:
    lines = (checkout / lock).read_text().splitlines()
    followers = [after for line, after in pairwise(lines) if line.endswith(" \\") and "==" in line]
    assert len(followers) == len(locked(checkout / lock)) > 0
    assert [line for line in followers if "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_address(checkout: Path, lock: str) -> None:
    assert [line for line in (checkout / lock).read_text().splitlines() if "://" in line] == []
