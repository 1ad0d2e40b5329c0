"""HTML becomes the text a reader would see, in time that grows with its length alone."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.channels.mail.html_text import text_of


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Не&nbsp;работает</p><p>Верните&#32;деньги &lt;срочно&gt;</p>", "Не работает\nВерните деньги <срочно>"),
        ("<head><title>t</title><style>p{}</style></head><body>a<br>b<br/>c</body>", "a\nb\nc"),
        ("<head><title>never closed<body>a</body>", "a"),
        ("a<script>alert('<b>')</script>b", "ab"),
        ("a<!-- hidden <b>x</b> -->b", "ab"),
        ("<!DOCTYPE html><?xml v?><![if mso]>a<![endif]>", "a"),
        ("a <b>bold</b> word", "a bold word"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"),
        ("new<blockquote>old<blockquote>older</blockquote></blockquote>end", "new\n> old\n> > older\nend"),
        ("1 < 2 and <unfinished", "1 < 2 and <unfinished"),
        ("", ""),
    ],
)
def test_visible_text_is_kept_and_nothing_else(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<!", "<![", "<a b='", "<a b='>", "</", "<?", "&#", "<", "<b>"])
def test_a_hostile_body_takes_no_longer_than_an_honest_one(piece: str) -> None:
    started = perf_counter()
    text_of(piece * (300_000 // len(piece)))

    assert perf_counter() - started < 5  # seconds; the bare parser needs minutes for the first of these


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(["<", ">", "!", "--", "[", "a", "'", '"', "/", "&", "#", "?", " "])).map("".join)
)
def test_any_html_becomes_text(html: str) -> None:
    assert isinstance(text_of(html), str)
