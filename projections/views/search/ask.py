"""In which cases words or a code were said. Who may ask, and that it was asked, is the door's concern."""

import re
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, cast, func, intersect, or_, select, union
from sqlalchemy.dialects.postgresql import ARRAY, REGCONFIG
from sqlalchemy.sql.selectable import CompoundSelect
from sqlalchemy.types import Text

from projections import sql
from projections.answers import Snapshot
from projections.views.search import rows as written
from projections.views.search.rows import LANGUAGE, VERSION, VIEW
from projections.views.search.spelling import code, plain

NAME = (VIEW, VERSION)
MOST_TERMS: Final = 12
"""Words and phrases of one search that are looked for; further ones would only narrow it."""
_TERM = re.compile(r'"([^"]+)"|(\S+)')

Streams = Select[Any] | CompoundSelect[Any]
"""A query of the ids of cases."""


def matching(snapshot: Snapshot, wanted: str) -> Streams:
    """Return the query of the cases in which all of these words were said, by anybody and in any order.

    ``"..."`` is a phrase. A serial number, order, reference or contact is found however it is
    spaced, and as the whole search or as one word of it. Words such as *the* or *и* are passed over.
    """
    texts = snapshot.on(NAME, written.TEXTS)
    whole = coded(snapshot, wanted)
    terms = _telling(snapshot, [phrase or word for phrase, word in _TERM.findall(plain(wanted))][:MOST_TERMS])
    if not terms:
        return whole
    said = [select(texts.c.stream).where(_says(texts, term)) for term in terms]
    return union(said[0] if len(said) == 1 else intersect(*said), whole)


def coded(snapshot: Snapshot, wanted: str) -> Select[Any]:
    """Return the query of the cases in which this very number or code was given."""
    texts = snapshot.on(NAME, written.TEXTS)
    return select(texts.c.stream).where(_names(texts, wanted))


def _says(texts: Table, term: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = texts.c.words.op("@@", is_comparison=True)(_query(term))
    return or_(found, _names(texts, term)) if code(term) else found


def _names(texts: Table, wanted: str) -> ColumnElement[bool]:
    return texts.c.codes.op("@>", is_comparison=True)(cast([code(wanted)], ARRAY(Text)))


def _query(term: str) -> ColumnElement[Any]:
    return func.phraseto_tsquery(cast(LANGUAGE, REGCONFIG), term)


def _telling(snapshot: Snapshot, terms: list[str]) -> list[str]:
    """Leave out the terms of which the language keeps nothing."""
    if not terms:
        return []
    counts = sql.fetch(
        snapshot.connection, select(*(func.numnode(_query(term)).label(str(n)) for n, term in enumerate(terms)))
    )[0]
    return [term for n, term in enumerate(terms) if counts[str(n)]]
