"""The wheel holds the four rooms whole, their package data included, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOMS = ("consumers", "engine", "projections", "schemas")


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    (built,) = folder.glob("plaint-*-py3-none-any.whl")
    return zipfile.ZipFile(built).namelist()


def test_it_holds_every_file_of_the_rooms_that_is_under_version_control(checkout: Path, wheel: list[str]) -> None:
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", *ROOMS]
    listed = subprocess.run(command, cwd=checkout, check=True, capture_output=True).stdout.decode()
    tracked = {name for name in listed.split("\0") if name and (checkout / name).is_file()}
    assert tracked - set(wheel) == set()


def test_it_holds_nothing_beside_the_rooms_and_its_own_record(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.startswith("plaint-")} == set(ROOMS)
    assert len(tops) == len(ROOMS) + 1


def test_its_record_holds_the_licence(wheel: list[str]) -> None:
    assert [name for name in wheel if name.endswith(".dist-info/licenses/LICENSE")] != []
