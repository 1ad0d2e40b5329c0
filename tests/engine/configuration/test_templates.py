"""The shipped templates: both languages each, and what a complainant reads."""

import re
from datetime import UTC, datetime
from inspect import cleandoc

import pytest

from consumers.wiring import presets
from engine.configuration import admissible, in_force
from engine.configuration.activation import activation
from engine.text.wording import NAMES, chosen, write
from schemas import configuration
from schemas.configuration import ConfigurationRefused, Template
from schemas.configuration.activated import ConfigurationActivated
from schemas.configuration.template import WordingLanguage

SHIPPED = {one.id: one for one in presets.shipped() if isinstance(one, Template)}
FACTS = {
    "name": "Анна",
    "number": "PL-06BF1-80000",
    "topic": "delivery",
    "received_at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    "expected_by": datetime(2026, 3, 16, 15, 0, tzinfo=UTC),
    "link": "https://complaints.example.com/status/1",
    "company": "Example",
}

ALWAYS = {
    "number": "PL-06BF1-80000",
    "received_at": datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    "clock": "first_reply",
    "due_at": datetime(2026, 3, 16, 15, 0, tzinfo=UTC),
    "level": 2,
    "score": 40,
}
"""What the events that a template is for always tell."""


def read(id: str, language: WordingLanguage, **facts: object) -> tuple[str | None, str]:
    wording, found = chosen(SHIPPED[id], "email", language)
    assert found == language
    known = {**dict.fromkeys(NAMES[SHIPPED[id].audience]), **facts}
    return (written := write(wording, language, known, "Europe/Moscow")).subject, written.body


def test_an_acknowledgement_says_number_topic_time_link_and_thanks() -> None:
    assert read("acknowledgement", "en", **FACTS) == (
        "[PL-06BF1-80000] We have your complaint",
        cleandoc("""
        Hello Анна,

        Thank you for telling us. We are sorry that you had reason to.

        Your complaint about delivery arrived on 2 March 2026, 12:00 and has the number PL-06BF1-80000.
        You will have our answer by 16 March 2026, 18:00.

        You can see at any time where it stands: https://complaints.example.com/status/1

        If anything is missing, reply to this e-mail and leave the number in its subject.

        Example
        """)
        + "\n",
    )


def test_an_acknowledgement_in_russian_says_the_same() -> None:
    assert read("acknowledgement", "ru", **FACTS) == (
        "[PL-06BF1-80000] Мы получили вашу жалобу",
        cleandoc("""
        Здравствуйте, Анна!

        Спасибо, что написали нам. Нам жаль, что у вас возник повод для жалобы.

        Ваша жалоба (тема: доставка) поступила 2 марта 2026 г., 12:00, её номер PL-06BF1-80000.
        Мы ответим до 16 марта 2026 г., 18:00.

        Узнать, что с ней сейчас, можно в любое время: https://complaints.example.com/status/1

        Если нужно что-то добавить, ответьте на это письмо и оставьте номер в теме.

        Example
        """)
        + "\n",
    )


def test_without_a_promise_it_says_what_such_cases_really_took() -> None:
    _, body = read("acknowledgement", "en", **{**FACTS, "expected_by": None, "usual_days": 6})
    assert "Complaints like yours have lately taken us 6 days." in body
    assert "You will have our answer" not in body


@pytest.mark.parametrize("id", sorted(SHIPPED))
@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_shipped_template_is_whole_in_both_languages(id: str, language: WordingLanguage) -> None:
    subject, body = read(id, language, **ALWAYS)
    assert subject
    assert "None" not in subject + body
    assert not re.search(r"\n{3,}| +$|\{|\}", body, re.MULTILINE)
    assert bool(re.search("[а-яё]", body)) == (language == "ru")


def test_a_template_that_cannot_be_rendered_is_refused_whole_with_its_line() -> None:
    text = cleandoc("""
    kind: template
    id: hello
    version: 1
    audience: complainant
    texts:
      en:
        subject: Hello
        body: "{{ nmae }}"
    """)
    item, document = configuration.load_with_lines(text, "hello.yaml")
    ((found, path, fix),) = admissible.problems([item])
    assert (found, document.line(path), path) == (item, 8, ("texts", "en", "body"))
    assert fix.startswith("there is no 'nmae' here; use some of: answer_by, asked, ")


def test_a_mail_without_a_subject_is_refused_with_line_field_and_fix() -> None:
    text = "kind: template\nid: hello\nversion: 1\naudience: staff\ntexts:\n  en: {body: Hi}\n"
    with pytest.raises(ConfigurationRefused, match=r"hello.yaml: line 6: texts.en.subject: is missing; add it"):
        configuration.load(text, "hello.yaml")


def test_the_book_keeps_the_latest_version_of_each_template() -> None:
    first = SHIPPED["given"]
    second = first.model_copy(update={"version": 2})
    activated = [event for one in (first, second) if isinstance(event := activation(one), ConfigurationActivated)]
    book = in_force.fold(activated)
    assert dict(book.templates) == {"given": second}
    assert in_force.holds(book, first)
    assert not in_force.holds(book, second.model_copy(update={"version": 3}))


@pytest.mark.parametrize("id", sorted(one.id for one in SHIPPED.values() if one.audience != "public"))
def test_an_english_letter_begins_with_a_capital_after_the_greeting(id: str) -> None:
    _, body = read(id, "en", **FACTS)
    first = next(line for line in body.splitlines() if line and not line.startswith("Hello"))
    assert first[0].isupper()
