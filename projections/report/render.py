"""The digest as a page that needs nothing beside itself, or as Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any, Final, Literal

from jinja2 import Environment, FunctionLoader, select_autoescape
from markupsafe import Markup

from projections.pages.words import clock, stamp
from projections.replay.sentence import Language, spoken
from projections.report import plots, terminal
from projections.report.digest import Digest, Figures, Row
from projections.report.plots import Bar, Column
from projections.report.words import WORDS

Form = Literal["html", "md"]
_MINUS: Final = "\N{MINUS SIGN}"
_NONE: Final = "\N{EN DASH}"
"""Stands where there is nothing to count."""
_MOST: Final = 12
"""Rows of a plot at most."""


def _source(name: str) -> str:
    return resources.files("projections.report").joinpath("templates", name).read_text(encoding="utf-8")


def _cell(value: object) -> str:
    """Return a value for a table of Markdown."""
    return str(value).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


_TEMPLATES: Final = Environment(
    loader=FunctionLoader(_source), autoescape=select_autoescape(("html",)), trim_blocks=True, lstrip_blocks=True,
    keep_trailing_newline=True,
)  # fmt: skip
_TEMPLATES.filters.update(stamp=stamp, cell=_cell)


def render(found: Digest, language: Language, form: Form) -> str:
    """Return the report in ``language``; figures are those of ``found``, nothing is computed from a clock."""
    teller = _Teller(found, language)
    values: dict[str, Any] = {
        "d": found,
        "w": WORDS[language],
        "language": language,
        "summary": list(teller.summary()),
        "promises": list(teller.promises()),
        "broken": [(row["case"], stamp(row["due_at"]), stamp(row["fulfilled_at"])) for row in found.broken],
        "broken_among": _among(found.broken),
        "silent": list(teller.silent()),
        "marks": list(teller.marks()),
        "remedies": list(teller.remedies()),
        "worst": list(teller.worst()),
        "worst_among": _among(found.worst),
    }
    values |= {"plots": teller.plots()} if form == "html" else {"drawn": teller.drawn()}
    return _TEMPLATES.get_template(f"report.{form}").render(values)


class _Teller:
    """Puts figures into words of one language."""

    def __init__(self, found: Digest, language: Language) -> None:
        self._found, self._language, self._words = found, language, WORDS[language]

    def summary(self) -> Iterator[tuple[str, str, str, str]]:
        now, before = self._found.now, self._found.before
        for name in ("received", "feedback", "resolved", "exited", "reopened", "open_at_end", "median_days"):
            yield self._line(self._words[name], now.volumes[name], before.volumes[name])
        yield self._line(self._words["ratio"], _decimal(now.feedback.ratio), _decimal(before.feedback.ratio))
        yield self._line(self._words["attainment"], _percent(now.attainment()), _percent(before.attainment()))
        yield self._line(self._words["satisfied_share"], _content(now), _content(before))
        for currency in sorted({*now.cost(), *before.cost()}):
            costs = (one.cost().get(currency, Decimal(0)) for one in (now, before))
            yield self._line(f"{self._words['cost']}, {currency}", *costs)

    def _line(self, name: str, now: Any, before: Any) -> tuple[str, str, str, str]:
        change = "" if now is None or before is None else _signed(now - before)
        return name, _number(now) or _NONE, _number(before) or _NONE, change

    def silent(self) -> Iterator[tuple[str, str, str, str]]:
        for row in self._found.silent:
            bound = None if row.bound_seconds is None else _days(row.bound_seconds)
            yield (
                self._said("channel", row.channel),
                stamp(row.last_at),
                _number(_days(row.silent_seconds)),
                _number(bound),
            )

    def marks(self) -> Iterator[tuple[Any, ...]]:
        for row in self._found.marks:
            mean = f"{_number(_decimal(row.mean))} / {row.out_of}"
            yield row.parameter, row.marks, mean, _number(_percent(row.csat)), _number(_decimal(row.nps))

    def promises(self) -> Iterator[tuple[Any, ...]]:
        for row in self._found.now.promises:
            judged = row["kept"] + row["missed"]
            share = _number(_percent(row["kept"] / judged if judged else None))
            yield clock(row["kind"], self._language), row["kept"], row["missed"], share, row["late_evidence"]

    def remedies(self) -> Iterator[tuple[Any, ...]]:
        for row in self._found.now.remedies:
            cost = "" if row["cost"] is None else f"{_number(row['cost'])} {row['currency']}"
            yield self._said("form", row["form"]), self._said("ground", row["ground"]), row["complaints"], cost

    def worst(self) -> Iterator[tuple[Any, ...]]:
        for row in self._found.worst:
            stage = self._words["stage_left" if row["stage"] == "exited" else row["stage"]]
            unhappy = self._words["yes"] if row["dissatisfied"] else ""
            kind = self._said("type", row["type"])
            yield row["case"], row["opened_on"], kind, stage, row["missed"], row["reopenings"], unhappy

    def plots(self) -> dict[str, Markup | None]:
        words = self._words
        counted = (words["complaints"],)
        return {
            "flow": plots.columns(words["volumes"], self._flow_names(), self._flow()),
            "channels": plots.bars(words["by_channel"], counted, rows) if (rows := self._counts("channel")) else None,
            "types": plots.bars(words["by_type"], counted, rows) if (rows := self._counts("type")) else None,
            "funnel": plots.bars(words["funnel"], self._funnel_names(), self._funnel()),
            "promises": plots.bars(words["sla"], self._promise_names(), self._promises()),
            "causes": plots.pareto(words["causes"], words["complaints"], words["running"], causes)
            if (causes := self._causes())
            else None,
        }

    def drawn(self) -> dict[str, str]:
        counted = (self._words["complaints"],)
        nothing = self._words["nothing"]
        flow = [Bar(one.label, one.values, " / ".join(map(_number, one.values))) for one in self._flow()]
        return {
            "flow": terminal.bars(self._flow_names(), flow),
            "channels": terminal.bars(counted, self._counts("channel")) or nothing,
            "types": terminal.bars(counted, self._counts("type")) or nothing,
            "funnel": terminal.bars(self._funnel_names(), self._funnel()),
            "causes": terminal.bars(counted, [Bar(name, (count,)) for name, count in self._causes()]) or nothing,
        }

    def _flow_names(self) -> tuple[str, ...]:
        return self._words["came_in"], self._words["ended"]

    def _flow(self) -> list[Column]:
        return [Column(f"{row['day']:%m-%d}", (row["came_in"], row["ended"])) for row in self._found.flow]

    def _funnel_names(self) -> tuple[str, ...]:
        return self._words["passed"], self._words["there_now"], self._words["stage_exited"]

    def _funnel(self) -> list[Bar]:
        return [Bar(self._words[one.stage], (one.passed, one.there_now, one.exited)) for one in self._found.stages]

    def _promise_names(self) -> tuple[str, ...]:
        return self._words["kept"], self._words["late_evidence"], self._words["missed"]

    def _promises(self) -> list[Bar]:
        return [
            Bar(clock(row["kind"], self._language), (row["kept"], row["late_evidence"], row["missed"]))
            for row in self._found.now.promises
        ]

    def _causes(self) -> list[tuple[str, int]]:
        return [(self._said("cause", row["key"]), row["n"]) for row in self._found.causes]

    def _counts(self, field: Literal["channel", "type"]) -> list[Bar]:
        rows: Sequence[Row] = self._found.channels if field == "channel" else self._found.types
        return [Bar(self._said(field, row["key"]), (row["n"],)) for row in rows[:_MOST]]

    def _said(self, field: str, value: str | None) -> str:
        return self._words["unknown"] if value is None else spoken(field, value, self._language)


def _among(rows: Sequence[Row]) -> int | None:
    """Return how many there are where not all are shown."""
    return rows[0]["among"] if rows and rows[0]["among"] > len(rows) else None


def _days(seconds: float) -> Decimal:
    return Decimal(str(round(seconds / 86_400, 1)))


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 2)))


def _percent(share: float | None) -> Decimal | None:
    return None if share is None else Decimal(str(round(100 * share, 1)))


def _content(figures: Figures) -> Decimal | None:
    told: Mapping[str, Any] = figures.satisfaction
    return _percent(told["satisfied"] / told["rated"]) if told["rated"] else None


def _number(value: Any) -> str:
    """Return a number without needless zeros behind the point; nothing for nothing."""
    if value is None:
        return ""
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(value: Any) -> str:
    if not value:
        return "0"
    return f"+{_number(value)}" if value > 0 else f"{_MINUS}{_number(-value)}"
