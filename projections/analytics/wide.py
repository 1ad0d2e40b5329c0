"""For each declared set of fields a view with a column for each field: ``analytics.case_fields_<set>_v<version>``.

They are an installation's own and stand in no file of the contract. A declaration of a higher version makes a view
beside the one before, so a view that stands is never changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg import sql as text

from projections.analytics import contract
from projections.analytics.contract import Published
from projections.runtime import copies
from projections.runtime.projection import Projection
from projections.sql import Link
from schemas.configuration.fields import DeclaredField, Fields

SETS: Final = "sets"
"""The table of ``case_fields`` that keeps the declarations."""
_COLUMNS: Final = {
    "code": "max(code) FILTER (WHERE field = '{0}') AS \"{0}\"",
    "number": "max(number) FILTER (WHERE field = '{0}' AND kind = 'number') AS \"{0}\"",
    "date": "max(day) FILTER (WHERE field = '{0}') AS \"{0}\"",
    "boolean": "bool_or(flag) FILTER (WHERE field = '{0}') AS \"{0}\"",
}
"""What is stored under another type than the declared one, as from before the declaration, is null."""
_FIRST: Final = (
    ("case_id", "Opaque id of the complaint, the same in all views."),
    ("business_unit", "The unit that answers for it now; rows are shown by it."),
)
_LAST: Final = (
    ("as_of_position", "Position of the log that this row speaks of."),
    ("as_of_time", "When the event at that position was recorded."),
    ("lag_seconds", "Seconds between that event and the last one of the log; 0: nothing is missing."),
)


def published(contents: Iterable[Mapping[str, Any]], views: Sequence[Projection]) -> list[Published]:
    """Return the views of these declarations; ``views`` are the two that they read."""
    found = (_published(Fields.model_validate(content), views) for content in contents)
    return [one for one in found if one is not None]


def declared(connection: Link, views: Sequence[Projection]) -> list[Published]:
    """Return the views of all sets that were ever declared; none where ``case_fields`` is not among ``views``."""
    own = next((view for view in views if view.name == "case_fields"), None)
    if own is None:
        return []
    table = next(one for one in own.tables if one.name.removeprefix("case_fields_").startswith(SETS))
    place = copies.place(copies.live(table))
    rows = connection.execute(text.SQL("SELECT content FROM {} ORDER BY id, version").format(place)).fetchall()
    return published((row[0] for row in rows), views)


def _published(declared: Fields, views: Sequence[Projection]) -> Published | None:
    """Return the view of a set; None where it declares nothing but texts."""
    open_ = [one for one in declared.fields if one.type in _COLUMNS]
    if not open_:
        return None
    inner = ", ".join(_COLUMNS[one.type].format(one.name) for one in open_)
    names = ", ".join(f'v."{one.name}"' for one in open_)
    listed = ", ".join(f"'{one.name}'" for one in open_)
    query = (
        f"SELECT k.stream AS case_id, k.business_unit, {names}, f.as_of_position, f.as_of_time, f.lag_seconds "  # noqa: S608 -- names of a pattern without quotes
        f"FROM {{cases.list}} AS k LEFT JOIN (SELECT stream, {inner} FROM {{case_fields.values}} "
        f"WHERE field IN ({listed}) GROUP BY stream) AS v ON v.stream = k.stream "
        "CROSS JOIN {freshness.case_fields} AS f WHERE k.kind = 'complaint' AND {visible k.business_unit}"
    )
    comment = f"One row per complaint: the fields of set {declared.id}, version {declared.version}, as last set."
    columns = (*_FIRST, *((one.name, _comment(one)) for one in open_), *_LAST)
    return contract.filled(f"case_fields_{declared.id}_v{declared.version}", comment, columns, query, views)


def _comment(field: DeclaredField) -> str:
    listed = f" (code list {field.code_list})" if field.code_list else ""
    return f"{field.label.en} / {field.label.ru}{listed}"
