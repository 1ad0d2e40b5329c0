"""A bounded selection of the faults of the Kafka door; `make faults` runs all of them and prints the table."""

from collections.abc import Iterator, Sequence

import pytest

from faults.kafka.faults import FAULTS, Fault
from faults.kafka.site import servers, site
from faults.kafka.verdict import verdicts
from support.accounts import INVARIANTS
from support.broker import RunningBroker
from support.servers import Crashable
from support.tcp_proxy import Wire

SEED = 1
SHORT = [fault for fault in FAULTS if fault.short]


@pytest.fixture(scope="module")
def lent() -> Iterator[tuple[RunningBroker, Sequence[Wire], Crashable]]:
    with servers() as found:
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("fault", SHORT, ids=lambda fault: f"{fault.number} {fault.name}")
def test_every_offset_is_accounted_for_after(
    fault: Fault, lent: tuple[RunningBroker, Sequence[Wire], Crashable]
) -> None:
    with site(*lent, SEED, fault.topic) as here:
        fault.run(here)
        assert verdicts(here) == dict.fromkeys(INVARIANTS, "")
