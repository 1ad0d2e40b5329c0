"""The topics that Plaint reads and writes, as it makes them, and where those that are there differ.

Only what correctness or a dead letter stands on is compared: partitions, copies and retention of a
topic that somebody else has made are his.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

from kafka import errors
from kafka.admin import ConfigResource, ConfigResourceType

HEADROOM_OCTETS: Final = 262_144
"""What headers and a batch's own words may add to the largest key and value."""
_DAY_MS: Final = 86_400_000
_MOST_IN_SYNC: Final = 2


class Names(NamedTuple):
    """What each topic is called in this installation."""

    inbound: str = "complaints.inbound"
    commands: str = "complaints.commands"
    events: str = "complaints.events"
    notices: str = "complaints.notices"
    dead_letters: str = "complaints.dead-letters"


class Wanted(NamedTuple):
    """A topic as Plaint makes it."""

    name: str
    partitions: int
    copies: int | None
    """None: as many as the cluster makes by itself."""
    configs: Mapping[str, str]


class State(NamedTuple):
    """What became of one topic. ``differs`` names each setting that is not as Plaint needs it, and how it should be."""

    name: str
    outcome: Literal["created", "there", "missing"]
    partitions: int
    differs: Mapping[str, tuple[str, str]] = {}
    """Setting -> as it is, as it should be."""


class Administered(Protocol):
    """A cluster whose topics can be looked after: ``Broker``."""

    def administer(self, ask: Any) -> Any: ...


def wanted_topics(names: Names, *, partitions: int, copies: int | None, octets: int) -> list[Wanted]:
    """Return every topic with its settings. ``octets``: the largest key and value of a record.

    The broker's own clock stamps what comes in, since no sender may choose when a deadline starts.
    """
    size = {"max.message.bytes": str(octets + HEADROOM_OCTETS)}
    safe = {"min.insync.replicas": str(min(_MOST_IN_SYNC, copies))} if copies else {}
    incoming = {**size, **safe, "message.timestamp.type": "LogAppendTime", "retention.ms": str(14 * _DAY_MS)}
    outgoing = {**size, **safe, "retention.ms": str(7 * _DAY_MS)}
    return [
        Wanted(names.inbound, partitions, copies, incoming),
        Wanted(names.commands, partitions, copies, incoming),
        Wanted(names.events, partitions, copies, outgoing),
        Wanted(names.notices, partitions, copies, outgoing),
        Wanted(names.dead_letters, partitions, copies, {**outgoing, "retention.ms": str(30 * _DAY_MS)}),
    ]


def ensure_topics(cluster: Administered, wanted: list[Wanted], *, create: bool) -> list[State]:
    """Make the topics that are not there, unless told only to look; returns what is there now, in the same order.

    A topic that is there is never changed: its owner decides.

    Raises:
        BrokerUnavailable: the cluster does not answer, or does not let us make topics.
    """
    there = _described(cluster, wanted)
    missing = [each for each in wanted if each.name not in there]
    if create and missing:
        made = {each.name: _asked(each) for each in missing}
        cluster.administer(lambda admin: _make(admin, made))
    configs = _configs(cluster, list(there))
    return [_state(each, there, configs, create=create) for each in wanted]


def _state(
    wanted: Wanted, there: Mapping[str, int], configs: Mapping[str, Mapping[str, str]], *, create: bool
) -> State:
    if wanted.name not in there:
        return State(wanted.name, "created" if create else "missing", wanted.partitions if create else 0)
    return State(wanted.name, "there", there[wanted.name], _differences(wanted, configs[wanted.name]))


def _differences(wanted: Wanted, configs: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return what loses or hides something: another's clock, a smaller record, a policy that drops by key."""
    found: dict[str, tuple[str, str]] = {}
    clock = "message.timestamp.type"
    if clock in wanted.configs and configs[clock] != wanted.configs[clock]:
        found[clock] = (configs[clock], wanted.configs[clock])
    size = "max.message.bytes"
    if int(configs[size]) < int(wanted.configs[size]):
        found[size] = (configs[size], wanted.configs[size])
    if configs["cleanup.policy"] != "delete":
        found["cleanup.policy"] = (configs["cleanup.policy"], "delete")
    return found


def _asked(wanted: Wanted) -> dict[str, Any]:
    return {
        "num_partitions": wanted.partitions,
        "replication_factor": wanted.copies or -1,
        "configs": dict(wanted.configs),
    }


def _make(admin: Any, topics: Mapping[str, Any]) -> None:
    """Make them one by one; another process may be doing the same."""
    for name, how in topics.items():
        try:
            admin.create_topics({name: how}, wait_for_metadata=True)
        except errors.TopicAlreadyExistsError:
            continue


def _described(cluster: Administered, wanted: list[Wanted]) -> dict[str, int]:
    """Return the number of partitions of each topic that is there."""
    described = cluster.administer(lambda admin: admin.describe_topics([each.name for each in wanted]))
    return {each["name"]: len(each["partitions"]) for each in described if not each["error_code"]}


def _configs(cluster: Administered, names: list[str]) -> dict[str, dict[str, str]]:
    """Return the settings of these topics, those of the cluster where a topic has none of its own."""
    if not names:
        return {}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    found = cluster.administer(lambda admin: admin.describe_configs(asked, config_filter="all"))
    return {name: {key: str(value["value"]) for key, value in found["topic"][name].items()} for name in names}
