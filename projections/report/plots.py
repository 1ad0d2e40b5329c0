"""Plots as inline SVG: no script, no font and no picture from elsewhere, with the figures as a text beside.

Every plot has a role, a title and a description that says its numbers, so that nothing is told by colour alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from markupsafe import Markup

WIDTH: Final = 720
_LABELS: Final = 270
_ROW: Final = 30
_HIGH: Final = 200
PALETTE: Final = ("#2f6f9f", "#9fb8c8", "#c8553d", "#e0b04c")


@dataclass(frozen=True, slots=True)
class Bar:
    """One labelled row of parts that stand side by side, each of them 0 or more."""

    label: str
    parts: tuple[float, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the line of time with a value for each series."""

    label: str
    values: tuple[float, ...]


def bars(title: str, names: Sequence[str], rows: Sequence[Bar]) -> Markup:
    """Draw rows of stacked parts, the longest over the full width."""
    most = max((sum(row.parts) for row in rows), default=0) or 1
    room = WIDTH - _LABELS - 130
    body: list[str] = []
    for number, row in enumerate(rows):
        top, left = number * _ROW + 6, float(_LABELS)
        body.append(_text(_LABELS - 10, top + 14, row.label, "end"))
        for part, colour in zip(row.parts, PALETTE, strict=False):
            width = room * part / most
            if width:
                body.append(_box(left, top, width, 19, colour))
            left += width
        body.append(_text(left + 8, top + 14, row.note or _number(sum(row.parts))))
    high = len(rows) * _ROW + 8
    said = "; ".join(f"{row.label}: {_told(names, row.parts)}" for row in rows)
    return _svg(title, said, high + _legend_height(names), [*body, *_legend(names, high)])


def columns(title: str, names: Sequence[str], marks: Sequence[Column]) -> Markup:
    """Draw groups of columns along a line of time."""
    most = max((value for mark in marks for value in mark.values), default=0) or 1
    place = (WIDTH - 50) / max(1, len(marks))
    wide = min(26.0, place * 0.8 / max(1, len(names)))
    every = max(1, -(-len(marks) // 12))
    body = _scale(most)
    for number, mark in enumerate(marks):
        middle = 44 + place * (number + 0.5)
        left = middle - wide * len(names) / 2
        for which, value in enumerate(mark.values):
            tall = (_HIGH - 30) * value / most
            if tall:
                body.append(_box(left + which * wide, _HIGH - tall, wide - 1, tall, PALETTE[which]))
        if number % every == 0:
            body.append(_text(middle, _HIGH + 18, mark.label, "middle"))
    said = "; ".join(f"{mark.label}: {_told(names, mark.values)}" for mark in marks)
    high = _HIGH + 30
    return _svg(title, said, high + _legend_height(names), [*body, *_legend(names, high)])


def pareto(title: str, name: str, running: str, rows: Sequence[tuple[str, int]]) -> Markup:
    """Draw rows by frequency with the share that they and those above make together."""
    whole, sum_ = sum(count for _, count in rows) or 1, 0
    shown: list[Bar] = []
    for label, count in rows:
        sum_ += count
        shown.append(Bar(label, (count,), f"{count}   ({running} {sum_ / whole:.0%})"))
    return bars(title, (name,), shown)


def _told(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{name} {_number(value)}" for name, value in zip(names, values, strict=False))


def _scale(most: float) -> list[str]:
    found = []
    for share in (0.0, 0.5, 1.0):
        height = _HIGH - (_HIGH - 30) * share
        found.append(f'<line x1="40" x2="{WIDTH}" y1="{height:.1f}" y2="{height:.1f}" stroke="#d9dee2"/>')
        value = most * share
        if share == 0 or value == int(value):
            found.append(_text(34, height + 4, _number(value), "end"))
    return found


def _legend_height(names: Sequence[str]) -> int:
    return 26 if len(names) > 1 else 0


def _legend(names: Sequence[str], top: float) -> list[str]:
    if len(names) < 2:
        return []
    found, left = [], 44.0
    for name, colour in zip(names, PALETTE, strict=False):
        found += [_box(left, top + 6, 12, 12, colour), _text(left + 18, top + 17, name)]
        left += 40 + 7.6 * len(name)
    return found


def _number(value: float) -> str:
    return f"{value:g}" if value != int(value) else str(int(value))


def _box(left: float, top: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}" rx="2"/>'


def _text(left: float, top: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, said: str, height: float, body: Sequence[str]) -> Markup:
    head = f'<svg role="img" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" font-size="13">'
    told = f"<title>{escape(title)}</title><desc>{escape(said)}</desc>"
    return Markup(head + told + "".join(body) + "</svg>")  # noqa: S704 -- every text in it was escaped above
