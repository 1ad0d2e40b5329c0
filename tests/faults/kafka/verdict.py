"""What holds of a site after its fault: the invariants of the fault matrix, each by its own question."""

from collections.abc import Callable

from faults.kafka.again import topic_again, views_again
from faults.kafka.letters import relayed
from faults.kafka.site import Site
from support.accounts import INVARIANTS

QUESTIONS: tuple[tuple[str, Callable[[Site], str]], ...] = (
    ("G5", views_again),
    ("G5", topic_again),
    ("G7", relayed),
)
"""What is asked beside the accounts."""


def verdicts(site: Site) -> dict[str, str]:
    """Heal, wait until nothing is left, and return what is wrong by invariant; an empty text where it holds."""
    site.settle()
    told = [*site.accounts().items(), *((name, ask(site)) for name, ask in QUESTIONS)]
    told += [(name, what) for name, _, what in (text.partition(": ") for text in site.wrong)]
    found: dict[str, list[str]] = {name: [] for name in INVARIANTS}
    for name, what in told:
        if what:
            found[name].append(what)
    return {name: "; ".join(texts) for name, texts in found.items()}
