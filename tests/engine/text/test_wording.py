from datetime import UTC, date, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.text.labels import LABELS
from engine.text.wording import NAMES, NotWritable, Written, chosen, language_of, problems, write
from schemas.configuration.template import Template, Wording, WordingLanguage
from schemas.words import Channel, ComplaintType, Outcome, Priority, RemedyForm, Stage

AT = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)


def template(body: str, *, audience: str = "complainant", subject: str = "Hello", **more: object) -> Template:
    texts = {"en": {"subject": subject, "body": body}}
    return Template.model_validate({"id": "t", "version": 1, "audience": audience, "texts": texts, **more})


def said(body: str, language: WordingLanguage = "en", zone: str = "UTC", **facts: object) -> str:
    return write(Wording(subject=None, body=body), language, facts, zone).body


def test_a_text_is_told_in_the_language_and_the_time_zone_of_who_reads_it() -> None:
    body = "{{ at | moment }} / {{ at | day }} / {{ on | day }} / {{ n | days }}"
    facts = {"at": AT, "on": date(2026, 5, 9), "n": 22}
    assert said(body, "en", "Europe/Moscow", **facts) == "3 March 2026, 00:30 / 3 March 2026 / 9 May 2026 / 22 days\n"
    assert (
        said(body, "ru", "Europe/Moscow", **facts)
        == "3 марта 2026 г., 00:30 / 3 марта 2026 г. / 9 мая 2026 г. / 22 дня\n"
    )


@pytest.mark.parametrize(
    ("count", "en", "ru"),
    [(1, "1 day", "1 день"), (2, "2 days", "2 дня"), (5, "5 days", "5 дней"), (11, "11 days", "11 дней"),
     (12, "12 days", "12 дней"), (21, "21 days", "21 день"), (111, "111 days", "111 дней"), (None, "", "")],
)  # fmt: skip
def test_days_are_counted_as_people_do(count: int | None, en: str, ru: str) -> None:
    assert said("{{ n | days }}", "en", n=count).strip() == en
    assert said("{{ n | days }}", "ru", n=count).strip() == ru


def test_a_russian_date_at_the_end_of_a_sentence_has_one_stop() -> None:
    ends = Wording(subject="s", body="Ответьте до {{ answer_by | day }}. Спасибо...")
    facts = {"answer_by": datetime(2026, 3, 2, 9, tzinfo=UTC)}
    assert write(ends, "ru", facts).body == "Ответьте до 2 марта 2026 г. Спасибо...\n"


def test_codes_are_put_into_words_and_an_unknown_one_stands_with_blanks() -> None:
    facts = {"topic": "delivery", "clock": "first_reply", "reason": "no_such_reason"}
    assert said("{{ topic }}, {{ clock }}, {{ reason }}", "ru", **facts) == "доставка, первый ответ, no such reason\n"


def test_remedies_are_told_one_by_one_with_their_sums() -> None:
    remedies = (("refund", "10.00 EUR"), ("repair", None))
    assert (
        said("{% for one in remedies %}- {{ one }}\n{% endfor %}", remedies=remedies)
        == "- refund: 10.00 EUR\n- repair\n"
    )


def test_a_subject_is_one_line_whatever_its_facts_say() -> None:
    written = write(Wording(subject="Hello {{ name }}", body="x"), "en", {"name": "Ann\r\nBcc: all@example.com"})
    assert written == Written("Hello Ann Bcc: all@example.com", "x\n")


def test_what_a_person_wrote_is_never_read_as_a_template() -> None:
    assert said("{{ name }}", name="{{ 7 * 7 }}{% raise %}") == "{{ 7 * 7 }}{% raise %}\n"


def test_the_words_for_a_channel_go_before_and_a_missing_language_falls_back() -> None:
    made = template("mail", channels={"messenger": {"en": {"body": "short"}}})
    assert chosen(made, "messenger", "en-GB") == (Wording(body="short"), "en")
    assert chosen(made, "email", "ru") == (Wording(subject="Hello", body="mail"), "en")
    only = Template.model_validate(
        {"id": "t", "version": 1, "audience": "staff", "texts": {"ru": {"subject": "А", "body": "Б"}}}
    )
    assert chosen(only, "email", "en")[1] == "ru"


@pytest.mark.parametrize(
    ("body", "fix"),
    [
        ("a\n{% if number %}\nb", ("line 3 of the text: not Jinja2: Unexpected end of template. Jinja was looking for "
         "the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.")),
        ("{{ nmae }}", "there is no 'nmae' here; use some of: "),
        ("{{ expected_by.year }}", "cannot be rendered: 'None' has no attribute 'year'"),
        ("{{ number.__class__ }}", "cannot be rendered: access to attribute '__class__' of 'str' object is unsafe."),
        ("{% include 'x' %}", "cannot be rendered (TypeError); ask first: {% if … %}"),
        ("{{ number | day }}", "cannot be rendered (AttributeError); ask first: {% if … %}"),
        ("{{ 'x' * 60000 }}", "becomes longer than 50000 characters; write less"),
    ],
)  # fmt: skip
def test_a_template_that_could_fail_is_refused_with_its_place(body: str, fix: str) -> None:
    ((place, found),) = problems(template(body))
    assert place == ("texts", "en", "body")
    assert found.startswith(fix)


def test_in_public_no_case_can_be_known_again_and_the_desk_reads_no_name() -> None:
    ((place, found),) = problems(template("Your number is {{ number }}", audience="public"))
    assert (place, found.partition(";")[0]) == (("texts", "en", "body"), "there is no 'number' here")
    assert [fix.partition(";")[0] for _, fix in problems(template("{{ name }}", audience="staff"))] == [
        "there is no 'name' here"
    ]


def test_a_name_that_is_not_among_the_facts_is_an_error_and_no_blank() -> None:
    with pytest.raises(NotWritable, match="body: cannot be rendered: 'name' is undefined"):
        said("{{ name }}")


@pytest.mark.parametrize(
    ("text", "language"),
    [("Где мой заказ ABC?", "ru"), ("Where is my order?", "en"), ("12345 !!", None), ("", None), (None, None)],
)
def test_the_language_of_a_text_is_that_of_most_of_its_letters(text: str | None, language: str | None) -> None:
    assert language_of(text) == language


@given(name=st.text(max_size=200), asked=st.one_of(st.none(), st.text(max_size=500)))
def test_whatever_a_person_is_called_the_text_holds_it_and_the_subject_stays_one_line(
    name: str, asked: str | None
) -> None:
    facts = {**dict.fromkeys(NAMES["complainant"]), "name": name, "asked": asked}
    written = write(Wording(subject="To {{ name }}", body="<{{ name }}>{{ asked or '' }}"), "en", facts)
    assert written.subject is not None
    assert len(written.subject.splitlines()) <= 1


def test_every_code_that_has_words_has_them_in_both_languages() -> None:
    assert {group: set(words) for group, words in LABELS["en"].items()} == {
        group: set(words) for group, words in LABELS["ru"].items()
    }
    assert set(LABELS["en"]["topic"]) == set(get_args(ComplaintType))
    assert set(LABELS["en"]["remedy"]) == set(get_args(RemedyForm))
    assert set(LABELS["en"]["outcome"]) == set(get_args(Outcome))
    assert set(LABELS["en"]["priority"]) == set(get_args(Priority))
    assert set(LABELS["en"]["channel"]) == set(get_args(Channel))
    assert set(get_args(Stage)) <= set(LABELS["en"]["clock"])
