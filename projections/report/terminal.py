"""Plots of plain characters, for a terminal."""

from collections.abc import Sequence

from projections.report.plots import Bar

_BLOCKS = "█▒░▚"


def bars(names: Sequence[str], rows: Sequence[Bar], width: int = 80, most: float | None = None) -> str:
    """Return one line per row: its parts side by side in characters of their own, then their sum.

    The longest row fills ``width`` columns together with its label; a part that is not 0 has one character at least.
    ``most`` is what fills it instead, so that several plots have one scale.
    """
    label = max((len(row.label) for row in rows), default=0)
    room = max(10, width - label - 12)
    most = most or max((sum(row.parts) for row in rows), default=0) or 1
    lines = []
    for row in rows:
        drawn = "".join(
            block * (max(1, round(room * part / most)) if part else 0)
            for block, part in zip(_BLOCKS, row.parts, strict=False)
        )
        lines.append(f"{row.label:<{label}}  {drawn} {row.note or f'{sum(row.parts):.15g}'}".rstrip())
    if len(names) > 1:
        lines.append("  ".join(f"{block} {name}" for block, name in zip(_BLOCKS, names, strict=False)))
    return "\n".join(lines)
