"""``plaint knowledge``: what helps to answer, by type of complaint, and how often it did."""

import sys
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import Case, Json, case_id, note, shown, snapshot
from consumers.cli.session import in_words, read_settings, session
from consumers.wiring import knowledge
from engine.text.knowledge import Article, BadArticle
from engine.text.words import SpokenLanguage
from projections.replay.helping import suggested
from projections.views.replies import ask


def list_articles(
    *,
    type: Annotated[str | None, Parameter(help="Only for complaints of this type, such as delivery.")] = None,
    language: Annotated[SpokenLanguage | None, Parameter(help="Only in this language.")] = None,
    json: Json = False,
) -> int:
    """List the articles of the knowledge base with how often replies were written by them."""
    with session() as here, snapshot(here, ask.NAMES) as seen:
        used = {one.article: one for one in ask.usage(seen).articles}
    rows = [
        (one, used.get(one.id))
        for one in _articles()
        if type in (None, one.type) and language in (None, one.language)
    ]  # fmt: skip
    if json:
        emitted = [
            {**_data(one), "replies": found.replies if found else 0, "last_used": found.last_used if found else None}
            for one, found in rows
        ]
        output.emit_json({"articles": emitted})
        return output.OK
    columns = ("type", "article", "language", "title", "replies", "last used")
    output.table(
        columns,
        [
            (
                one.type,
                one.id,
                one.language,
                one.title,
                found.replies if found else 0,
                shown(found.last_used if found else None),
            )
            for one, found in rows
        ],
    )
    return output.OK


def suggest(
    case: Case,
    /,
    *,
    limit: Annotated[int, Parameter(help="At most so many, 1 to 20.")] = 3,
    json: Json = False,
) -> int:
    """Show the articles that fit what the complainant of a case wrote, the best first.

    Name them in the reply's ``articles``, so that their use is counted.
    """
    articles = _articles()
    with session() as here:
        stream = case_id(here, case)
        note(here, stream, "history")
        found = suggested(here.store.read.stream(stream, open=True), articles, max(1, min(limit, 20)))
    if found is None:
        output.stop(output.NOT_FOUND, f"no case '{case}'; 'plaint case list' shows the numbers")
    if json:
        output.emit_model(found)
        return output.OK
    for one in found.articles:
        because = f"; in common: {', '.join(one.common)}" if one.common else ""
        head = f"{one.article} ({one.type}, {one.likeness:.2f}{because})"
        sys.stdout.write(f"{output.harmless(head)}\n# {one.title}\n{one.body}\n\n")
    if not found.articles:
        output.say("nothing fits; 'plaint knowledge list' shows all articles")
    return output.OK


def _articles() -> list[Article]:
    with in_words():
        chosen = read_settings()
        directory = chosen.knowledge_dir
    try:
        return knowledge.articles(directory)
    except BadArticle as error:
        output.stop(output.CONFIGURATION, str(error))
    except OSError as error:
        output.stop(output.CONFIGURATION, f"{directory}: {error.strerror}; name a directory that can be read")


def _data(one: Article) -> dict[str, object]:
    return {"article": one.id, "type": one.type, "language": one.language, "title": one.title}
