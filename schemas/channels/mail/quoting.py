"""A reply is parted from the earlier correspondence below it, where that is plain to see.

Careful rather than clever: answers written between quoted lines stay whole, and so does
everything that was forwarded, because there the words below are the matter itself.
"""

import re

ATTRIBUTION = re.compile(
    r"^(?!>).{0,300}(?:wrote|writes|писал|писала|пишет|написал|написала|написал\(а\)|написано)\s*:\s*$", re.IGNORECASE
)
SEPARATOR = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|исходное сообщение|оригинальное сообщение)\s*-{2,}|_{20,})\s*$", re.IGNORECASE
)
BLOCK_START = re.compile(r"^\*?(?:from|от|отправитель)\*?:", re.IGNORECASE)
BLOCK_NEXT = re.compile(r"^\*?(?:sent|date|to|subject|отправлено|дата|кому|тема)\*?:", re.IGNORECASE)
FORWARDED = re.compile(r"forwarded message|пересылаемое сообщение|пересланное сообщение|begin forwarded", re.IGNORECASE)
ATTRIBUTION_LINES = 3  # a mailer may fold "On <date>, <name> <address> wrote:" over so many


def split(text: str) -> tuple[str, str]:
    """Return what the writer wrote and what he quoted; all of it and nothing if that cannot be told."""
    lines = text.splitlines()
    tail = _with_attribution(lines, _quoted_tail(lines))
    for number, line in enumerate(lines):
        if FORWARDED.search(line):
            break
        if _begins_quotation(lines, number, tail):
            own, quoted = "\n".join(lines[:number]).strip(), "\n".join(lines[number:]).strip()
            return (own, quoted) if own else (text.strip(), "")
    return text.strip(), ""


def _quoted_tail(lines: list[str]) -> int:
    """Return from which line on nothing but quotation and blank lines follows; the length if nothing does."""
    tail = first_quoted = len(lines)
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].startswith(">"):
            first_quoted = number
        elif lines[number].strip():
            break
        tail = number
    return tail if first_quoted < len(lines) else len(lines)


def _begins_quotation(lines: list[str], number: int, tail: int) -> bool:
    line = lines[number]
    if SEPARATOR.match(line):
        return "-" in line or _is_header_block(lines, number + 1)
    if BLOCK_START.match(line):
        return _is_header_block(lines, number)
    return number >= tail


def _with_attribution(lines: list[str], tail: int) -> int:
    """Return where the line that says who wrote what is quoted begins; ``tail`` if there is none.

    It names a date; so the shortest group of lines above the quotation that does is all of it.
    """
    if tail == len(lines):
        return tail
    start = tail
    for number in range(tail - 1, max(-1, tail - 1 - ATTRIBUTION_LINES), -1):
        head = " ".join(line.strip() for line in lines[number:tail])
        if not lines[number].strip() or not ATTRIBUTION.match(head):
            break
        start = number
        if re.search(r"\d", re.sub(r"<[^>]*>", "", head)):
            return start
    return tail - 1 if start < tail else tail


def _is_header_block(lines: list[str], number: int) -> bool:
    """Recognise the header lines that Outlook writes above what it quotes."""
    following = [line.strip() for line in lines[number : number + 6] if line.strip()]
    return bool(following and BLOCK_START.match(following[0]) and any(BLOCK_NEXT.match(line) for line in following[1:]))
