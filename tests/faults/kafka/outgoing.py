"""Faults of the topic of dead letters: missing, closed, its broker down. Rows stay pending, and reading goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka.admin import ACL, ACLFilter, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from faults.kafka.fault import SOME, fault
from faults.kafka.site import PARTITIONS, Process, Site

ALARM = "dead_letters_not_relayed"


@fault(17, "the topic of dead letters is missing, then it is made", short=True)
def _(site: Site) -> None:
    publisher = _publisher(site)
    _pending(site, publisher)
    site.make_letters()
    _goes_out(site)


@fault(17, "nobody may write to the topic of dead letters, then we may")
def _(site: Site) -> None:
    site.make_letters()
    with _forbidden(site):
        publisher = _publisher(site)
        _pending(site, publisher)
    _goes_out(site)


@fault(17, "the broker is down while dead letters wait for the relay")
def _(site: Site) -> None:
    site.make_letters()
    publisher = _publisher(site)
    site.wait("the publisher is at work", lambda: publisher.at_work)
    publisher.freeze()
    site.start()
    _some(site)
    site.wait("all is read", lambda: site.lag() == 0)
    site.broker.kill(1)
    publisher.thaw()
    time.sleep(5)
    if not _waiting(site):
        site.wrong.append("G7: no dead letter waits, and the broker is down")
    site.broker.start(1)
    _goes_out(site)
    if not publisher.running:
        site.wrong.append("G6: the publisher did not survive the broker")


def _publisher(site: Site) -> Process:
    topics = {name: site.broker.new_topic(name=name) for name in ("events", "notices")}
    return site.start("publish", **{f"PLAINT_KAFKA_{name.upper()}": topic for name, topic in topics.items()})


def _some(site: Site) -> None:
    for _ in range(3):
        site.produce(SOME // 6)
        site.put([(site.random.randrange(PARTITIONS), site.name(), b"nothing") for _ in range(4)], kind="garbage")


def _waiting(site: Site) -> int:
    return len(site.store.set_aside.unrelayed(limit=100_000))


def _pending(site: Site, publisher: Process) -> None:
    """Consumption goes on, the rows stay, and the log says so."""
    site.start()
    _some(site)
    site.wait("all is read although no dead letter goes out", lambda: site.lag() == 0)
    site.wait("an alarm", lambda: ALARM in publisher.said)
    dead = len(site.store.set_aside.listed("dead_letter", limit=100_000))
    if not dead or _waiting(site) != dead:
        site.wrong.append(f"G7: {dead} dead letters, and {_waiting(site)} of them wait")


def _goes_out(site: Site) -> None:
    site.wait("all dead letters are relayed", lambda: _waiting(site) == 0)


@contextmanager
def _forbidden(site: Site) -> Iterator[None]:
    pattern = ResourcePattern(ResourceType.TOPIC, site.letters)
    rule = ("User:ANONYMOUS", "*", ACLOperation.WRITE, ACLPermissionType.DENY)
    with site.broker.admin() as admin:
        admin.create_acls([ACL(*rule, pattern)])
    try:
        yield
    finally:
        with site.broker.admin() as admin:
            admin.delete_acls([ACLFilter(*rule, pattern)])
