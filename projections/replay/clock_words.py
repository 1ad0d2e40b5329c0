"""How a deadline came about, in words that a non-developer reads, in Russian or English."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict

from engine.sla.calendar import from_us
from engine.sla.explain import Applied, Explanation, Happened, Moved
from engine.sla.selection import Considered
from engine.sla.spans import Span
from projections.replay.sentence import Language, sentence

_AMOUNT: Final = re.compile(r"(\d+) (.+?)s?")


class ClockPhrases(BaseModel):
    """One language's lines and words."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    lines: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    units: Mapping[str, str]


@cache
def clock_phrases(language: Language) -> ClockPhrases:
    """Read one language's phrases."""
    file = resources.files("projections.replay").joinpath("phrases", f"clocks_{language}.yaml")
    return ClockPhrases.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def clock_words(one: Explanation, language: Language, *, promises: bool = True) -> tuple[str, ...]:
    """Return how a clock's deadline came about, a line each; the first says how it stands.

    Without ``promises`` the policies are left out, for one who has read them of the clock before.
    """
    return tuple(_Teller(one, language).lines(promises=promises))


class _Teller:
    def __init__(self, one: Explanation, language: Language) -> None:
        self.one, self.language, self.phrases = one, language, clock_phrases(language)
        self.zone = ZoneInfo(one.zone)

    def lines(self, *, promises: bool) -> Iterator[str]:
        one, verdict = self.one, self.one.verdict
        clock = f"{verdict.kind} #{verdict.instance}" if verdict.instance > 1 else verdict.kind
        state = self._word("state", verdict.state)
        yield self._say("head", clock=clock, cycle=verdict.cycle, state=state, due=self._at(verdict.due_at))
        for who in one.applied if promises else ():
            yield from self._promise(who)
        yield self._say("start", at=self._when(one.start), event=self._event(one.start))
        if one.opened is not None:
            yield self._say("continued", at=self._when(one.opened), event=self._event(one.opened))
        yield from self._counting()
        for change in one.moved:
            yield self._change(change)
        yield self._say("due", due=self._at(one.due_at))
        if verdict.provisional:
            yield self._say("provisional")
        yield from self._end()

    def _promise(self, who: Applied) -> Iterator[str]:
        since = "" if who.since is None else self._say("since", at=self._at(who.since))
        reason = self._word("reason", who.reason)
        yield self._say("promised", policy=who.policy, version=who.version, reason=reason, since=since)
        for asked in who.considered or ():
            line = ("chosen" if asked.fields else "everyone") if asked.holds else "passed_over"
            yield self._say(line, policy=asked.policy, order=asked.order, fields=self._fields(asked))

    def _fields(self, asked: Considered) -> str:
        told = (
            self._say(
                "fits" if field.fits else "misses",
                field=field.name,
                has=", ".join(field.has) or self._say("nothing"),
                wanted=" / ".join(field.wanted),
            )
            for field in asked.fields
            if field.fits == asked.holds
        )
        return "; ".join(told)

    def _counting(self) -> Iterator[str]:
        one, verdict = self.one, self.one.verdict
        yield self._say(
            one.measure,
            target=self._target(verdict.target or ""),
            calendar=verdict.calendar,
            version=verdict.calendar_version,
            zone=one.zone,
            begin=self._at(one.counted_from),
            day=one.counted_after.isoformat(),
        )
        if any(change.what == "terms" and not change.too_late for change in one.moved) and one.measure != "stated":
            days = f"{one.amount:g} {self.phrases.units['days']}"
            yield self._say("share", amount=days if one.measure == "days" else self._span(one.amount))
        if one.measure == "days":
            for stretch in one.days:
                yield self._say(
                    "span_day" if stretch.first == stretch.last else "span_days",
                    first=date.fromordinal(stretch.first).isoformat(),
                    last=date.fromordinal(stretch.last).isoformat(),
                    days=f"{stretch.last - stretch.first + 1}",
                    why=self._word("days", stretch.why),
                )
        else:
            for span in one.spans:
                yield self._piece(span)
        if one.rolled is not None:
            yield self._say("rolled", from_day=one.rolled[0], to_day=one.rolled[1], roll=self._word("roll", one.roll))
        if one.not_before is not None:
            yield self._say("not_before", at=self._at(one.not_before))

    def _piece(self, span: Span) -> str:
        why = self._word("why", span.why)
        amount = self._span(span.counted / 1_000_000)
        counted = self._say("span_counted", amount=amount, why=why) if span.counted else self._say("span_not", why=why)
        line = self._say("span", begin=self._at(from_us(span.begin)), end=self._at(from_us(span.end)), counted=counted)
        if span.ahead:
            return line + self._say("ahead" if self.one.verdict.remaining_seconds is not None else "unused")
        return line + (self._say("overdue") if span.overdue else "")

    def _change(self, change: Moved) -> str:
        at, before, after = self._when(change.by), self._at(change.due_before), self._at(change.due_after)
        if change.too_late:
            return self._say("too_late", at=at, event=self._event(change.by), before=before)
        target = "" if change.target is None else self._say("new_target", target=self._target(change.target))
        reason = self._word("reason", change.reason or "")
        return self._say(change.what, at=at, before=before, after=after, reason=reason, target=target)

    def _end(self) -> Iterator[str]:
        one, verdict = self.one, self.one.verdict
        for warning in verdict.warnings:
            yield self._say("warning", percent=warning.percent, at=self._at(warning.at))
        yield self._say("elapsed", amount=self._span(verdict.elapsed_seconds))
        if verdict.paused_seconds:
            yield self._say("waited", paused=self._span(verdict.paused_seconds))
        if one.fulfilled_by is not None:
            yield self._say("fulfilled", at=self._when(one.fulfilled_by), event=self._event(one.fulfilled_by))
        if one.stopped_by is not None:
            yield self._say("stopped", at=self._when(one.stopped_by), event=self._event(one.stopped_by))
        if verdict.late_evidence and one.fulfilled_by is not None and one.fulfilled_by.trusted_at is not None:
            yield self._say("late_evidence", at=self._at(one.fulfilled_by.trusted_at))
        if verdict.missed_at is not None:
            amount = self._span(verdict.overdue_seconds or 0)
            yield self._say("missed", at=self._at(verdict.missed_at), amount=amount)
        for step in verdict.escalations:
            yield self._say("escalation", level=step.level, at=self._at(step.at), to=step.to)
        if verdict.remaining_seconds is not None:
            yield self._say("remaining", amount=self._span(verdict.remaining_seconds))

    def _say(self, line: str, **words: object) -> str:
        return self.phrases.lines[line].format(**words)

    def _word(self, field: str, value: str) -> str:
        return self.phrases.words[field].get(value, value)

    def _event(self, happened: Happened) -> str:
        """An event of a plain file may lack what its sentence tells; it is then called by its name."""
        try:
            text = sentence(happened.type, happened.fields, self.language)
        except ArithmeticError:  # an amount of money that is no number
            return happened.type
        return happened.type if "?" in text else text

    def _target(self, text: str) -> str:
        found = _AMOUNT.fullmatch(text)
        if found is None or found[2] not in self.phrases.words["unit"]:
            return text
        if found[1] == "1" and self.language == "en":
            return text
        return self._say("target", amount=found[1], unit=self._word("unit", found[2]))

    def _when(self, happened: Happened) -> str:
        return self._at(happened.at) if happened.day is None else happened.day.isoformat()

    def _at(self, instant: datetime) -> str:
        """Return an instant in local time, seconds and their parts only where there are any."""
        local = instant.astimezone(self.zone)
        rest = f"{local:%H:%M:%S}" if local.second or local.microsecond else f"{local:%H:%M}"
        rest += f"{local.microsecond / 1_000_000:g}"[1:] if local.microsecond else ""
        offset = local.utcoffset() != self.zone.utcoffset(local.replace(fold=1 - local.fold, tzinfo=None))
        return f"{local.date()} {rest}" + (f" ({instant.astimezone(UTC):%H:%MZ})" if offset else "")

    def _span(self, seconds: float) -> str:
        units = self.phrases.units
        minutes, rest = divmod(seconds, 60)
        hours, minutes = divmod(int(minutes), 60)
        parts = [f"{hours} {units['hours']}"] if hours else []
        parts += [f"{minutes} {units['minutes']}"] if minutes or not (hours or rest) else []
        parts += [f"{rest:g} {units['seconds']}"] if rest else []
        return " ".join(parts)
