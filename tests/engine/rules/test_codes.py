"""A code that nobody published may be anybody's words, so it is refused."""

from engine.configuration.in_force import Book
from engine.rules.codes import LISTS, Unlisted, unlisted
from schemas.catalogue import COMMANDS
from schemas.complaint.assignment import Assign
from schemas.complaint.classification import Classify
from schemas.configuration.code_list import CodeList, CodeValue
from schemas.words import Point

BOOK = Book(
    code_lists={
        "product": CodeList(id="product", version=1, values={"kettle-k20": CodeValue()}),
        "tag": CodeList(id="tag", version=1, values={"late": CodeValue()}),
    }
)


def test_a_published_code_is_admitted_and_another_is_named_by_its_place() -> None:
    assert unlisted(Classify(tags=("late",)), BOOK) is None
    assert unlisted(Classify(tags=("late", "ann-lee")), BOOK) == Unlisted("tags.1", "tag")
    points = (Point(point=1, product="kettle-k20"), Point(point=2, product="anns-kettle"))
    assert unlisted(Classify(points=points), BOOK) == Unlisted("points.1.product", "product")


def test_without_a_list_in_force_a_code_is_taken_as_it_is() -> None:
    assert unlisted(Assign(team="first-line"), BOOK) is None
    assert unlisted(
        Assign(team="first-line"), Book(code_lists={"team": CodeList(id="team", version=1, values={})})
    ) == (Unlisted("team", "team"))


def test_every_field_that_a_list_is_for_stands_in_some_command() -> None:
    fields = {field for command in COMMANDS.values() for field in command.model_fields} | set(Point.model_fields)
    assert set(LISTS) <= fields
