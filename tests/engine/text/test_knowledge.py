"""Articles of the knowledge base: how a file is read, and which ones fit a complaint."""

import pytest

from engine.text.knowledge import Article, BadArticle, fitting, read

LATE = Article("late", "delivery", "en", "Late delivery", "courier, parcel", "Say sorry for the waiting.")
BROKEN = Article("broken", "product", "en", "Broken goods", "kettle, leaks", "Offer a repair.")
POZDNO = Article("late", "delivery", "ru", "Опоздание", "курьер, посылка", "Извинитесь за ожидание.")
ALL = (LATE, BROKEN, POZDNO)


def test_a_file_is_an_article_by_its_folder_name_and_first_line() -> None:
    text = "# Late delivery\nKeywords: courier, parcel\n\nSay sorry for the waiting.\n"
    assert read("delivery", "late.en.md", text) == LATE


@pytest.mark.parametrize(
    ("folder", "name", "text", "fix"),
    [
        ("weather", "late.en.md", "# Late", "'weather' is no type of complaint; name the folder one of service, "),
        ("delivery", "Late.md", "# Late", "name it as 'late-delivery.en.md'"),
        ("delivery", "late.en.md", "Late", "line 1: write the title as '# Late delivery'"),
        ("delivery", "late.en.md", "", "line 1: write the title as '# Late delivery'"),
    ],
)
def test_what_is_no_article_is_named_with_the_fix(folder: str, name: str, text: str, fix: str) -> None:
    with pytest.raises(BadArticle) as refused:
        read(folder, name, text)
    assert str(refused.value).startswith(f"{folder}/{name}: {fix}")


def test_an_article_fits_by_words_in_the_language_of_the_complaint() -> None:
    [first] = fitting(["The courier lost my parcel"], None, ALL)
    assert (first.article, first.common) == (LATE, ("courier", "parcel"))
    assert [one.article for one in fitting(["Курьер потерял посылку"], None, ALL)] == [POZDNO]


def test_those_of_the_complaints_own_type_stand_behind_what_fits_by_words() -> None:
    found = fitting(["My kettle leaks"], "delivery", ALL)
    assert [(one.article, one.likeness > 0) for one in found] == [(BROKEN, True), (LATE, False)]
    assert fitting(["My kettle leaks"], "delivery", ALL, most=1) == found[:1]


def test_where_nothing_is_said_only_the_type_speaks() -> None:
    assert [one.article for one in fitting([], "product", ALL)] == [BROKEN]
    assert fitting([], None, ALL) == []
