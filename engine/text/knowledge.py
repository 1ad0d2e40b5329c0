"""Articles of the knowledge base, and which of them fit a complaint: by its type, language and words.

An article is a Markdown file ``<type>/<id>.<language>.md``. Its first line is the title (``# ...``); a line
``Keywords: ...`` anywhere names words that people use for the matter. The rest is what helps to answer.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, get_args

from engine.text.similarity import Corpus, in_common, sketch
from engine.text.words import SpokenLanguage, language_of
from schemas.words import ComplaintType

LEAST: Final = 0.08
"""From this likeness on an article is suggested; those of the complaint's own type are in any case."""
_NAME: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,59})\.(en|ru)\.md")
_KEYWORDS: Final = re.compile(r"^keywords:\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_TYPES: Final[tuple[str, ...]] = get_args(ComplaintType)


class BadArticle(ValueError):
    """A file of the knowledge base cannot be read as an article. Names the file and the fix."""


class Article(NamedTuple):
    """One article; ``id`` and language tell it from others."""

    id: str
    type: ComplaintType
    language: SpokenLanguage
    title: str
    keywords: str
    body: str


class Fitting(NamedTuple):
    """An article that fits, how well (0 to 1), and the stems that it has in common with the complaint: personal."""

    article: Article
    likeness: float
    common: tuple[str, ...]


def read(folder: str, name: str, text: str) -> Article:
    """Return the article in a file of the folder of its type.

    Raises:
        BadArticle: folder, name or first line are not as they must be.
    """
    where = f"{folder}/{name}"
    found = _NAME.fullmatch(name)
    if folder not in _TYPES:
        raise BadArticle(f"{where}: '{folder}' is no type of complaint; name the folder one of {', '.join(_TYPES)}")
    if found is None:
        raise BadArticle(f"{where}: name it as 'late-delivery.en.md', with en or ru")
    title, _, body = text.strip().partition("\n")
    if not title.startswith("# ") or not title[2:].strip():
        raise BadArticle(f"{where}: line 1: write the title as '# Late delivery'")
    words = _KEYWORDS.search(body)
    kind = next(one for one in get_args(ComplaintType) if one == folder)
    language: SpokenLanguage = "ru" if found[2] == "ru" else "en"
    return Article(
        found[1], kind, language, title[2:].strip(), words[1] if words else "", _KEYWORDS.sub("", body).strip()
    )


def fitting(texts: Iterable[str], kind: str | None, articles: Sequence[Article], *, most: int = 3) -> list[Fitting]:
    """Return the articles that fit what a complainant wrote, the best first; of equals the lower id.

    Where fewer than ``most`` have enough in common with it, those of its own type stand behind them.
    """
    said = "\n".join(texts)
    language = language_of(said)
    mine = {one.id: one for one in articles if one.language == language}
    corpus = Corpus(
        {key: sketch(f"{one.title}\n{one.keywords}\n{one.keywords}\n{one.body}") for key, one in mine.items()}
    )
    found = {one.key: one.likeness for one in corpus.like(sketch(said), least=LEAST)}
    found |= {key: 0.0 for key, one in sorted(mine.items()) if one.type == kind and key not in found}
    return [Fitting(mine[key], likeness, _common(said, mine[key])) for key, likeness in list(found.items())[:most]]


def _common(said: str, article: Article) -> tuple[str, ...]:
    return in_common([said, f"{article.title}\n{article.keywords}"])
