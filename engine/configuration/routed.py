"""What is wrong with routing rules beside the calendars and code lists that come into force with them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from schemas.configuration.code_list import CodeList
from schemas.configuration.routing import RoutingRules, Then, When

Path = tuple[str | int, ...]
_WHEN: Final = {
    "product": "product", "location": "location", "segment": "customer_segment", "business_unit": "business_unit",
    "subtype": "subtype",
}  # fmt: skip
_THEN: Final = {
    "team": "team", "subtype": "subtype", "tags": "tag", "final_reply_by": "team",
    "business_unit": "business_unit",
}  # fmt: skip
"""Fields whose codes must stand in a code list, where that list is in force and does not grow."""


def problems(rules: RoutingRules, calendars: set[str], lists: Mapping[str, CodeList]) -> Iterator[tuple[Path, str]]:
    """Yield every error: its field, and what to write there."""
    if rules.calendar is not None and rules.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none is there"
        yield ("calendar",), f"calendar '{rules.calendar}' is not in force; add a file with it, or name one of: {known}"
    for index, rule in enumerate(rules.rules):
        place: Path = ("rules", index)
        if rule.when is not None:
            yield from _of_when(rule.when, (*place, "when"), lists)
        yield from _of_then(rule.then, (*place, "then"), lists)
    for index, member in enumerate(rules.staff):
        yield from _unlisted(member.teams, ("staff", index, "teams"), "team", lists)


def _of_when(when: When, place: Path, lists: Mapping[str, CodeList]) -> Iterator[tuple[Path, str]]:
    for name, list_id in _WHEN.items():
        yield from _unlisted(getattr(when, name), (*place, name), list_id, lists)
    for name in ("any", "none"):
        for index, one in enumerate(getattr(when, name)):
            yield from _of_when(one, (*place, name, index), lists)


def _of_then(then: Then, place: Path, lists: Mapping[str, CodeList]) -> Iterator[tuple[Path, str]]:
    for name, list_id in _THEN.items():
        value = getattr(then, name)
        codes = value if isinstance(value, tuple) else () if value is None else (value,)
        yield from _unlisted(codes, (*place, name), list_id, lists)


def _unlisted(
    codes: Sequence[str], place: Path, list_id: str, lists: Mapping[str, CodeList]
) -> Iterator[tuple[Path, str]]:
    found = lists.get(list_id)
    if found is None or found.growing:
        return
    for code in codes:
        if code not in found.values:
            yield place, f"'{code}' is not in the code list '{list_id}'; add it there, or name one that is"
