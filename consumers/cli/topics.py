"""``plaint topics``: the topics of this installation in Kafka, as Plaint needs them."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from consumers.cli import output
from consumers.cli.session import in_words, read_settings
from consumers.kafka.topics import State, ensure_topics, wanted_topics
from consumers.wiring.broker import broker_of, topics_of

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
_COLUMNS = ("topic", "state", "partitions", "differs")


def create(
    *,
    partitions: Annotated[
        int, Parameter(help="Of each topic that is made; more than processes ever consume.", validator=Number(gte=1))
    ] = 6,
    copies: Annotated[
        int | None, Parameter(help="Of each partition; absent: the cluster's own number.", validator=Number(gte=1))
    ] = None,
    json: Json = False,
) -> int:
    """Make the topics that are not there; one that is there is never changed.

    ``complaints.inbound`` and ``complaints.commands`` get the broker's own clock
    (message.timestamp.type=LogAppendTime), so that no sender chooses when a deadline starts. Exits
    with 1 where a topic that was there is not as it should be.
    """
    return _told(_states(partitions, copies, create=True), json=json)


def check(*, json: Json = False) -> int:
    """Show which topics are there and where they differ from what Plaint needs; changes nothing.

    Exits with 1 where one is missing or differs.
    """
    return _told(_states(1, None, create=False), json=json)


def _states(partitions: int, copies: int | None, *, create: bool) -> list[State]:
    settings = read_settings()
    wanted = wanted_topics(topics_of(settings), partitions=partitions, copies=copies, octets=settings.kafka_max_octets)
    with in_words():
        broker = broker_of(settings)
        try:
            return ensure_topics(broker, wanted, create=create)
        finally:
            broker.close()


def _told(states: Sequence[State], *, json: bool) -> int:
    if json:
        output.emit_json({"topics": [_row(state) for state in states]})
    else:
        output.table(_COLUMNS, [[state.name, state.outcome, str(state.partitions), _words(state)] for state in states])
    wrong = any(state.differs or state.outcome == "missing" for state in states)
    return output.SOME_REJECTED if wrong else output.OK


def _row(state: State) -> dict[str, Any]:
    differs = {name: {"is": found, "should_be": wanted} for name, (found, wanted) in state.differs.items()}
    return {"topic": state.name, "state": state.outcome, "partitions": state.partitions, "differs": differs}


def _words(state: State) -> str:
    return "; ".join(f"{name} is {found}, should be {wanted}" for name, (found, wanted) in state.differs.items())
