"""Building views in a test's database, and looking at all of their rows."""

from collections.abc import Sequence
from threading import Event as Flag
from typing import Any

from engine.store.database.pool import Pool
from projections.answers import Views
from projections.runtime import copies, versions
from projections.runtime.projection import Log, Projection
from projections.runtime.runner import Pace, Runner
from projections.views import all_views


def build(pool: Pool, log: Log, views: Sequence[Projection] | None = None, *, batch: int = 512) -> int:
    """Bring the views to the end of the log, in batches of exactly this size."""
    pace = Pace(smallest=batch, largest=batch, size=batch)
    return Runner(pool, log, views or all_views(), pace=pace).catch_up()


def drop(pool: Pool, views: Sequence[Projection] | None = None) -> None:
    """Drop the views, so that the next build makes and replays them."""
    with pool.connection() as connection:
        versions.ensure(connection, views or all_views())
        for view in views or all_views():
            versions.drop(connection, view)
        connection.execute("DELETE FROM views.activations")


def empty(pool: Pool, views: Sequence[Projection] | None = None) -> None:
    """Take all rows of the views away, so that the next build replays them: as if dropped, and far quicker."""
    chosen = views or all_views()
    with pool.connection() as connection:
        versions.ensure(connection, chosen)
        tables = [copies.of(table, copy) for view in chosen for table in view.tables for copy in (1, 2)]
        emptied = (f"DELETE FROM {table.schema}.{table.name}" for table in tables)
        connection.execute("; ".join(emptied).encode())
        names = [view.name for view in chosen]
        for statement in (
            "UPDATE views.pointers SET copy = 1 WHERE view = ANY(%s)",
            "DELETE FROM views.stuck WHERE view = ANY(%s)",
            "DELETE FROM views.positions WHERE view = ANY(%s) AND copy = 2",
            "UPDATE views.positions SET position = 0, recorded_at = NULL, incarnation = NULL WHERE view = ANY(%s)",
        ):
            connection.execute(statement.encode(), (names,))
        connection.execute("DELETE FROM views.activations")


def rows(pool: Pool, views: Sequence[Projection] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of these views, in an order of their own."""
    with pool.connection() as connection:
        return {
            table.name: sorted(connection.execute(f"SELECT * FROM {table.schema}.{table.name}").fetchall(), key=repr)
            for view in views or all_views()
            for table in view.tables
        }


def positions(pool: Pool) -> dict[str, int]:
    with pool.connection() as connection:
        return dict(connection.execute("SELECT view, position FROM views.positions ORDER BY view").fetchall())


def asking(pool: Pool, patience: float = 0.2) -> Views:
    return Views(pool, pause=Flag().wait, patience=patience)
