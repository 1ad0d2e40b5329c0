"""A day in the mesh, part by part. Each part says what must hold, does it, and returns what it measured.

Parts build on those before them and run in order; what one leaves to a later one is in ``Site.words``.
"""

import statistics
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, Final, Self
from uuid import NAMESPACE_OID, uuid5

import httpx
import orjson
from kafka import KafkaProducer

from journeys.mesh.envoy import edge
from journeys.mesh.lossy import How, Losses, lossy
from journeys.mesh.site import (
    DOORS,
    OTHERS,
    SECRET,
    START_SECONDS,
    WORKLOADS,
    Process,
    Site,
    wait_for,
    words,
)
from support.issuer import Issuer
from support.mail_server import free_port
from support.topics import read_topic

CANARY: Final = "Ada Lovelace-4711"
TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
_MEANT: Final = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@dataclass(frozen=True)
class Part:
    """One line of the table."""

    name: str
    do: Callable[[Site], str]
    long: bool = False
    """It takes longer than a few seconds."""


def message(id: str, text: str = "It leaks since the first day. I demand my money back.") -> dict[str, Any]:
    author = {"name": CANARY, "contacts": [{"kind": "email", "value": "ada@customers.test"}]}
    return {"channel": "web_form", "id": id, "author": author, "subject": "My kettle leaks", "text": text}


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a problem."""
    assert answer.headers.get("content-type", "").startswith("application/problem+json"), answer.text
    return answer.status_code, answer.json()["code"]


def give(client: httpx.Client, stream: str, command: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/complaints/{stream}/{command}", json={"fields": fields}, headers=named)


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code in (200, 202), (answer.status_code, answer.text)
    found: dict[str, Any] = answer.json()
    return found


# --- who is heard ---------------------------------------------------------------------------


def without_papers(here: Site) -> str:
    with here.caller(None) as nobody:
        try:
            answer = nobody.get("/v1/cases")
        except httpx.TransportError as error:
            return type(error).__name__
    raise AssertionError(f"who has no certificate was answered with {answer.status_code}")


def unnamed(here: Site) -> str:
    with here.caller("unnamed") as other:
        assert code(other.post("/v1/messages", json=message("unnamed"))) == (403, "edge")
    return "403 by the mesh"


def without_a_role(here: Site) -> str:
    with here.caller("stranger") as stranger:
        for answer in (stranger.post("/v1/messages", json=message("stranger")), stranger.get("/v1/cases")):
            assert code(answer) == (403, "right_missing")
    return "403 by Plaint"


def messages(here: Site) -> str:
    took: list[float] = []
    with here.caller("gateway") as shop:
        for number in range(20):
            began = time.monotonic()
            answer = shop.post("/v1/messages", json=message(f"shop-{number}"), headers=_MEANT if not number else {})
            took.append(time.monotonic() - began)
            taken = done(answer)
            assert taken["opened"]
            here.words.setdefault("streams", []).append(taken["stream"])
            here.words["position"] = taken["position"]
        assert code(shop.get("/v1/cases")) == (403, "right_missing")
    return f"20 messages, p50 {statistics.median(took) * 1000:.0f} ms; the shop sees no case"


def from_kafka(here: Site) -> str:
    producer = KafkaProducer(bootstrap_servers=here.broker.inside.split(","), acks="all")
    for number in range(10):
        told = {"channel": "chat", "system": "mesh", "id": f"k-{number}", "text": "The lamp broke, a refund please!"}
        producer.send(here.settings["PLAINT_KAFKA_INBOUND"], key=f"k-{number}".encode(), value=orjson.dumps(told))
    producer.flush(30)
    producer.close(10)
    with here.caller("desk") as desk:
        wait_for("all are cases", lambda: desk.get("/v1/funnel").json().get("received") == 30)
    return "10 messages became cases"


# --- people ---------------------------------------------------------------------------------


def a_case(here: Site) -> str:
    stream = here.words["streams"][0]
    ann, bob = here.token("ann", "handler", name="Ann Example"), here.token("bob", "lead", name="Bob Example")
    with here.caller("desk") as desk:
        done(give(desk, stream, "assign", {"team": "kettles"}, **ann))
        amount = {"amount": "900.00", "currency": "EUR"}
        remedy = str(uuid5(NAMESPACE_OID, stream))
        wish = {"remedy_id": remedy, "form": "refund", "ground": "fault", "head": "price", "amount": amount}
        done(give(desk, stream, "propose-remedy", wish, **ann))
        approval = {"remedy_id": remedy}
        own = code(give(desk, stream, "approve-remedy", approval, **ann))
        assert own == (403, "right_missing"), own
        done(give(desk, stream, "approve-remedy", approval, **bob))
        reply = {
            "channel": "email",
            "to": "ada@customers.test",
            "final": True,
            "body": "Hello, we are sorry. We refund the price.",
            "apology": True,
            "queued": {},
        }
        done(give(desk, stream, "reply", reply, **ann))
        done(give(desk, stream, "resolve", {"outcome": "upheld"}, **ann))
        closed = done(give(desk, stream, "close", {"reason": "decision"}, **bob))
        here.words["position"] = closed["position"]
    return f"assigned, approved by a second person, answered, closed: version {closed['version']}"


def who_did_it(here: Site) -> str:
    stream = here.words["streams"][0]
    auditor = here.token("eve", "auditor")
    with here.caller("desk") as desk:
        trail = done(desk.get(f"/v1/cases/{stream}/trail", headers=auditor))
        texts = f"/v1/cases/{stream}?texts=true"
        assert "It leaks since" in desk.get(texts, headers=auditor).text
        analyst = code(desk.get(texts, headers=here.token("joe", "analyst")))
        assert analyst[0] == 403, analyst
    entries = trail["entries"]
    how = {entry["actor"].partition(":")[0]: entry["identity"] for entry in entries if entry["actor"][:5] != "rule:"}
    assert how == {"service": "workload", "person": "token"}, how
    people = {entry["actor"] for entry in entries if entry["actor"].startswith("person:")}
    assert len(people) == 2
    return f"{len(entries)} entries; two verified persons, the shop a workload; an analyst reads no text"


# --- who pretends ---------------------------------------------------------------------------


def pretended(here: Site) -> str:
    desk = shown("desk")
    lies: list[dict[str, str]] = [
        {"X-Forwarded-Client-Cert": desk},
        {"X-Forwarded-Client-Cert": f'{desk},URI="'},
        {"X-Forwarded-Client-Cert": desk, "Plaint-Person": "bob", "plaint-proxy-secret": "guessed"},
        {"l5d-client-id": "desk.support.serviceaccount.identity.linkerd.cluster.local", "X-User": "bob"},
        {"Plaint-Person": "bob"},
    ]
    with here.caller("gateway") as shop:
        for lie in lies:
            assert code(shop.get("/v1/cases", headers=lie))[0] == 403, lie
        assert shop.get("/v1/cases", headers={"plaint_proxy_secret": SECRET}).status_code in (400, 403)
    past = 0
    with httpx.Client(base_url=f"http://127.0.0.1:{here.processes[DOORS[0]].http}", timeout=10) as direct:
        for lie in ({}, *lies, {"X-Forwarded-Client-Cert": desk, "plaint-proxy-secret": "guessed"}):
            for answer in (
                direct.get("/v1/cases", headers=lie),
                direct.post("/v1/messages", json=message("x"), headers=lie),
            ):
                assert answer.status_code in (401, 403), (lie, answer.status_code, answer.text)
                past += 1
    return f"{len(lies) + 1} lies through the mesh, {past} past it: all refused"


def shown(workload: str) -> str:
    """Return what a proxy would write of a workload's certificate."""
    return f'By=spiffe://mesh.test/x;Hash={"0" * 64};Subject="CN={workload}";URI={WORKLOADS[workload]}'


def forged(here: Site) -> str:
    other = Issuer()
    now = datetime.now(UTC)
    tokens = {
        "of another issuer's key": other.token(now, "bob", "lead"),
        "for another audience": here.issuer.token(now, "bob", "lead", aud="else"),
        "of yesterday": here.issuer.token(now, "bob", "lead", exp=int(now.timestamp()) - 86_400),
        "cut": here.issuer.token(now, "bob", "lead")[:-3],
    }
    with here.caller("desk") as desk:
        for what, token in tokens.items():
            answer = desk.get("/v1/cases", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, (what, answer.status_code)
            assert token not in answer.text
    return f"{len(tokens)} tokens: 401"


AROUND: Final = (
    "//metrics", "/v1/../metrics", "/v1//../../metrics", "/v1/%2e%2e/metrics", "/v1/%252e%252e/metrics",
    "/v1/..%2fmetrics", "/v1%2f..%2fmetrics", "/v1/..%5cmetrics", "/v1/..\\metrics", "/v1/..;/metrics",
)  # fmt: skip
"""Ways to what the mesh does not open, by paths that begin as those which it opens or that readers read apart."""


def crooked(here: Site) -> str:
    with here.caller("gateway") as shop:
        assert code(shop.get("/metrics")) == (403, "edge")
        assert code(shop.get("/v1/cases")) == (403, "right_missing")
    door, passed_on = here.doors()[0].http, {"plaint-proxy-secret": SECRET, "X-Forwarded-Client-Cert": shown("gateway")}
    for path in AROUND:
        through = HTTPSConnection("127.0.0.1", here.edge.port, timeout=10, context=here.context("gateway"))
        status, said = raw(through, path)
        assert (status in (400, 403, 404), b"plaint_" in said) == (True, False), (path, status, said)
        status, said = raw(HTTPConnection("127.0.0.1", door, timeout=10), path, **passed_on)
        assert (status, orjson.loads(said)["code"]) == (404, "not_found"), (path, "where a proxy did not look", said)
    for path in ("//v1//cases", "/v1/./cases", "/v1/x/../cases"):
        through = HTTPSConnection("127.0.0.1", here.edge.port, timeout=10, context=here.context("gateway"))
        status, said = raw(through, path)
        assert (status, orjson.loads(said)["code"]) == (403, "right_missing"), (path, "as it is without a detour")
    return f"{len(AROUND)} ways around lead nowhere, nor where a proxy passes them on as they are"


def raw(connection: HTTPConnection, path: str, **headers: str) -> tuple[int, bytes]:
    """Ask for a path as it stands: clients put one in order before they send it."""
    try:
        connection.request("GET", path, headers={"Host": "plaint.mesh.test", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


# --- once, and in order ---------------------------------------------------------------------


def again(here: Site) -> str:
    stream = here.words["streams"][1]
    ann = here.token("ann", "handler")
    with here.caller("desk") as desk:
        note = {"note": "She called."}
        first = give(desk, stream, "add-note", note, **ann, Idempotency_Key="note-1")
        second = give(desk, stream, "add-note", note, **ann, Idempotency_Key="note-1")
        assert done(first)["version"] == done(second)["version"]
        other = give(desk, stream, "add-note", {"note": "He wrote."}, **ann, Idempotency_Key="note-1")
        assert code(other) == (422, "command_reused")
        stale = give(desk, stream, "add-note", {"note": "Late."}, **ann, If_Match='"1"')
        assert code(stale) == (412, "stale_version")
    return "once; 422 with another content; 412 for what has moved on"


def lost_answers(here: Site) -> str:
    stream = here.words["streams"][2]
    ann = here.token("ann", "handler")
    losses, told = Losses(), []
    with ExitStack() as stack:
        first, second = (stack.enter_context(lossy(door.http, losses)) for door in here.doors())
        names = words(here.authority, first, second)
        front = stack.enter_context(edge(here.place, free_port(), free_port(), **names))
        wait_for("the second Envoy sends to both", lambda: front.healthy() == 2)
        desk = stack.enter_context(here.caller("desk", front.address))
        hows: tuple[How, ...] = ("503", "cut")
        for number, how in enumerate(hows):
            before = version_of(desk, stream, ann)
            losses.lose(how)
            command = {"note": f"Lost {how}."}
            same_again(losses, give(desk, stream, "add-note", command, **ann, Idempotency_Key=f"lost-{number}"))
            assert version_of(desk, stream, ann) == before + 1
            losses.lose(how)
            taken = same_again(losses, desk.post("/v1/messages", json=message(f"lost-{number}"), headers=ann))
            assert taken["opened"]
            told.append(how)
    return f"lost by {' and by '.join(told)}: one event, two equal answers"


def same_again(losses: Losses, answer: httpx.Response) -> dict[str, Any]:
    """Check that Envoy asked twice and was told the same twice; return what the caller was told."""
    assert losses.attempts == ["1", "2"], losses.attempts
    one, two = losses.answers
    assert one == two, (one, two)
    assert (answer.headers["Idempotency-Replayed"], answer.content) == ("true", two[2])
    return done(answer)


def version_of(client: httpx.Client, stream: str, person: dict[str, str]) -> int:
    tag = client.get(f"/v1/cases/{stream}", headers=person).headers["ETag"]
    return int(tag.strip('W/"'))


def traced(here: Site) -> str:
    stream = here.words["streams"][0]
    published = wait_for(
        "its events are published",
        lambda: [one for one in records(here, "EVENTS") if one.headers.get("ce_subject", b"").decode() == stream],
    )
    of_trace = [one for one in published if TRACE in one.headers.get("traceparent", b"").decode()]
    assert of_trace, [one.headers.get("traceparent") for one in published]
    logged = [
        line for line in here.said().splitlines() if f'"trace_id": "{TRACE}"' in line or f'"trace_id":"{TRACE}"' in line
    ]
    assert logged, "no log line has the trace of the request"
    return f"one trace: request, {len(of_trace)} published events, {len(logged)} log lines"


def records(here: Site, topic: str) -> list[Any]:
    return list(read_topic(here.broker.inside, here.settings[f"PLAINT_KAFKA_{topic}"]))


# --- what happens to servers ----------------------------------------------------------------


class Load:
    """Callers that hand in message after message through the mesh, none of them twice."""

    def __init__(self, here: Site, name: str, callers: int = 3) -> None:
        self._here, self._name = here, name
        self._enough = threading.Event()
        self.streams: dict[str, str] = {}
        self.failed: list[str] = []
        self.took: list[float] = []
        self._threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(callers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(60)

    def _send(self, caller: int) -> None:
        number = 0
        with self._here.caller("gateway") as shop:
            while not self._enough.wait(0.03):
                name, began = f"{self._name}-{caller}-{number}", time.monotonic()
                number += 1
                try:
                    answer = shop.post("/v1/messages", json=message(name))
                except httpx.HTTPError as error:
                    self.failed.append(f"{name}: {error!r}")
                    continue
                self.took.append(time.monotonic() - began)
                if answer.status_code == 202:
                    self.streams[name] = answer.json()["stream"]
                else:
                    self.failed.append(f"{name}: {answer.status_code} {answer.text[:300]}")


def restarted(here: Site, name: str) -> Process:
    """End a process in order and start it again; it may not be ready yet."""
    process = here.processes[name]
    code = process.stop()
    assert code == 0, (name, code, process.log.read_text("utf-8")[-2_000:])
    process.start()
    return process


def rolled(here: Site) -> str:
    """Restart everything while messages come in, the doors one after the other."""
    with here.caller("desk") as desk:
        before = desk.get("/v1/funnel").json()["received"]
    with Load(here, "rolled") as load:
        for name in DOORS:
            restarted(here, name).wait(seconds=START_SECONDS)
            wait_for("both doors are used", lambda: here.edge.healthy() == len(DOORS))
        for process in [restarted(here, name) for name in OTHERS]:
            process.wait(seconds=START_SECONDS)
        time.sleep(0.5)
    assert load.failed == [], load.failed[:5]
    assert len(set(load.streams.values())) == len(load.streams)
    expected = before + len(load.streams)
    with here.caller("desk") as desk:
        wait_for(f"{expected} cases", lambda: desk.get("/v1/funnel").json().get("received") == expected)
    retried = here.edge.figure(r"cluster\.plaint\.upstream_rq_retry")
    worst = max(load.took) * 1000
    return (
        f"{len(load.streams)} requests, 0 failed, {len(load.streams)} cases; {retried} retries, slowest {worst:.0f} ms"
    )


def database_gone(here: Site) -> str:
    pids = {name: process.pid for name, process in here.processes.items()}
    here.server.stop_immediately()
    try:
        said = [process.wait("readyz", 503) for process in here.processes.values()]
        assert {name: process.probe("livez")[0] for name, process in here.processes.items()} == dict.fromkeys(pids, 200)
        reasons = [orjson.loads(process.probe("readyz")[1])["reason"] for process in here.doors()]
        assert all(reasons), reasons
        with here.caller("gateway") as shop:
            assert shop.post("/v1/messages", json=message("while-away")).status_code == 503
    finally:
        here.server.start()
    back = [process.wait("readyz", 200) for process in here.processes.values()]
    wait_for("Envoy sends to both doors", lambda: here.edge.healthy() == len(DOORS))
    with here.caller("gateway") as shop:
        assert done(shop.post("/v1/messages", json=message("while-away")))["opened"]
    assert {name: process.pid for name, process in here.processes.items()} == pids
    return f"not ready within {max(said):.1f} s, all alive, ready {max(back):.1f} s after it is back, no restart"


# --- what goes out --------------------------------------------------------------------------


def told(here: Site) -> str:
    wait_for("the answer is mailed", lambda: any("refund the price" in text(mail) for mail in here.room.mails))
    answered = [mail for mail in here.room.mails if "refund the price" in text(mail)]
    assert len(answered) == 1
    wait_for("every event is published", lambda: published_through(here))
    ids = [one.id for one in records(here, "EVENTS")]
    return (
        f"{len(here.room.mails)} mails; {len(set(ids))} events in Kafka, {len(ids) - len(set(ids))} of them sent again"
    )


def text(mail: EmailMessage) -> str:
    """Return the body that a person reads."""
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content())


def published_through(here: Site) -> bool:
    """Whether each complaint of the shop is in the topic."""
    subjects = {one.headers.get("ce_subject", b"").decode() for one in records(here, "EVENTS")}
    return set(here.words["streams"]) <= subjects


def ended(here: Site) -> str:
    took = []
    for process in here.processes.values():
        began = time.monotonic()
        code = process.stop()
        took.append(time.monotonic() - began)
        assert code == 0, (process.name, code, process.log.read_text("utf-8")[-2_000:])
    said = here.said()
    for word in (CANARY, "ada@customers.test", "It leaks since", "Ann Example", SECRET):
        assert word not in said, word
    return f"{len(took)} processes ended with 0, the slowest in {max(took):.1f} s; no personal data in their logs"


DAY: Final = (
    Part("who has no certificate is not heard", without_papers),
    Part("whom the mesh does not name is turned away by it", unnamed),
    Part("a workload without a role may do nothing", without_a_role),
    Part("messages come in through mTLS", messages),
    Part("messages come in through Kafka", from_kafka),
    Part("people work on a case by their tokens", a_case),
    Part("the trail tells who it was, and how that is known", who_did_it),
    Part("headers that pretend are powerless", pretended),
    Part("tokens that are forged are refused", forged),
    Part("paths that go around lead nowhere", crooked),
    Part("the same command again is one command", again),
    Part("an answer that is lost: Envoy's retry makes one event and two equal answers", lost_answers),
    Part("one trace goes from the request to what is published", traced),
    Part("everything is restarted under load, and nothing is lost", rolled, long=True),
    Part("PostgreSQL stops and comes back", database_gone, long=True),
    Part("mail and events have gone out", told),
    Part("every process ends in order", ended),
)
