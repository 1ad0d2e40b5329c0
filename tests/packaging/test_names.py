"""The four import packages belong to this distribution, and what is imported is what is installed.

Their names are plain words. Another distribution with a package ``schemas`` would overwrite ours without a word from
pip, and beside an editable installation it would be found first.
"""

import importlib
import json
from importlib.metadata import distribution, entry_points, packages_distributions
from pathlib import Path

import pytest

ROOMS = ("consumers", "engine", "projections", "schemas")


def _is_editable() -> bool:
    """An editable installation claims no package, it only points to the checkout."""
    direct_url = json.loads(distribution("plaint").read_text("direct_url.json") or "{}")
    return bool(direct_url.get("dir_info", {}).get("editable"))


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_distribution_ships_a_package_of_this_name(room: str) -> None:
    assert set(packages_distributions().get(room, ())) == (set() if _is_editable() else {"plaint"})


@pytest.mark.parametrize("room", ROOMS)
def test_the_package_that_is_imported_is_the_one_that_is_installed(room: str) -> None:
    root = Path(__file__).parents[2] if _is_editable() else Path(str(distribution("plaint").locate_file("")))
    imported = importlib.import_module(room).__file__
    assert imported is not None
    assert Path(imported).resolve() == (root / room / "__init__.py").resolve()


def test_the_distribution_brings_one_command() -> None:
    scripts = [(script.name, script.value) for script in distribution("plaint").entry_points]
    assert scripts == [("plaint", "consumers.cli.main:main")]


def test_the_command_can_be_loaded() -> None:
    (script,) = entry_points(group="console_scripts", name="plaint")
    assert callable(script.load())
