"""``plaint config presets`` and ``config show``: which policies and calendars there are, and what they say."""

import sys
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output
from schemas.configuration import Calendar, Configuration, ConfigurationRefused, Policy

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]


def list_presets(*, json: Json = False) -> int:
    """Show every policy and calendar, shipped or of PLAINT_CONFIG_DIR, and which of them are in force."""
    rows = [_row(one, in_force=in_force) for one, in_force in _all()]
    if json:
        output.emit_json({"presets": rows})
        return output.OK
    columns = ("kind", "id", "version", "order", "in force", "claims", "source")
    output.table(columns, [[_plain(value) for value in row.values()] for row in rows])
    return output.OK


def show(
    name: Annotated[str, Parameter(help="Id of a policy or calendar.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Show a policy with its clocks and the letters it demands, or a calendar with its holidays as dates."""
    found = [one for one, _ in _all() if one.id == name]
    if not found:
        names = ", ".join(one.id for one, _ in _all())
        output.stop(output.NOT_FOUND, f"there is no policy or calendar '{name}'; one of: {names}")
    if json:
        output.emit_json({"configurations": [one.model_dump(mode="json", exclude_none=True) for one in found]})
        return output.OK
    for one in found:
        _show_policy(one) if isinstance(one, Policy) else _show_calendar(one)
    return output.OK


def _all() -> list[tuple[Calendar | Policy, bool]]:
    """Return every policy and calendar, those of optional presets too, and whether a start brings it into force."""
    from consumers.cli.session import read_settings
    from consumers.wiring import presets
    from engine.configuration.activation import expanded

    chosen = read_settings()
    try:
        current = presets.in_force(chosen.config_dir, chosen.named_presets)
    except (ConfigurationRefused, OSError) as error:
        output.stop(output.CONFIGURATION, str(error))
    known = {(type(one), one.id) for one in current}
    others = [one.item for one in presets.all_shipped() if (type(one.item), one.item.id) not in known]
    marked: list[tuple[Configuration, bool]] = [*((one, True) for one in current), *((one, False) for one in others)]
    found = [
        (expanded(one) if isinstance(one, Calendar) else one, stands)
        for one, stands in marked
        if isinstance(one, Calendar | Policy)
    ]
    return sorted(found, key=lambda pair: (isinstance(pair[0], Calendar), _order(pair[0]), pair[0].id))


def _order(one: Calendar | Policy) -> int:
    return one.order if isinstance(one, Policy) else 0


def _row(one: Calendar | Policy, *, in_force: bool) -> dict[str, object]:
    policy = one if isinstance(one, Policy) else None
    return {
        "kind": "policy" if policy else "calendar",
        "id": one.id,
        "version": one.version,
        "order": policy.order if policy else None,
        "in_force": in_force,
        "claims": _claims(policy) if policy else None,
        "source": one.source,
    }


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
