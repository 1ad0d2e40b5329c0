"""Nothing under version control names a folder of somebody's machine, or the host of a package registry."""

import re
import subprocess
from pathlib import Path

import pytest

# Put together from pieces, so that this file does not hold what it looks for.
FOLDERS = ("farm", "home", "root", "Users", "work")
REGISTRIES = (r"pypi\.org", r"pythonhosted\.org", r"registry\.npmjs\.org")
FORBIDDEN = re.compile(
    "|".join([rf"(?<![\w.~-])/(?:{'|'.join(FOLDERS)})/", *(rf"(?<!\w){host}" for host in REGISTRIES)]).encode()
)


def tracked(checkout: Path) -> list[Path]:
    """Every file under version control that is still there."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=checkout, check=True, capture_output=True).stdout.decode()
    return [checkout / name for name in listed.split("\0") if (checkout / name).is_file()]


def places(content: bytes) -> list[str]:
    """The lines of ``content`` that name a forbidden place, each with its number."""
    lines = enumerate(content.splitlines(), 1)
    return [f"{number}: {line.decode(errors='replace')}" for number, line in lines if FORBIDDEN.search(line)]


def test_no_tracked_file_names_a_place_of_a_machine(checkout: Path) -> None:
    files = tracked(checkout)
    assert files
    found = {str(file.relative_to(checkout)): places(file.read_bytes()) for file in files}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_a_machine_is_recognised(folder: str) -> None:
    text = f"first\nDATA = '/{folder}/ada/data'\n"
    assert places(text.encode()) == [f"2: DATA = '/{folder}/ada/data'"]


def test_a_registry_is_recognised() -> None:
    host = "pypi" + ".org"
    assert places(f"index = https://{host}/simple".encode()) == [f"1: index = https://{host}/simple"]


@pytest.mark.parametrize("harmless", ["https://example.org/home/page", "tests/work/file.py", "../home/x"])
def test_a_page_or_a_relative_path_is_none_of_these(harmless: str) -> None:
    assert places(harmless.encode()) == []
