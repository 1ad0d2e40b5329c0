"""A reply is parted from what it quotes only where that is plain."""

import pytest

from schemas.channels.mail.quoting import split


@pytest.mark.parametrize(
    ("text", "own", "quoted"),
    [
        (
            "Спасибо, всё решено.\n\n1 марта 2026 г. Поддержка <s@x.example> написал(а):\n> Мы заменили товар.",
            "Спасибо, всё решено.",
            "1 марта 2026 г. Поддержка <s@x.example> написал(а):\n> Мы заменили товар.",
        ),
        (
            "No.\n\nOn Sun, 1 Mar 2026 at 09:30, Support\n<s@x.example> wrote:\n\n> Is it solved?\n>\n> Yours",
            "No.",
            "On Sun, 1 Mar 2026 at 09:30, Support\n<s@x.example> wrote:\n\n> Is it solved?\n>\n> Yours",
        ),
        (
            "Нет\n\n-----Исходное сообщение-----\nОт: s@x.example\nОтветьте",
            "Нет",
            "-----Исходное сообщение-----\nОт: s@x.example\nОтветьте",
        ),
        ("No\n\nFrom: S\nSent: today\nTo: me\n\nText", "No", "From: S\nSent: today\nTo: me\n\nText"),
        ("Yes\n> quoted below", "Yes", "> quoted below"),
    ],
)
def test_what_follows_the_reply_is_kept_apart(text: str, own: str, quoted: str) -> None:
    assert split(text) == (own, quoted)


@pytest.mark.parametrize(
    "text",
    [
        "One line",
        "> Is it solved?\nNo!\n> And this?\nNeither.",
        "See below\n\n---------- Forwarded message ---------\nFrom: a@b.example\nDate: today\nSubject: x\n\nIt broke",
        "Он написал:\nвы сами виноваты",
        "> nothing but a quotation",
        "From: the shop I got only\npromises",
        "",
    ],
)
def test_everything_else_stays_whole(text: str) -> None:
    assert split(text) == (text, "")


def test_many_quoted_lines_take_no_long_time() -> None:
    own, quoted = split("a\n" + "> b\n" * 100_000 + "c\n" + "> d\n" * 10)

    assert own.endswith("\nc")
    assert quoted.count("\n") == 9
