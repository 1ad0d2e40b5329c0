"""``plaint ingest``, ``import`` and ``sample``: everything that brings complaints in from files."""

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.session import in_words, read_settings, sender, session
from consumers.files import live
from consumers.files.history import History, Past, Progress, UnknownMapping, mapping_named
from consumers.files.ingest import Ingest, Report
from consumers.files.record import Unreadable
from consumers.sample import play as sample_player
from consumers.wiring import clock
from consumers.wiring.build import Installation
from engine.incoming import Circumstances
from engine.past_events import UnknownPolicy
from schemas.configuration import ConfigurationRefused
from schemas.envelope import RequestSource

_SAMPLE_WEEKS = timedelta(weeks=8)
_SHOWN = 50
"""Problems on the terminal at most; all of them stand beside the rejected file."""

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def ingest(
    paths: Annotated[list[str], Parameter(help="Files, directories, or - for standard input.")],
    /,
    *,
    trust_times: Annotated[
        bool, Parameter(negative="", help="Take the senders' times as when it happened (they start the clocks).")
    ] = False,
    rejected: Annotated[Path, Parameter(help="Where rejected lines of standard input go.")] = Path("stdin.rejected"),
    json: Json = False,
) -> int:
    """Take channel messages: JSON Lines (bare or CloudEvents), .eml files, directories of both.

    An invalid line is reported and goes byte for byte to FILE.rejected; the rest proceeds.
    The same message again changes nothing.
    """
    with session() as here:
        around = Circumstances(
            sender(here),
            RequestSource(request=clock.new_id()),
            clock.now(),
            trusts_claim=trust_times,
            own=here.settings.own_mail,
        )
        with output.progress("messages", None) as bar:
            run = Ingest(here.service.submit, around, clock.now, report=lambda report: bar.at(report.read))
            for path in paths:
                _take(run, path, rejected)
    return _tell(run.report, json=json)


def _take(run: Ingest, path: str, rejected: Path) -> None:
    try:
        if path == output.STDIN:
            run.stream(sys.stdin.buffer, f"stdin/{clock.new_id()}", rejected)
        else:
            run.path(Path(path))
    except OSError as error:
        place = error.filename or path
        output.stop(output.NOT_FOUND, f"{place}: {error.strerror or error}; name a file that can be read")


def import_history(
    file: Annotated[Path | None, Parameter(help="CSV or XES, packed by gzip or not.")] = None,
    /,
    *,
    mapping: Annotated[
        str | None, Parameter(help="Name of a shipped mapping (cfpb, helpdesk) or path of a YAML file.")
    ] = None,
    go_live: Annotated[
        bool, Parameter(negative="", help="Let the clocks of what was imported act from now on; needs no file.")
    ] = False,
    json: Json = False,
) -> int:
    """Import histories with their own times and origin 'import'.

    The same file twice adds nothing; a run that was killed goes on where it stopped. What cannot
    be taken goes byte for byte to FILE.rejected, with line, field and reason in FILE.rejected.report.
    Imported history sends and escalates nothing until --go-live, and then only what is due from that
    moment on. What is imported later waits for a --go-live of its own.
    """
    if file is None or mapping is None:
        if go_live and file is None and mapping is None:
            return _go_live(json=json)
        output.stop(output.USAGE, "name a FILE and its --mapping; or --go-live alone for what was imported before")
    done = _imported(file, mapping)
    code = _tell_import(done, json=json and not go_live)
    return max(code, _go_live(json=json)) if go_live else code


def _go_live(*, json: bool) -> int:
    with session() as here:
        around = Circumstances(sender(here), RequestSource(request=clock.new_id()), clock.now())
        through = here.store.read.head().position
        found = live.go_live(here.service, through, around, clock.now())
    if json:
        output.emit_json({"version": found.version, "through": found.through, "since": found.since.isoformat()})
    else:
        output.say(f"clocks of what was imported up to position {found.through} act from {found.since:%F %T} UTC on")
    return output.OK


def _imported(file: Path, mapping: str) -> Progress:
    try:
        chosen = mapping_named(mapping)
        with session() as here, output.progress("octets", None) as bar:
            around = Circumstances(sender(here), RequestSource(request=clock.new_id()), clock.now())
            past = Past(
                here.service.record,
                lambda source: here.store.positions.look_up([source]).get(source),
                here.service.identify,
                around,
                clock.now,
            )
            done = History(past).run(file, chosen, lambda progress: bar.at(progress.position, progress.total))
    except (UnknownMapping, UnknownPolicy, ConfigurationRefused) as error:
        output.stop(output.CONFIGURATION, str(error))
    except Unreadable as error:
        output.stop(output.SOME_REJECTED, str(error))
    except OSError as error:
        output.stop(output.NOT_FOUND, f"{file}: {error.strerror or error}; name a file that can be read")
    return done


def _tell_import(done: Progress, *, json: bool) -> int:
    for rejection in done.rejections[:_SHOWN]:
        place = f"line {rejection.line}" + (f": {rejection.field}" if rejection.field else "")
        output.say(f"{place}: {rejection.reason}")
    if done.rejected:
        output.say(f"{done.rejected} rejected; they are in {done.rejected_file}, the reasons beside them in .report")
    shown = {name: getattr(done, name) for name in ("cases", "added", "already", "events", "rejected", "resumed_at")}
    if json:
        output.emit_json(shown)
    else:
        output.table(tuple(shown), [tuple(shown.values())])
    return output.SOME_REJECTED if done.rejected else output.OK


def sample(
    *,
    cases: Annotated[int, Parameter(help="How many lives to play.")] = 120,
    seed: Annotated[int, Parameter(help="Which lives.")] = 1,
    language: Annotated[Literal["ru", "en", "mix"], Parameter(help="ru, en or mix.")] = "mix",
    until: Annotated[str | None, Parameter(help="Last day of the eight weeks; absent: yesterday, in UTC.")] = None,
    messages: Annotated[
        bool, Parameter(negative="", help="Print only the channel messages as JSON Lines, and store nothing.")
    ] = False,
    to_kafka: Annotated[
        bool, Parameter(negative="", help="Send the channel messages to the topic that `plaint consume` reads.")
    ] = False,
    json: Json = False,
) -> int:
    """Play realistic complaints over eight weeks on all channels: what people say and what the desk does.

    The same cases, seed, language and last day are the same steps; played again they change nothing.
    With --messages or --to-kafka there is only what people say: what the desk does names cases, and is
    given where these are known. A topic's clock is the broker's, so there the eight weeks are now.
    """
    start, end = _weeks(until)
    if to_kafka:
        return _to_kafka(sample_player.records(cases, seed, language, start, end), json=json)
    if messages:
        for line in sample_player.lines(cases, seed, language, start, end):
            sys.stdout.buffer.write(line)
        return output.OK
    with session() as here:
        done = play(here, cases, seed, language, until)
    shown = {name: value for name, value in asdict(done).items() if isinstance(value, int)}
    shown["refused"] = len(done.refused)
    if json:
        output.emit_json(shown)
    else:
        output.table(tuple(shown), [tuple(shown.values())])
    return output.SOME_REJECTED if done.refused else output.OK


def _to_kafka(records: Iterator[tuple[bytes, bytes]], *, json: bool) -> int:
    from consumers.outbox.sending import PutOff
    from consumers.sample.produce import produce
    from consumers.wiring.broker import broker_of

    settings = read_settings()
    with in_words(), closing(broker_of(settings)) as broker, output.progress("messages", None) as bar:
        if not broker.topic_ids([settings.kafka_inbound]):
            fix = "`plaint topics create` makes it"
            output.stop(output.TEMPORARY, f"the cluster has no topic {settings.kafka_inbound}; {fix}")
        producer = broker.producer(client="plaint-sample")
        try:
            sent = produce(producer, settings.kafka_inbound, records, bar.at)
        except PutOff as error:
            output.stop(output.TEMPORARY, f"Kafka: {error}")
        finally:
            producer.close(0)
    if json:
        output.emit_json({"topic": settings.kafka_inbound, "messages": sent})
    else:
        output.table(("topic", "messages"), [(settings.kafka_inbound, sent)])
    return output.OK


def play(
    here: Installation, cases: int, seed: int, language: Literal["ru", "en", "mix"], until: str | None = None
) -> sample_player.Report:
    """Play a sample into an installation, with a bar on a terminal, and tell of steps that were refused."""
    start, end = _weeks(until)
    with output.progress("sample cases", cases) as bar:
        done = sample_player.play(here.service.submit, cases, seed, language, start, end, bar.at)
    for refusal in done.refused[:_SHOWN]:
        output.say(f"case {refusal.step.case}: {refusal.code}: {refusal.reason}")
    return done


def _weeks(until: str | None) -> tuple[datetime, datetime]:
    try:
        last = date.fromisoformat(until) if until else clock.now().date() - timedelta(days=1)
    except ValueError:
        output.stop(output.USAGE, "--until takes a date such as 2026-11-22")
    end = datetime.combine(last + timedelta(days=1), time.min, UTC)
    return end - _SAMPLE_WEEKS, end


def _tell(report: Report, *, json: bool) -> int:
    for problem in report.problems[:_SHOWN]:
        output.say(f"{problem.file} line {problem.line}: {problem.field}: {problem.reason}")
    if report.rejected > _SHOWN:
        output.say(f"... and {report.rejected - _SHOWN} more")
    for file in report.rejected_files:
        output.say(f"rejected lines are in {file}")
    shown = asdict(report)
    if json:
        output.emit_json(shown)
    else:
        counts = {name: value for name, value in shown.items() if isinstance(value, int)}
        output.table(tuple(counts), [tuple(counts.values())])
    return output.SOME_REJECTED if report.rejected or report.refused else output.OK
