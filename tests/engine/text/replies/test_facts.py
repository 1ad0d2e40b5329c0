"""Names, numbers and other people's data in a reply, in private and in public."""

import pytest

from engine.text.replies.facts import facts
from engine.text.replies.finding import About, Check
from engine.text.similarity import sketch


def found(text: str, about: About) -> list[tuple[Check, str]]:
    return [(one.check, one.words) for one in facts(text, about)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Dear Anna,\n", ["Anna Berg"]),
        ("Dear Ms Berg,\n", ["Anna Berg"]),
        ("Уважаемая Анна Сергеевна!", ["Анна Берг"]),
        ("Здравствуйте, Игорю!", ["Игорь Мухин"]),
        ("Dear customer,\n", ["Anna Berg"]),
        ("Dear Peter,\n", []),
        ("We are sorry.", ["Anna Berg"]),
    ],
)
def test_the_name_is_right(text: str, names: list[str]) -> None:
    assert found(text, About(names=tuple(names))) == []


def test_another_name_or_number_is_told_with_the_right_one() -> None:
    about = About(names=("Anna Berg",), number="PL-00000-00001", references=("A-7781",))
    [name, case, order] = facts("Dear Peter,\nyour order A-7718, case PL-00000-00002.", about)
    assert (name.check, name.words) == ("wrong_name", "Peter")
    assert (case.check, case.words, case.instead) == ("wrong_number", "PL-00000-00002", "PL-00000-00001")
    assert (order.check, order.words) == ("wrong_number", "A-7718")


def test_in_private_ones_own_data_and_the_companys_may_stand() -> None:
    about = About(contacts=("anna@example.org", "+44 20 7946 0000"), ours=("@shop.example",))
    text = "See anna@example.org, jane@shop.example, support@x.example. Call +44 (20) 7946-0000 or 0800 123 45 67."
    assert found(text, about) == []
    assert found("See peter@example.org, card 4111 1111 1111 1111.", about) == [
        ("data_of_others", "peter@example.org"),
        ("data_of_others", "4111 1111 1111 1111"),
    ]


def test_in_public_nothing_may_stand_by_which_somebody_is_found() -> None:
    about = About(names=("Anna Berg",), contacts=("anna@example.org",), public=True)
    text = "Anna Berg, order 77812 for 5 Mill Road goes to anna@example.org. Call 0800 123 45 67, Anna."
    assert sorted(found(text, about)) == [
        ("personal_data_in_public", "5 Mill Road"),
        ("personal_data_in_public", "Anna Berg"),
        ("personal_data_in_public", "anna@example.org"),
        ("personal_data_in_public", "order 77812"),
    ]


def test_what_somebody_else_got_is_no_answer_of_ones_own() -> None:
    text = "We are sorry for the delay, the van broke down. We refund the delivery on Monday."
    other = sketch("We are sorry for the delay, the van broke down. We refund the delivery on Friday!")
    assert found(text, About(others=(other,))) == [("same_text", "")]
    assert found("We found your parcel at the depot.", About(others=(other,))) == []
