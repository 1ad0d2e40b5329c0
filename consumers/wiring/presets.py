"""Configuration by name or path: what is shipped, and what the configuration directory adds or replaces."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from schemas import configuration
from schemas.configuration import Calendar, CodeList, Configuration, ConfigurationRefused, Desk, Figures, Policy

_SUFFIXES = (".yaml", ".yml")


def shipped() -> list[Configuration]:
    """Return every preset of the package that stands in force by default.

    Raises:
        ConfigurationRefused: a preset is not admissible.
    """
    return _ordered([_loaded(found) for found in _below(files("engine.configuration").joinpath("presets"))])


def of_directory(directory: Path) -> list[Configuration]:
    """Return the configurations of a directory and its folders, in the order of their names.

    Raises:
        ConfigurationRefused: one is not admissible; names file, line, field and fix.
        OSError: the directory cannot be read.
    """
    paths = sorted(path for path in directory.rglob("*") if path.suffix in _SUFFIXES)
    return _ordered([configuration.load(_text(path), str(path)) for path in paths])


def in_force(directory: Path | None) -> list[Configuration]:
    """Return the presets, each replaced by one of the same kind and id of ``directory``."""
    chosen = {(type(item), item.id): item for item in shipped()}
    if directory is not None:
        chosen.update(((type(item), item.id), item) for item in of_directory(directory))
    return _ordered(list(chosen.values()))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationRefused(str(path), [f"octet {error.start + 1}: not UTF-8; save the file as UTF-8"]) from None


def _below(folder: Traversable) -> list[Traversable]:
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.is_dir():
            found.extend(_below(entry))
        elif entry.name.endswith(_SUFFIXES):
            found.append(entry)
    return found


def _loaded(found: Traversable) -> Configuration:
    return configuration.load(found.read_text(encoding="utf-8"), found.name)


def _ordered(items: list[Configuration]) -> list[Configuration]:
    """Calendars before the policies that name them; otherwise as found."""
    ranked: dict[type, int] = {Calendar: 0, CodeList: 1, Desk: 2, Policy: 3, Figures: 4}
    return sorted(items, key=lambda item: ranked[item.__class__])
