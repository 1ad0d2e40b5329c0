from uuid import uuid4

import pytest

from engine.store.batch import Append, Batch, Conflict
from engine.store.store import Store
from support.examples import append, note

ANNA = uuid4()


@pytest.mark.parametrize("expected", [0, 1, 3])
def test_an_append_without_events_asks_for_the_version_of_a_stream_that_is_there_too(
    store: Store, expected: int
) -> None:
    stream = uuid4()
    store.commit(Batch(appends=(append(stream, 0, note(ANNA), note(ANNA)),)))

    with pytest.raises(Conflict) as caught:
        store.commit(Batch(appends=(Append(stream, expected, ()),)))

    assert caught.value.streams == {stream}


def test_a_conflict_that_only_an_insert_finds_names_all_that_differs(store: Store) -> None:
    """New streams are not asked for beforehand; their unique key says no, and then everything is compared."""
    taken, other = uuid4(), uuid4()
    store.commit(Batch(appends=(append(taken, 0, note(ANNA)), append(other, 0, note(ANNA)))))

    with pytest.raises(Conflict) as caught:
        store.commit(Batch(appends=(append(taken, 0, note(uuid4())), append(other, 0), append(uuid4(), 0, note(ANNA)))))

    assert caught.value.streams == {taken, other}
