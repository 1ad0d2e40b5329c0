"""An HTML body becomes the text that a reader would see.

What is fed to ``html.parser`` is first made harmless: without its comments and with every ``<``
escaped that opens no complete tag, because the library's parser takes time with the square of
such input (100 kB of ``<a `` take minutes) and raises on broken declarations.
"""

import re
from html.parser import HTMLParser

MAX_HTML = 2_000_000  # characters read; the raw message keeps the rest

HIDDEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
BREAKS = frozenset({
    "address", "article", "blockquote", "br", "dd", "div", "dl", "dt", "footer", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody", "tr", "ul",
})  # fmt: skip
QUOTES = frozenset({"blockquote"})

INCOMPLETE = re.compile(r"<(?![^<>]*>)")
DECLARATION = re.compile(r"<[!?][^<>]*>")


def text_of(html: str) -> str:
    """Return the visible text: blocks on lines of their own, quotations marked with ``> ``."""
    reader = _Reader()
    reader.feed(_harmless(html[:MAX_HTML]))
    reader.close()
    return reader.text()


def _harmless(html: str) -> str:
    kept, at = [], 0
    while (start := html.find("<!--", at)) >= 0:
        kept.append(html[at:start])
        end = html.find("-->", start + 2)
        if end < 0:
            at = len(html)
            break
        at = end + 3
    kept.append(html[at:])
    return INCOMPLETE.sub("&lt;", DECLARATION.sub("", "".join(kept)))


class _Reader(HTMLParser):
    """Collects the text between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._depths: list[int] = [0]
        self._hidden = 0
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 -- the library's signature
        if tag in HIDDEN:
            self._hidden += 1
        if tag == "body":
            self._hidden = 0  # a head that was never closed hides nothing of the body
        self._quoted += tag in QUOTES
        if tag in BREAKS:
            self._break()
        elif tag in ("td", "th"):
            self._lines[-1] += " "

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 -- see above
        if tag in BREAKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag in QUOTES:
            self._quoted = max(0, self._quoted - 1)
        if tag in BREAKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._lines[-1] += re.sub(r"\s+", " ", data)

    def _break(self) -> None:
        self._lines.append("")
        self._depths.append(min(self._quoted, 9))

    def text(self) -> str:
        lines = (
            "> " * depth + line
            for depth, raw in zip(self._depths, self._lines, strict=True)
            if (line := re.sub(r"[ \xa0\u200b]+", " ", raw).strip())
        )
        return "\n".join(lines)
