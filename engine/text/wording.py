"""A template and the facts of a case become a text. Pure: nothing is looked up, nothing is sent.

Templates run in Jinja2's sandbox, without a loader, as plain text. Every name of ``NAMES`` is always
there, ``None`` where the case does not know it, so that a template asks ``{% if expected_by %}`` and
never fails over a case. ``problems`` renders each wording with everything and with nothing before a
template may come into force.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache, partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.text.labels import LABELS, MONTHS
from schemas.configuration.template import Audience, Template, Wording, WordingLanguage
from schemas.words import Channel

Facts = Mapping[str, Any]
"""Name -> what the case says; see ``NAMES``."""

_OPEN: Final = ("company", "contact", "topic", "received_at", "expected_by", "usual_days")
_OF_CASE: Final = (
    *_OPEN, "number", "link", "clock", "due_at", "promised_at", "percent", "level", "reason", "outcome", "remedies",
    "answer_by", "ends_on", "priority", "channel", "score",
)  # fmt: skip
_OF_SURVEY: Final = ("survey", "incentive", "opt_out", "reminder")
"""Its title, what is given for an answer, the link by which nobody is asked again, and which reminder it is."""
NAMES: Final[Mapping[Audience, tuple[str, ...]]] = {
    "public": _OPEN,
    "staff": (*_OF_CASE, "team"),
    "complainant": (*_OF_CASE, *_OF_SURVEY, "name", "asked"),
}
"""What a template may name. In public no case can be known again; the desk's mail names no person."""
_LONGEST: Final = 50_000
_STOP_TWICE: Final = re.compile(r"(?<=\d\sг\.)\.(?!\.)")
"""A date that ends a sentence: the stop of its year ends both."""
_CODES: Final = ("topic", "clock", "outcome", "priority", "channel", "reason")
_BLANKS: Final = re.compile(r"\s+")
_PARAGRAPHS: Final = re.compile(r"\n{3,}")
_CYRILLIC: Final = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN: Final = re.compile(r"[a-z]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it was rendered."""

    subject: str | None
    body: str


class NotWritable(ValueError):
    """A template cannot be rendered. ``fix`` says what to write, ``line`` counts within the wording."""

    def __init__(self, field: str, line: int | None, fix: str) -> None:
        self.field, self.line, self.fix = field, line, fix
        super().__init__(f"{field}: {fix}")


def chosen(
    template: Template, channel: Channel, wanted: str | None, otherwise: WordingLanguage = "en"
) -> tuple[Wording, WordingLanguage]:
    """Return the words for a channel in the wanted language, else in ``otherwise``, else in the first there is."""
    texts = {**template.texts, **template.channels.get(channel, {})}
    short = (wanted or "").partition("-")[0]
    language: WordingLanguage = next((one for one in texts if one == short), otherwise)
    if language not in texts:
        language = next(iter(texts))
    return texts[language], language


def write(wording: Wording, language: WordingLanguage, facts: Facts, zone: str = "UTC") -> Written:
    """Return the text that a wording gives for these facts; times are told in ``zone``.

    Raises:
        NotWritable: it uses a name that is not among the facts, or fails over them.
    """
    known = {name: _told(name, value, language) for name, value in facts.items()}
    subject = None if wording.subject is None else _rendered("subject", wording.subject, language, zone, known)
    body = _rendered("body", wording.body, language, zone, known)
    return Written(_BLANKS.sub(" ", subject).strip() if subject else None, _PARAGRAPHS.sub("\n\n", body).strip() + "\n")


def problems(template: Template) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every error of a template: the place in it, and what to write there."""
    names = NAMES[template.audience]
    for place, language, wording in template.wordings():
        try:
            for field, text in (("subject", wording.subject), ("body", wording.body)):
                _refuse_names(field, text or "", names)
            for facts in (_FULL, {}):
                write(wording, language, {name: facts.get(name) for name in names})
        except NotWritable as error:
            within = f"line {error.line} of the text: " if error.line is not None else ""
            yield (*place, error.field), f"{within}{error.fix}"


def language_of(text: str | None) -> WordingLanguage | None:
    """Return ``ru`` for a text mostly in Cyrillic letters, ``en`` for one mostly in Latin ones, else None."""
    cyrillic, latin = (len(kind.findall((text or "")[:5_000])) for kind in (_CYRILLIC, _LATIN))
    if cyrillic == latin:
        return None
    return "ru" if cyrillic > latin else "en"


# ------------------------------------------------------------------------------------------------ rendering


@lru_cache(maxsize=8)
def _environment(language: WordingLanguage, zone: str) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    at = UTC if zone == "UTC" else ZoneInfo(zone)
    made.filters["day"] = partial(_day, language=language, zone=at)
    made.filters["moment"] = partial(_moment, language=language, zone=at)
    made.filters["days"] = partial(_days, language=language)
    return made


@lru_cache(maxsize=256)
def _compiled(text: str, language: WordingLanguage, zone: str) -> Compiled:
    return _environment(language, zone).from_string(text)


def _rendered(field: str, text: str, language: WordingLanguage, zone: str, facts: Facts) -> str:
    try:
        found = _compiled(text, language, zone).render(facts)
    except TemplateSyntaxError as error:
        raise NotWritable(field, error.lineno, f"not Jinja2: {error.message}") from None
    except TemplateError as error:
        raise NotWritable(field, None, f"cannot be rendered: {error.message}") from None
    except (ArithmeticError, AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise NotWritable(
            field, None, f"cannot be rendered ({type(error).__name__}); ask first: {{% if … %}}"
        ) from None
    if language == "ru":
        found = _STOP_TWICE.sub("", found)
    if len(found) > _LONGEST:
        raise NotWritable(field, None, f"becomes longer than {_LONGEST} characters; write less")
    return found


def _refuse_names(field: str, text: str, names: tuple[str, ...]) -> None:
    try:
        used = meta.find_undeclared_variables(_environment("en", "UTC").parse(text))
    except TemplateSyntaxError as error:
        raise NotWritable(field, error.lineno, f"not Jinja2: {error.message}") from None
    if unknown := sorted(used.difference(names)):
        raise NotWritable(field, None, f"there is no '{unknown[0]}' here; use some of: {', '.join(sorted(names))}")


def _told(name: str, value: object, language: WordingLanguage) -> object:
    """Return a value in words where it is a code, with the remedies of a list one by one."""
    if name == "remedies":
        return tuple(_remedy(one, language) for one in value) if isinstance(value, tuple | list) else ()
    if name in _CODES and isinstance(value, str):
        return label(name, value, language)
    return value


def _remedy(one: object, language: WordingLanguage) -> str:
    form, amount = one if isinstance(one, tuple) else (str(one), None)
    words = label("remedy", str(form), language)
    return f"{words}: {amount}" if amount else words


def label(group: str, code: str, language: WordingLanguage) -> str:
    """Return a code in words; one that nobody has put into words stands as it is, with blanks."""
    return LABELS[language].get(group, {}).get(code) or code.replace("_", " ")


def _day(value: date | None, *, language: WordingLanguage, zone: tzinfo) -> str:
    if value is None:
        return ""
    local = value.astimezone(zone) if isinstance(value, datetime) else value
    end = " г." if language == "ru" else ""
    return f"{local.day} {MONTHS[language][local.month - 1]} {local.year}{end}"


def _moment(value: datetime | None, *, language: WordingLanguage, zone: tzinfo) -> str:
    if value is None:
        return ""
    return f"{_day(value, language=language, zone=zone)}, {value.astimezone(zone):%H:%M}"


def _days(value: int | None, *, language: WordingLanguage) -> str:
    """Return a count of days with its word: 1 day, 2 дня, 5 дней."""
    if value is None:
        return ""
    if language == "en":
        return f"{value} day" if value == 1 else f"{value} days"
    if value % 10 == 1 and value % 100 != 11:
        return f"{value} день"
    few = 2 <= value % 10 <= 4 and not 12 <= value % 100 <= 14
    return f"{value} дня" if few else f"{value} дней"


_SOME_DAY: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_FULL: Final[Facts] = {
    "company": "Example", "contact": "help@example.com", "number": "PL-00000-00000", "topic": "delivery",
    "received_at": _SOME_DAY, "expected_by": _SOME_DAY, "usual_days": 5, "link": "https://example.com/status/1",
    "clock": "first_reply", "due_at": _SOME_DAY, "promised_at": _SOME_DAY, "percent": 75, "level": 2,
    "reason": "warning", "outcome": "upheld", "remedies": (("refund", "10.00 EUR"),), "answer_by": _SOME_DAY,
    "ends_on": _SOME_DAY, "priority": "high", "channel": "email", "score": 2, "team": "delivery", "name": "Ann",
    "asked": "the order number", "survey": "How are we doing?", "incentive": "A voucher of 5 EUR for every answer.",
    "opt_out": "https://example.com/p/2", "reminder": 1,
}  # fmt: skip
"""One of everything, to try a template with."""
