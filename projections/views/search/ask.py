"""In which cases words or a code were said. Who may ask, and that it was asked, is the door's concern."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, REGCONFIG
from sqlalchemy.types import Text

from projections import sql
from projections.answers import Snapshot
from projections.views.search import rows as written
from projections.views.search.rows import LANGUAGE, VERSION, VIEW
from projections.views.search.spelling import code, plain

NAME = (VIEW, VERSION)
MOST_TERMS: Final = 12
"""Words and phrases of one search that are looked for; further ones would only narrow it."""
MOST_CODED: Final = 1_000
"""Cases that one code names; it is none if it names more."""
_TERM = re.compile(r'"([^"]+)"|(\S+)')


def coded(snapshot: Snapshot, wanted: str) -> list[UUID]:
    """Return the cases in which this very number or code was given."""
    if not code(wanted):
        return []
    texts = snapshot.on(NAME, written.TEXTS)
    query = select(texts.c.stream).distinct().where(_names(texts, wanted)).limit(MOST_CODED)
    return [row["stream"] for row in sql.fetch(snapshot.connection, query)]


def said(snapshot: Snapshot, wanted: str, stream: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions of a case in which all these words were said, by anybody and in any order.

    ``"..."`` is a phrase; one word may be a code. Words such as *the* or *и* are passed over; nothing is
    left of a search that has no other words. Each word is a condition of its own, so that PostgreSQL may begin
    with the rare ones, and walk the page and look into its cases where all are common.
    """
    texts = snapshot.on(NAME, written.TEXTS)
    terms = _telling(snapshot, [phrase or word for phrase, word in _TERM.findall(plain(wanted))][:MOST_TERMS])
    return [stream.in_(select(texts.c.stream).where(_says(texts, term))) for term in terms]


def _says(texts: Table, term: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = texts.c.words.op("@@", is_comparison=True)(_query(term))
    return or_(found, _names(texts, term)) if any(sign.isdigit() for sign in term) else found


def _names(texts: Table, wanted: str) -> ColumnElement[bool]:
    return texts.c.codes.op("@>", is_comparison=True)(cast([code(wanted)], ARRAY(Text)))


def _query(term: str) -> ColumnElement[Any]:
    return func.phraseto_tsquery(cast(LANGUAGE, REGCONFIG), term)


def _telling(snapshot: Snapshot, terms: Sequence[str]) -> list[str]:
    """Leave out the terms of which the language keeps nothing."""
    if not terms:
        return []
    counts = sql.fetch(
        snapshot.connection, select(*(func.numnode(_query(term)).label(str(n)) for n, term in enumerate(terms)))
    )[0]
    return [term for n, term in enumerate(terms) if counts[str(n)]]
