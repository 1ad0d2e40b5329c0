"""All faults, and by number of the fault matrix what of a row this machine cannot produce."""

from typing import Final

from faults.kafka import brokers, database, messages, ours, outgoing
from faults.kafka.fault import FAULTS, Fault

MODULES: Final = (ours, database, brokers, messages, outgoing)
"""Where the faults are; importing them puts them into the table."""
NOT_PRODUCED: Final = {
    4: "failover to a standby: there is one server; what a client sees of it, a crash and a refusal, is here",
    6: "a broker's full disk: Kafka ends itself then, which is 3; SQLite is not used",
    9: "a leap second: no clock of this machine's kind shows one",
    10: "eager rebalancing: the consumer has no such mode; cooperative it is",
    24: "an older release beside a newer one: there is one; tests/faults/test_rolling_deploy.py makes another up",
}
"""What of a row could not be produced here, by number, and why."""

__all__ = ["FAULTS", "MODULES", "NOT_PRODUCED", "Fault"]
