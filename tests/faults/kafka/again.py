"""G5: the topic read from its beginning into an empty database gives the same history and the same rows.

The empty database gets the key of the fingerprints, from which ids derive, and nothing else. Equal to
the octet is what follows from the records. Two things do not: the place of an event in the log, since
partitions are read in whatever order the broker answers, and the instants of the reading itself.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from engine.store.store import Store
from faults.kafka.inside import Inside, inside, within
from faults.kafka.site import Site
from schemas.envelope import KafkaSource
from support import accounts, views
from support.accounts import Place
from support.broker import unique
from support.postgres import ensure_template, fresh_database

_SECONDS = 90.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_THE_LOG = {"audit_trail_entries_v2": 0, "audit_trail_subjects_v2": 1, "search_texts_v1": 0}
"""Column of a table that is the position in the log."""
_REQUEST = "request"
"""In place of a source: the start of the program has caused it, as the shipped configuration."""
_READING = {"attempts", "first_failed_at", "last_failed_at", "consumer_group", "engine_version"}
"""What a dead letter tells of its reading."""
History = dict[str, list[str]]


def views_again(site: Site) -> str:
    """Return what differs where all views are dropped and built from the log in batches of another size."""
    built = []
    for batch in (512, 61):
        views.drop(site.pool)
        views.build(site.pool, site.store.read, batch=batch)
        built.append(views.rows(site.pool))
    return _differing("views rebuilt from the log", *built)


def topic_again(site: Site) -> str:
    """Return what differs where the topic is read from its beginning into an empty database."""
    if site.again == "no" or not site.sent:
        return ""
    template = ensure_template(site.server.maintenance)
    with fresh_database(site.server.maintenance, template=template) as database:
        _same_fingerprints(site, database)
        place = site.place / "again"
        with inside(site, database, PLAINT_DATA_DIR=str(place), PLAINT_KAFKA_GROUP=unique("again")) as second:
            return _read(second) or _compared(site, second)


def _same_fingerprints(site: Site, database: str) -> None:
    columns = "purpose, period, key_id, master_id, wrapped"
    with site.pool.connection() as mine, psycopg.connect(database) as other:
        query = f"SELECT {columns} FROM plaint_keys.service_keys WHERE purpose = 'fingerprint'"
        for row in mine.execute(query.encode()).fetchall():
            other.execute(f"INSERT INTO plaint_keys.service_keys ({columns}) VALUES (%s, %s, %s, %s, %s)".encode(), row)


def _read(second: Inside) -> str:
    member = second.member()
    try:
        return "" if within(member, lambda: not second.behind(), _SECONDS) else "the topic is not read again in time"
    finally:
        member.close()


def _compared(site: Site, second: Inside) -> str:
    other = second.here.store
    letters = _letters(site.store, site), _letters(other, site)
    histories = _history(site.store, site, site.after), _history(other, site, 0)
    if wrong := _differing("dead letters read again", *letters) or _differing("streams read again", *histories):
        return wrong
    if site.again != "rows":
        return ""
    views.build(second.here.pool, other.read)
    mine, theirs = views.rows(site.pool), views.rows(second.here.pool)
    window = site.began - timedelta(seconds=5), datetime.now(UTC) + timedelta(seconds=5)
    plain = [
        {table: _rows(table, found, window, site.stamps) for table, found in rows.items()} for rows in (mine, theirs)
    ]
    return _differing("views of the topic read again", *plain)


def _letters(store: Store, site: Site) -> dict[Place, object]:
    letters = accounts.letters(store, site.topic)
    return {place: letter.model_dump(exclude=_READING) for place, letter in letters if site.still_there(place)}


def _history(store: Store, site: Site, after: int) -> History:
    """Return by stream the names of its events, as far as they are of records that the topic still has."""
    found: History = {}
    gone = set()
    for one in accounts.effects(store, site.topic, after).events:
        source = one.envelope.source
        if one.position > after and isinstance(source, KafkaSource):
            found.setdefault(str(one.stream), []).append(one.name)
            if not site.still_there((source.partition, source.offset)):
                gone.add(str(one.stream))
    return {stream: names for stream, names in found.items() if stream not in gone}


def _rows(
    table: str, found: Sequence[tuple[Any, ...]], window: tuple[datetime, datetime], stamps: set[datetime]
) -> list[list[Any]]:
    """Return a table without places in the log, instants of the reading, and what no record has caused."""
    of_the_log = _OF_THE_LOG.get(table)
    plain = [
        [_plain(value, window, stamps) for number, value in enumerate(row) if number != of_the_log] for row in found
    ]
    return sorted((row for row in plain if _REQUEST not in row), key=repr)


def _plain(value: Any, window: tuple[datetime, datetime], stamps: set[datetime]) -> Any:
    """Return a value without the instants of the reading: those in its time that no record has."""
    if isinstance(value, dict):
        if value.get("kind") == "request":
            return _REQUEST
        return {name: _plain(each, window, stamps) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, window, stamps) for each in value]
    if isinstance(value, int) and value > 10**15:
        return _plain(_EPOCH + timedelta(microseconds=value), window, stamps)
    if isinstance(value, datetime) and window[0] <= value <= window[1] and value not in stamps:
        return "then"
    return value


def _differing(what: str, one: Mapping[Any, Any], other: Mapping[Any, Any]) -> str:
    if one == other:
        return ""
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return f"{what} are others: {len(keys)} differ, such as {_shown(keys[0])}{_first(one, other, keys[0])}"


def _first(one: Mapping[Any, Any], other: Mapping[Any, Any], key: Any) -> str:
    """Return how the first unequal items differ, in short."""
    mine, theirs = one.get(key), other.get(key)
    if isinstance(mine, list) and isinstance(theirs, list):
        for left, right in zip(mine, theirs, strict=False):
            if left != right:
                return f": {_shown(left)} / {_shown(right)}"
        return f": {len(mine)} / {len(theirs)}"
    return f": {_shown(mine)} / {_shown(theirs)}"


def _shown(value: Any) -> str:
    return repr(value)[:400]
