"""From a batch of incoming things and what the store knows of them to one batch of writes. No I/O.

Every item sees what the items before it in the batch did, so a burst of messages of one
conversation becomes one complaint. Planning again after a conflict, over fresh knowledge,
gives the same ids, since they derive from the messages and commands themselves.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from engine import arrivals, streams_of
from engine.complaint.given import proposed
from engine.configuration.in_force import Book
from engine.draft import Draft, Prepare
from engine.incoming import Arrived, Asked, Buried, Done, Incoming, Parked, Refused, Result, Sender, Spoiled
from engine.known import Kept, Known, command_id_of, contact_key, others_of
from engine.moulds import Moulds
from engine.plausible import EARLIEST, LATEST, implausible
from engine.rules import codes, rights
from engine.store.batch import Answer, Batch, SetAside
from engine.streams.feedback import Feedback
from engine.taking import Keyed
from schemas.complaint.base import Command
from schemas.complaint.correspondence import AddAttachment, ReportDelivery
from schemas.complaint.registration import Receive
from schemas.configuration.roles import Role
from schemas.envelope import KafkaSource, Source
from schemas.refusals import Refusal
from schemas.streams.feedback import TurnIntoComplaint
from schemas.streams.survey import EnrolRespondent, ReportSurveyDelivery


@dataclass(frozen=True, slots=True)
class Plan:
    """One result per item, in order, and the writes that make them true."""

    results: tuple[Result, ...]
    batch: Batch


def plan(
    items: Sequence[Incoming],
    known: Known,
    book: Book,
    keyed: Keyed,
    prepare: Prepare,
    now: datetime,
    moulds: Moulds | None = None,
) -> Plan:
    """Return the results of ``items`` in order, and the one batch of writes that makes them true.

    With ``moulds`` that is the same, and faster.
    """
    draft = Draft(known, book, keyed, prepare, now, moulds)
    results = tuple(_take(draft, item) for item in items)
    return Plan(results, draft.batch())


def turned_away(item: Incoming, keyed: Keyed) -> Plan:
    """Return the plan for what would be the text of a person who was erased: refused, and its source goes on."""
    result = Refused("subject_erased", "the person whose text this would be was erased; nothing is added for him")
    answers: tuple[Answer, ...] = ()
    if isinstance(item, Asked):
        fields = streams_of.result_fields(result)
        answers = (Answer(command_id_of(item, keyed), _content_fingerprint(item, keyed), fields),)
    sources = () if item.around.move is None else (item.around.move,)
    waited = item.waited if isinstance(item, Arrived) else None
    released = tuple(aside for aside in (waited, item.around.buried) if aside is not None)
    return Plan((result,), Batch(answers=answers, sources=sources, released=released))


def _take(draft: Draft, item: Incoming) -> Result:
    draft.move(item.around.move)
    if isinstance(item, Spoiled):
        return _buried(draft, item)
    result = _arrived(draft, item) if isinstance(item, Arrived) else _asked(draft, item)
    if not isinstance(result, Refused):
        _rises(draft, item)
    elif isinstance(item, Asked) and item.otherwise is not None and not result.already:
        return _buried(draft, item.otherwise(result))
    return result


def _arrived(draft: Draft, item: Arrived) -> Done | Parked | Refused:
    """Give a message its effect, unless it names a business unit for which its sender hands in nothing.

    Where it joins a case, that may be any unit's: whoever carries a customer's words need not know who answers them.
    """
    sender, stated = item.around.sender, item.message.hints.business_unit
    if sender.groups is not None and stated and item.waited is None:
        unit = draft.book.code("business_unit", stated)
        reason = unit and rights.missing(Receive.RIGHT, sender.credentials, draft.book.roles.values(), unit)
        if reason:
            return Refused("right_missing", reason, {"field": "business_unit"})
    return arrivals.take(draft, item)


def _buried(draft: Draft, item: Spoiled) -> Buried:
    """Keep it whole; one that was a dead letter before takes its own place."""
    if item.id not in {aside.id for aside in draft.set_aside}:
        _rises(draft, item)
        aside = SetAside(
            kind="dead_letter",
            id=item.id,
            fingerprint=item.fingerprint,
            reason=item.reason,
            source=_place(item.around.source),
            payload=item.payload,
            until=item.until,
        )
        draft.set_aside.append(aside)
    return Buried(item.id)


def _place(source: Source) -> str:
    """Return where it stood, for whoever lists dead letters."""
    if isinstance(source, KafkaSource):
        return f"kafka:{source.topic}/{source.partition}/{source.offset}"
    return source.kind


def _rises(draft: Draft, item: Incoming) -> None:
    """What was a dead letter is one no more, with this batch."""
    if item.around.buried is not None and item.around.buried not in draft.released:
        draft.released.append(item.around.buried)


def _asked(draft: Draft, item: Asked) -> Result:
    """Give a command, or its first answer again. A refusal by the case is an answer and is kept too.

    What a clock proposes too early is no answer for good: the same proposal may be right later.
    """
    command_id = command_id_of(item, draft.keyed)
    fingerprint = _content_fingerprint(item, draft.keyed)
    if (kept := draft.known.answers.get(command_id)) is not None:
        return streams_of.first_answer(kept.result, kept.position, same=kept.fingerprint == fingerprint)
    if (refused := _not_admitted(draft, item)) is not None:
        return refused
    stored = len(draft.contents)
    try:
        count = draft.decide(item.stream, _completed(draft, item, command_id), item, command_id)
    except Refusal as refusal:
        del draft.contents[stored:]
        if refusal.code == "not_due" and proposed(item.command):
            return Refused(refusal.code, refusal.reason, refusal.facts)
        return _kept(draft, command_id, fingerprint, Refused(refusal.code, refusal.reason, refusal.facts), None)
    if isinstance(item.command, ReportDelivery | ReportSurveyDelivery) and item.command.sent_as is not None:
        key = draft.keyed("conversation", f"message:{item.command.sent_as}".encode())
        draft.remember_conversation(key, item.stream, moves=False)
    state = draft.loaded(item.stream).state
    if count and isinstance(item.command, TurnIntoComplaint) and isinstance(state, Feedback) and state.complaint:
        draft.go_on(item.stream, state.complaint)
    kind = streams_of.kind(state)
    done = Done(item.stream, draft.version(item.stream), 0, count, kind=kind)
    return _kept(draft, command_id, fingerprint, done, item.stream)


def _completed(draft: Draft, item: Asked, command_id: UUID) -> Command:
    """Return the command with what only the store can say: where its file lies, or who its contact is."""
    command = item.command
    if isinstance(command, AddAttachment) and item.data is not None:
        stored = draft.store(item.stream, command.attachment, item.data, item, command_id)
        return command.model_copy(update={"attachment": stored})
    return _with_subject(draft, command, command_id) if isinstance(command, EnrolRespondent) else command


def _with_subject(draft: Draft, command: EnrolRespondent, command_id: UUID) -> Command:
    """Return who is enrolled for a survey as the person whom his contact is known to reach, or as a new one.

    His contact is remembered, so that what he writes later is his too and one erasure reaches all.
    """
    key = contact_key(command, draft.keyed)
    known = draft.known.contacts.get(key)
    subject = streams_of.part_id(command_id, "respondent") if known is None else known
    draft.remember_contact(key, subject)
    return command.model_copy(update={"subject_id": subject})


def _not_admitted(draft: Draft, item: Asked) -> Refused | None:
    """Refuse what its sender may not do, or made for another version; nothing of it is kept."""
    sender = item.around.sender
    unit, roles = draft.loaded(item.stream).business_unit, draft.book.roles.values()
    for here in (unit, *(draft.loaded(other).business_unit for other in others_of(item))):
        if (reason := rights.missing(item.command.RIGHT, sender.credentials, roles, here)) is not None:
            return Refused("right_missing", reason)
    if item.occurred_at is not None and not _may_back_date(sender, roles, unit):
        return Refused("back_dating", "only who may back-date states when it happened; leave occurred_at out")
    if item.occurred_at is not None and item.occurred_at > (item.around.clock or draft.now):
        return Refused("back_dating", "it cannot have happened yet; leave occurred_at out, or state an earlier time")
    if (place := implausible({**item.command.model_dump(), "occurred_at": item.occurred_at})) is not None:
        years = f"{EARLIEST.year} to {LATEST.year - 1}"
        return Refused("invalid", f"this time is outside of what can be counted; send one of {years}", {"field": place})
    if (found := codes.unlisted(item.command, draft.book)) is not None:
        facts: dict[str, str | int | None] = {"field": found.place, "list": found.list_id}
        return Refused("unlisted_code", "this code is not published; take one of the list, or publish it", facts)
    version = draft.version(item.stream)
    if item.expected is not None and item.expected != version:
        return Refused(
            "stale_version", "the case has moved on; read it again", {"expected": item.expected, "version": version}
        )
    return None


def _may_back_date(sender: Sender, roles: Collection[Role], unit: str | None) -> bool:
    """Where nobody is asked for roles, the door alone says who may."""
    if sender.groups is None:
        return sender.back_dating
    return rights.missing("back_date", sender.credentials, roles, unit) is None


def _kept(draft: Draft, command_id: UUID, fingerprint: bytes, result: Done | Refused, stream: UUID | None) -> Result:
    fields = streams_of.result_fields(result)
    draft.answers.append(Answer(command_id, fingerprint, fields, stream))
    draft.known.answers[command_id] = Kept(fingerprint, fields)
    return result


def _content_fingerprint(item: Asked, keyed: Keyed) -> bytes:
    """Return the keyed hash of what a command says, without tokens and transport headers."""
    said = {
        "stream": str(item.stream),
        "name": item.command.NAME,
        "command": item.command.model_dump(mode="json"),
        "why": item.why,
        "occurred_at": item.occurred_at,
    }
    return keyed("content", orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
