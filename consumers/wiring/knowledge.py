"""The knowledge base: the shipped articles, and those of the directory that the settings name, which go before."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.text.knowledge import Article, BadArticle, read


def articles(directory: Path | None) -> list[Article]:
    """Return all articles, one of the directory in place of a shipped one of its id and language, by type and id.

    Raises:
        BadArticle: a file is no article; names every one with its fix.
        OSError: the directory cannot be read.
    """
    found = {(one.id, one.language): one for one in shipped()}
    if directory is not None:
        if not directory.is_dir():
            raise BadArticle(f"{directory}: is no directory; make it, or name another")
        found |= {(one.id, one.language): one for one in _read(directory)}
    return sorted(found.values(), key=lambda one: (one.type, one.id, one.language))


@cache
def shipped() -> tuple[Article, ...]:
    """Return the articles of the package."""
    return tuple(_read(files("engine.text").joinpath("articles")))


def _read(directory: Traversable) -> list[Article]:
    found: list[Article] = []
    wrong: list[str] = []
    for folder, file in _files(directory):
        try:
            found.append(read(folder, file.name, file.read_text(encoding="utf-8")))
        except BadArticle as error:
            wrong.append(str(error))
        except UnicodeDecodeError:
            wrong.append(f"{folder}/{file.name}: not UTF-8; save the file as UTF-8")
    if wrong:
        raise BadArticle("\n".join(wrong))
    return found


def _files(directory: Traversable) -> Iterator[tuple[str, Traversable]]:
    """Yield the Markdown files of the folders of a directory; a README belongs to nobody."""
    for folder in sorted(directory.iterdir(), key=lambda one: one.name):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda one: one.name):
                if file.name.endswith(".md") and file.name != "README.md":
                    yield folder.name, file
