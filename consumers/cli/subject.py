"""``plaint subject``: who is behind a contact, what is kept of a person, and his erasure."""

import sys
import time
from contextlib import suppress
from typing import Annotated, Literal, get_args
from uuid import UUID

from cyclopts import Parameter
from cyclopts.validators import Number

from consumers import subjects
from consumers.cli import output
from consumers.cli.questions import shown
from consumers.cli.session import sender, session
from consumers.subjects import ErasedPerson, Found, KeptOf
from consumers.wiring import clock, views
from consumers.wiring.build import Installation
from engine.erasing import Contended
from engine.incoming import Circumstances, Refused
from engine.store.access_log import Access
from projections.runtime import reach
from projections.runtime.progress import Reached
from projections.runtime.runner import AheadOfLog
from schemas.channels.message import Contact
from schemas.envelope import RequestSource
from schemas.words import ContactKind

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
ByContact = Annotated[str | None, Parameter(help="A contact of the person, such as email:ann@example.com.")]


def find(
    *, contact: Annotated[str, Parameter(help="A contact, such as email:ann@example.com.")], json: Json = False
) -> int:
    """Find the person whom a contact reaches; texts name persons by this id."""
    with session() as here:
        subject = _reached_by(here, contact)
    if json:
        output.emit_model(Found(subject=subject))
    else:
        sys.stdout.write(f"{subject}\n")
    return output.OK


def show(
    subject: Annotated[UUID | None, Parameter(help="Id of the person.")] = None,
    /,
    *,
    contact: ByContact = None,
    json: Json = False,
) -> int:
    """Show where a person's texts are, which holds keep them, and which texts of others may name him."""
    with session() as here:
        chosen = _chosen(here, subject, contact)
        here.store.access_log.note(Access(actor=sender(here).actor, what="history", reason="subject.show"))
        scope = here.service.erasing.scope(chosen, texts=True)
    if (told := subjects.kept(scope)) is None:
        output.stop(output.NOT_FOUND, f"nothing is kept of a person {chosen}")
    if json:
        output.emit_model(told)
    else:
        _print_kept(told)
    return output.OK


def erase(
    subject: Annotated[UUID | None, Parameter(help="Id of the person.")] = None,
    /,
    *,
    contact: ByContact = None,
    reason: Annotated[Literal["request", "retention"], Parameter(help="Why he is erased.")],
    request_id: Annotated[
        str | None, Parameter(help="The request's id, of any form: given again it changes nothing, and waits again.")
    ] = None,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.")] = False,
    timeout: Annotated[float, Parameter(help="Seconds to wait for the views.", validator=Number(gte=0))] = 30.0,
    by: Annotated[str | None, Parameter(help="Who does it; absent: the login name.")] = None,
    json: Json = False,
) -> int:
    """Erase a person for good: destroy the keys of all his texts, files and contacts.

    Cases under legal hold are left out and named; they go when the hold is released. Waits until every
    view has passed the erasure, and says what cannot be reached and until when.
    """
    with session() as here:
        chosen = _chosen(here, subject, contact)
        if not yes:
            _must_be_meant(here, chosen)
        named = clock.new_id() if request_id is None else subjects.request_id(request_id, here.store.fingerprint)
        output.say(f"request {named}; should this be cut off, give it again with --request-id")
        around = Circumstances(sender(here, by), RequestSource(request=clock.new_id()), clock.now())
        try:
            result = here.service.erase(chosen, reason, named, around, clock.now())
        except Contended as error:
            output.stop(output.TEMPORARY, str(error))
        if isinstance(result, Refused):
            code = output.NOT_FOUND if result.code == "unknown_subject" else output.REFUSED
            output.stop(code, f"refused, {result.code}: {result.reason}")
        behind = _waited(here, result.position, timeout)
        unread = [(one.id, one.until) for one in result.unread]
        left = reach.unreached(behind, unread, result.recorded_at, here.settings.backup_retention_days)
    told = subjects.erased(result, left)
    if json:
        output.emit_model(told)
    else:
        _print_erased(told)
    return _code(told)


# --- asking -----------------------------------------------------------------------------------


def _chosen(here: Installation, subject: UUID | None, contact: str | None) -> UUID:
    if (subject is None) == (contact is None):
        output.stop(output.USAGE, "give the id of a person or --contact, one of them")
    return subject if subject is not None else _reached_by(here, contact or "")


def _reached_by(here: Installation, contact: str) -> UUID:
    kind, _, value = contact.partition(":")
    kinds = get_args(ContactKind)
    if kind not in kinds or not value.strip():
        output.stop(
            output.USAGE, f"--contact takes KIND:VALUE such as email:ann@example.com; kinds are {', '.join(kinds)}"
        )
    here.store.access_log.note(Access(actor=sender(here).actor, what="search", reason="subject.find"))
    comparable = Contact(kind=kind, value=value).comparable  # type: ignore[arg-type] # looked at above
    found = here.service.erasing.subject_of(kind, comparable)
    if found is None:
        output.stop(output.NOT_FOUND, "nobody is known by this contact")
    return found


def _must_be_meant(here: Installation, subject: UUID) -> None:
    if not sys.stdin.isatty():
        output.stop(output.USAGE, "this cannot be undone; say --yes where nobody can be asked")
    scope = here.service.erasing.scope(subject)
    output.say(
        f"{len(scope.streams)} cases lose the words of {subject} for good; {len(scope.held)} are under legal hold."
    )
    sys.stderr.write("Erase? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        output.stop(output.REFUSED, "nothing was erased")


# --- waiting ----------------------------------------------------------------------------------


class _Enough(Exception):
    """The time for waiting is over."""


def _waited(here: Installation, position: int, timeout: float) -> tuple[Reached, ...]:
    """Bring the views past the erasure, or wait for the process that does; return those that are behind."""
    left = [timeout]

    def pause(seconds: float) -> None:
        if left[0] <= 0:
            raise _Enough
        left[0] -= seconds
        time.sleep(seconds)

    with output.progress("views pass the erasure", None) as bar:
        with suppress(_Enough, AheadOfLog):
            views.runner(here).catch_up(pause)
        return reach.wait(here.pool, position, max(0.0, left[0]), pause=time.sleep, told=bar.at)


def _code(told: ErasedPerson) -> int:
    if told.outcome == "held":
        return output.REFUSED
    if not told.passed:
        return output.TEMPORARY
    return output.SOME_REJECTED if told.outcome == "partly_held" else output.OK


# --- telling ----------------------------------------------------------------------------------


def _print_kept(told: KeptOf) -> None:
    rows = [
        *((stream, "would go") for stream in told.streams),
        *((held.stream, f"held by {', '.join(held.holders)}") for held in told.held),
        *((stream, "erased") for stream in told.gone),
    ]
    output.table(("case", "the person's texts"), rows)
    if told.others:
        columns = ("case", "version", "event", "person")
        output.table(
            columns,
            [(one.stream, one.version, one.name, one.subject) for one in told.others],
            title="Texts of others that may name him",
        )


def _print_erased(told: ErasedPerson) -> None:
    already = " (this request had its effect before)" if told.already else ""
    output.say(f"erased in {len(told.streams)} cases{already}; request {told.request_id}")
    for held in told.left_out:
        holders = ", ".join(held.holders) or "nobody any more"
        output.say(f"left out: case {held.stream} is under legal hold of {holders}; it goes when the hold is released")
    if told.discarded:
        output.say(f"{len(told.discarded)} messages set aside were his and are gone")
    for message in told.may_name:
        output.say(f"message {message} set aside holds a name or contact of his: look whether it is his")
    for one in told.others:
        verb = "names him" if one.names_him else "may name him"
        output.say(f"text of {one.subject} {verb}: case {one.stream}, version {one.version}, {one.name}")
    columns = ("not reached", "until", "what to know")
    rows = [(one.what, shown(one.until) if one.until else "unknown", one.note) for one in told.unreached]
    output.table(columns, rows)
