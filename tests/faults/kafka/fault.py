"""What a fault is: one row of the fault matrix, which disturbs a site at its seed and returns; the site judges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from faults.kafka.site import Site

SOME: Final = 300
"""Messages before, and again during a disturbance."""
STATIC: Final = {"PLAINT_KAFKA_INSTANCE": "only"}
"""A member that keeps its place: whoever is started in its stead need not wait until it is given up."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the matrix. ``short`` ones are run by the main suite too."""

    number: int
    name: str
    run: Callable[[Site], None]
    nodes: int = 1
    short: bool = False
    topic: Mapping[str, str] = field(default_factory=dict)
    """What its topic is told beyond the usual: ``retention_ms`` stands for ``retention.ms``."""
    hindered: Callable[[], str] = lambda: ""
    """Why this machine cannot produce it; empty where it can."""


FAULTS: list[Fault] = []


def fault(
    number: int,
    name: str,
    *,
    nodes: int = 1,
    short: bool = False,
    topic: Mapping[str, str] | None = None,
    hindered: Callable[[], str] = lambda: "",
) -> Callable[[Callable[[Site], None]], None]:
    """Put a fault into the table."""

    def put(run: Callable[[Site], None]) -> None:
        FAULTS.append(Fault(number, name, run, nodes, short, topic or {}, hindered))

    return put
