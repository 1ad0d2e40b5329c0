"""``plaint config presets`` and ``config show``: what there is of each kind of configuration, and what it says."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from consumers.cli import output
from engine.configuration.activation import kind_of
from schemas.configuration import (
    Calendar,
    CodeList,
    Configuration,
    ConfigurationRefused,
    Fields,
    Policy,
    Survey,
    Template,
)

if TYPE_CHECKING:
    from consumers.wiring.presets import Found

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def list_presets(*, json: Json = False) -> int:
    """Show every policy, calendar, rule set, template, survey and all else, and which of them are in force."""
    rows = [_row(one.item, in_force=in_force) for one, in_force in _all()]
    if json:
        output.emit_json({"presets": rows})
        return output.OK
    columns = ("kind", "id", "version", "order", "in force", "claims", "source", "holds")
    output.table(columns, [[_plain(value) for value in row.values()] for row in rows])
    return output.OK


def show(
    name: Annotated[str, Parameter(help="Id of a policy, calendar, rule set, template, survey or another kind.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Show a policy with its clocks and letters, a calendar with its holidays, all else as its file says."""
    found = [one for one, _ in _all() if one.item.id == name]
    if not found:
        names = ", ".join(one.item.id for one, _ in _all())
        output.stop(output.NOT_FOUND, f"there is no policy, calendar, rule set or the like '{name}'; one of: {names}")
    if json:
        shown = [one.item.model_dump(mode="json", by_alias=True, exclude_none=True) for one in found]
        output.emit_json({"configurations": shown})
        return output.OK
    for one in found:
        _show(one)
    return output.OK


def _show(one: Found) -> None:
    match one.item:
        case Policy() as policy:
            _show_policy(policy)
        case Calendar() as calendar:
            _show_calendar(calendar)
        case _:
            sys.stdout.write(one.document.text)


def _all() -> list[tuple[Found, bool]]:
    """Return every configuration, those of optional presets too, and whether a start brings it into force."""
    from consumers.cli.session import read_settings
    from consumers.wiring import presets
    from engine.configuration.activation import expanded

    chosen = read_settings()
    try:
        current = presets.standing(chosen.config_dir, chosen.named_presets)
    except (ConfigurationRefused, OSError) as error:
        output.stop(output.CONFIGURATION, str(error))
    known = {(type(one.item), one.item.id) for one in current}
    others = [one for one in presets.all_shipped() if (type(one.item), one.item.id) not in known]
    marked = [*((one, True) for one in current), *((one, False) for one in others)]
    found = [
        (one._replace(item=expanded(one.item)) if isinstance(one.item, Calendar) else one, stands)
        for one, stands in marked
    ]
    return sorted(found, key=lambda pair: (_rank(pair[0].item), _order(pair[0].item), pair[0].item.id))


def _rank(one: Configuration) -> tuple[int, str]:
    """Policies first, then calendars, then all else by its kind."""
    kind = kind_of(one)
    return {"policy": 0, "calendar": 1}.get(kind, 2), kind


def _order(one: Configuration) -> int:
    return one.order if isinstance(one, Policy) else 0


def _row(one: Configuration, *, in_force: bool) -> dict[str, object]:
    policy = one if isinstance(one, Policy) else None
    return {
        "kind": kind_of(one),
        "id": one.id,
        "version": one.version,
        "order": policy.order if policy else None,
        "in_force": in_force,
        "claims": _claims(policy) if policy else None,
        "source": one.source if isinstance(one, Policy | Calendar) else None,
        "holds": _holds(one),
    }


def _holds(one: Configuration) -> str | None:
    """Return in a few words what is in it; None for policies and calendars, which say so themselves."""
    match one:
        case Template():
            return f"for {one.audience}, in {', '.join(one.texts)}"
        case Survey():
            return _number(len(one.questions), "question")
        case Fields():
            return _number(len(one.fields), "field")
        case CodeList():
            return _number(len(one.values), "code")
        case _:
            rules = getattr(one, "rules", None)
            return None if rules is None else _number(len(rules), "rule")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _claims(policy: Policy) -> dict[str, list[str]]:
    """Return what a complaint must be for the policy to claim it; nothing: every complaint."""
    return policy.when.model_dump(mode="json", exclude_defaults=True) if policy.when else {}


def _plain(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name} {' or '.join(map(str, one))}" for name, one in value.items()) or "every complaint"
    return value


def _show_policy(policy: Policy) -> None:
    _say(f"policy {policy.id}, version {policy.version}, order {policy.order}, claims {_plain(_claims(policy))}")
    clocks = [
        (
            one.kind,
            one.target or "as the event says",
            one.calendar or policy.calendar,
            _told(one.roll),
            _warned(one.warn),
        )
        for one in policy.clocks
    ]
    output.table(("clock", "target", "calendar", "moved off a day off", "warns at"), clocks)
    for letter in policy.letters:
        keeps = f" (keeps {letter.clock})" if letter.clock else ""
        when = f", if {letter.when}" if letter.when else ""
        _say(f"\n{letter.title}{when}{keeps}")
        sys.stdout.writelines(f"  [ ] {line}\n" for line in letter.says)
        if letter.source:
            _say(f"  {letter.source}")
    _say(f"\nsource: {policy.source or 'none is named'}")


def _told(roll: str) -> str:
    return {"none": "no", "next": "to the next", "previous": "to the one before"}[roll]


def _warned(percentages: tuple[int, ...]) -> str:
    return ", ".join(f"{one}%" for one in percentages)


def _show_calendar(calendar: Calendar) -> None:
    until = calendar.covered_until or "ever"
    _say(f"calendar {calendar.id}, version {calendar.version}, {calendar.timezone}, covered until {until}")
    week = zip(type(calendar.week).model_fields, calendar.week.days(), strict=True)
    rows = [(day, ", ".join(map(str, hours)) or "closed") for day, hours in week]
    special = {**dict.fromkeys(calendar.holidays, ()), **calendar.exceptions}
    rows.extend((str(day), ", ".join(map(str, hours)) or "closed") for day, hours in sorted(special.items()))
    output.table(("day", "open"), rows)
    _say(f"\nsource: {calendar.source or 'none is named'}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
