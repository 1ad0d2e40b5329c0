"""The knowledge base on disk: what is shipped, and a directory of one's own before it."""

from pathlib import Path

import pytest

from consumers.wiring.knowledge import articles, shipped
from engine.text.knowledge import BadArticle, fitting


def test_every_shipped_article_is_there_in_both_languages() -> None:
    found = {
        language: {(one.type, one.id) for one in shipped() if one.language == language} for language in ("en", "ru")
    }
    assert found["en"] == found["ru"]
    assert {kind for kind, _ in found["en"]} == {"delivery", "product", "service", "price", "staff", "information"}


@pytest.mark.parametrize(
    ("text", "article"),
    [
        ("The courier came three hours after the promised time.", "late-delivery"),
        ("Курьер опоздал на три часа.", "late-delivery"),
        ("My card was charged twice for one order.", "charged-twice"),
        ("С карты дважды списали деньги за один заказ.", "charged-twice"),
        ("The cashier was rude and shouted at my mother.", "rude-staff"),
        ("Кассир нагрубила и кричала на маму.", "rude-staff"),
        ("The screen of the tablet is cracked.", "defective-goods"),
        ("На планшете треснул экран.", "defective-goods"),
    ],
)
def test_the_shipped_articles_are_found_by_what_people_write(text: str, article: str) -> None:
    assert fitting([text], None, shipped())[0].article.id == article


def test_a_directory_of_ones_own_replaces_and_adds(tmp_path: Path) -> None:
    mine = tmp_path / "delivery"
    mine.mkdir()
    (mine / "late-delivery.en.md").write_text("# Ours\nCall first.", encoding="utf-8")
    (mine / "storm.en.md").write_text("# Storm\nNobody's fault.", encoding="utf-8")
    (mine / "README.md").write_text("how we write", encoding="utf-8")
    found = {(one.id, one.language): one.title for one in articles(tmp_path)}
    assert (found["late-delivery", "en"], found["storm", "en"]) == ("Ours", "Storm")
    assert len(found) == len(shipped()) + 1


def test_every_file_that_is_no_article_is_named(tmp_path: Path) -> None:
    mine = tmp_path / "delivery"
    mine.mkdir()
    (mine / "late.en.md").write_text("no title", encoding="utf-8")
    (mine / "b.en.md").write_bytes(b"\xff\xfe")
    with pytest.raises(BadArticle) as refused:
        articles(tmp_path)
    assert str(refused.value).splitlines() == [
        "delivery/b.en.md: not UTF-8; save the file as UTF-8",
        "delivery/late.en.md: line 1: write the title as '# Late delivery'",
    ]
    with pytest.raises(BadArticle, match="is no directory"):
        articles(tmp_path / "gone")
