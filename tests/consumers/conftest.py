"""Installations of doors: a migrated database and a directory of its own for every test module, shared by its tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commandline import CommandLine
from support.postgres import fresh_database


@pytest.fixture(scope="session")
def database_template(views_template: str) -> str:
    """Most commands look at the views or bring them to the end of the log."""
    return views_template


@pytest.fixture(scope="module")
def settings(
    postgres_server: str, database_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """Settings of an installation on a database that this module has to itself."""
    with fresh_database(postgres_server, template=database_template) as conninfo:
        place: Path = tmp_path_factory.mktemp("installation")
        yield {"PLAINT_DATABASE": conninfo, "PLAINT_DATA_DIR": str(place), "PLAINT_HTTP_PORT": "0"}


@pytest.fixture(scope="module")
def plaint(settings: dict[str, str]) -> CommandLine:
    """The command line of that installation, which has been opened before."""
    line = CommandLine(settings)
    line.ok("project", "--once")
    return line
