"""When a hold is released, what it had kept of an erased person goes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from consumers.reactions import holds
from consumers.wiring import presets
from schemas.complaint.records import PlaceLegalHold, ReleaseLegalHold
from support.erasing import Eraser, eraser
from support.installation import derived

ANN = {"name": "Ann Example", "contacts": [{"kind": "email", "value": "ann@example.com"}]}
BROKEN = {"channel": "web_form", "system": "site", "author": ANN, "text": "My kettle is broken, I want a refund."}


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Eraser]:
    with eraser(database, tmp_path) as here:
        here.service.activate(presets.shipped(), here.around(), here.at)
        yield here


def test_what_a_hold_had_kept_goes_once_the_last_hold_is_released(desk: Eraser) -> None:
    stream, other = desk.opened(**BROKEN, id="m1"), desk.opened(**BROKEN, id="m2")
    ann = desk.author(stream)
    for case, label in ((stream, "a"), (stream, "b"), (other, "c")):
        desk.give(case, PlaceLegalHold(hold_id=derived(label), holder=label, reason="litigation"))
    desk.erased(ann)
    counts = [holds.take_up(desk.service, desk.at)]
    for label in ("a", "b"):
        desk.give(stream, ReleaseLegalHold(hold_id=derived(label), reason="settled"), by="person:eve")
        counts += [holds.take_up(desk.service, desk.at), holds.take_up(desk.service, desk.at)]

    assert counts == [0, 0, 0, 1, 0]
    assert (desk.texts(stream), desk.texts(other)) == (["erased"], ["My kettle is broken, I want a refund."])
    recorded = desk.history(ann)[-1]
    assert recorded.envelope.actor == "rule:holds"
    assert recorded.event.model_dump(mode="json", include={"reason", "streams", "left_out"}) == {
        "reason": "hold_released",
        "streams": [str(stream)],
        "left_out": [str(other)],
    }


def test_a_released_hold_erases_nobody_who_was_not_erased(desk: Eraser) -> None:
    stream = desk.opened(**BROKEN, id="m1")
    desk.give(stream, PlaceLegalHold(hold_id=derived("a"), holder="a", reason="litigation"))
    desk.give(stream, ReleaseLegalHold(hold_id=derived("a"), reason="settled"), by="person:eve")
    assert holds.take_up(desk.service, desk.at) == 0
    assert desk.texts(stream) == ["My kettle is broken, I want a refund."]
