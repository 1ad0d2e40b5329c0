"""Configuration by name or path: what is shipped, and what the configuration directory adds or replaces.

Of what is shipped, all stands in force by default but what lies in a folder ``optional``: a law
binds those whom it binds, so its policy, and with it the calendar that it counts by, is brought
into force by name (``PLAINT_PRESETS``).
"""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from engine.configuration import admissible
from schemas import configuration
from schemas.configuration import (
    Calendar,
    CodeList,
    Configuration,
    ConfigurationRefused,
    Desk,
    Fields,
    Figures,
    Policy,
    Role,
    Survey,
    Template,
)
from schemas.configuration.document import Document, SeveralRefused, problem
from schemas.configuration.rule_set import CONCERNS

_SUFFIXES = (".yaml", ".yml")
_OPTIONAL = "optional"


class Found(NamedTuple):
    """A configuration, the document that its errors name lines of, and whether it waits to be named."""

    item: Configuration
    document: Document
    optional: bool = False


def shipped(named: Iterable[str] = ()) -> list[Configuration]:
    """Return the presets that stand in force by default, and the optional ones that are named.

    Raises:
        ConfigurationRefused: a preset is not admissible, or a name is unknown.
    """
    return _ordered([one.item for one in _chosen(all_shipped(), _known(named))])


@cache
def all_shipped() -> tuple[Found, ...]:
    """Return every preset of the package, the optional ones too."""
    found = _below(files("engine.configuration").joinpath("presets"))
    return tuple(
        Found(*configuration.load_with_lines(one.read_text(encoding="utf-8"), one.name), optional=_OPTIONAL in folders)
        for folders, one in found
    )


def of_directory(directory: Path) -> list[Configuration]:
    """Return the configurations of a directory and its folders, in the order of their names.

    Raises:
        ConfigurationRefused: one is not admissible; names every error with file, line, field and fix.
        OSError: the directory cannot be read.
    """
    return _ordered([one.item for one in _of_directory(directory)])


def in_force(directory: Path | None, named: Iterable[str] = ()) -> list[Configuration]:
    """Return the presets, each replaced by one of the same kind and id of ``directory``.

    Raises:
        ConfigurationRefused: something in it is wrong: then none of it comes into force.
        OSError: the directory cannot be read.
    """
    return _ordered([one.item for one in standing(directory, named)])


def standing(directory: Path | None, named: Iterable[str] = ()) -> list[Found]:
    """Return the same with their documents; raises as ``in_force``."""
    own = _of_directory(directory) if directory is not None else []
    mine = {_key(one): one for one in own}
    asked = {name for name in named if not any(one.item.id == name for one in own)}
    theirs = [one for one in all_shipped() if _key(one) not in mine]
    chosen = _chosen([*theirs, *own], _known(asked))
    _check(chosen)
    return chosen


def _key(one: Found) -> tuple[type, str]:
    return type(one.item), one.item.id


def _known(named: Iterable[str]) -> frozenset[str]:
    """Refuse a name that no optional preset has."""
    wanted = frozenset(named)
    optional = sorted({one.item.id for one in all_shipped() if one.optional})
    if unknown := sorted(wanted.difference(optional)):
        fix = f"there is no such optional preset; name some of: {', '.join(optional)}"
        raise ConfigurationRefused("PLAINT_PRESETS", [f"{name}: {fix}" for name in unknown])
    return wanted


def _chosen(found: Sequence[Found], named: frozenset[str]) -> list[Found]:
    """Return what stands by default or is named, and the optional calendars that the policies among it count by."""
    chosen = [one for one in found if not one.optional or one.item.id in named]
    asked: set[str | None] = set()
    for one in chosen:
        if isinstance(one.item, Policy):
            asked |= {one.item.calendar, *(clock.calendar for clock in one.item.clocks)}
    return [one for one in found if one in chosen or (isinstance(one.item, Calendar) and one.item.id in asked)]


def _of_directory(directory: Path) -> list[Found]:
    found: dict[tuple[type, str], Found] = {}
    refused: list[ConfigurationRefused] = []
    for path in sorted(path for path in directory.rglob("*") if path.suffix in _SUFFIXES):
        try:
            one = Found(*configuration.load_with_lines(_text(path), str(path)))
        except ConfigurationRefused as error:
            refused.append(error)
            continue
        first = found.setdefault(_key(one), one)
        if first is not one:
            fix = f"'{one.item.id}' stands in {first.document.name} too; keep one of them"
            refused.append(ConfigurationRefused(str(path), [problem(one.document, ("id",), fix)]))
    _raise(refused)
    return list(found.values())


def _check(chosen: list[Found]) -> None:
    """Refuse what does not fit together, with the lines of the files that it stands in."""
    documents = {_key(one): one.document for one in chosen}
    refused = []
    for found in admissible.problems([one.item for one in chosen]):
        document = documents[type(found.item), found.item.id]
        refused.append(ConfigurationRefused(document.name, [problem(document, found.path, found.fix)]))
    _raise(refused)


def _raise(refused: list[ConfigurationRefused]) -> None:
    if len(refused) == 1:
        raise refused[0]
    if refused:
        raise SeveralRefused(refused)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationRefused(str(path), [f"octet {error.start + 1}: not UTF-8; save the file as UTF-8"]) from None


def _below(folder: Traversable, names: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Traversable]]:
    """Return the YAML files of a folder and those below it, each with the folders that it lies in."""
    found: list[tuple[tuple[str, ...], Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            found.extend(_below(entry, (*names, entry.name)))
        elif entry.name.endswith(_SUFFIXES):
            found.append((names, entry))
    return found


def _ordered(items: list[Configuration]) -> list[Configuration]:
    """Calendars before the policies that name them; otherwise as found."""
    ranked: dict[type, int] = {
        Calendar: 0,
        CodeList: 1,
        Desk: 2,
        Policy: 3,
        Figures: 4,
        Template: 5,
        Survey: 7,
        Fields: 8,
        Role: 9,
    }
    ranked |= dict.fromkeys(CONCERNS.values(), 6)
    return sorted(items, key=lambda item: ranked[item.__class__])
