"""Whether the rules of notices fit the templates and calendars that they name."""

from collections.abc import Collection, Iterator, Mapping

from engine.configuration import conditions
from schemas.configuration.notices import NoticeRule, Notices
from schemas.configuration.template import Audience, Template
from schemas.words import Code

Path = tuple[str | int, ...]


def problems(
    notices: Notices, calendars: Collection[str], templates: Mapping[str, Template]
) -> Iterator[tuple[Path, str]]:
    """Yield place and fix of everything that does not fit."""
    if notices.calendar not in calendars:
        yield ("calendar",), _no_calendar(notices.calendar, calendars)
    for index, rule in enumerate(notices.rules):
        place: Path = ("rules", index)
        for path, fix in conditions.problems(rule.event, rule.where):
            yield (*place, *path), fix
        if rule.hours != "any" and rule.hours not in calendars:
            yield (*place, "hours"), _no_calendar(rule.hours, calendars)
        yield from (((*place, "template"), fix) for fix in _of_template(rule.template, _audience(rule), templates))
    if notices.waiting is not None:
        if notices.waiting.hours not in ("any", *calendars):
            yield ("waiting", "hours"), _no_calendar(notices.waiting.hours, calendars)
        for name in ("reminder", "ending"):
            found = _of_template(getattr(notices.waiting, name), "complainant", templates)
            yield from ((("waiting", name), fix) for fix in found)


def _audience(rule: NoticeRule) -> Audience:
    if rule.to_staff:
        return "staff"
    return "public" if rule.visibility == "public" else "complainant"


def _of_template(name: Code, audience: Audience, templates: Mapping[str, Template]) -> Iterator[str]:
    fitting = ", ".join(sorted(one.id for one in templates.values() if one.audience == audience)) or "none is there"
    if name not in templates:
        yield f"there is no template '{name}'; add a file with it, or name one of: {fitting}"
    elif templates[name].audience != audience:
        yield f"'{name}' is for the audience {templates[name].audience}, this is for {audience}; name one of: {fitting}"


def _no_calendar(name: str, calendars: Collection[str]) -> str:
    return f"calendar '{name}' is not in force; add a file with it, or name one of: {', '.join(sorted(calendars))}"
