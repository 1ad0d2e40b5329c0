import pytest

from engine.rules.reaching import Way, in_public, way_to
from schemas.words import ERASED, Channel, Contact, ContactKind, Party, PartyRole
from support.scenario import uid


def party(role: PartyRole, **contacts: str) -> Party:
    kinds: dict[str, ContactKind] = {"email": "email", "phone": "phone", "username": "username", "postal": "postal"}
    found = tuple(Contact(kind=kinds[kind], value=value) for kind, value in contacts.items())
    return Party(role=role, subject_id=uid(role), contacts=found)


ANN = party("complainant", email="ann@example.com", phone="+1 555", username="telegram:7")
CALLER = party("complainant", phone="+1 555")
CHATTER = party("complainant", username="telegram:7")


@pytest.mark.parametrize(
    ("parties", "channel", "way"),
    [
        ([ANN], "call", Way("email", "complainant", "ann@example.com")),
        ([ANN], "messenger", Way("email", "complainant", "ann@example.com")),
        ([CHATTER], "messenger", Way("messenger", "complainant", "telegram:7")),
        ([CALLER], "messenger", Way("messenger", "complainant", "+1 555")),
        ([CALLER], "call", None),
        ([CHATTER], "email", None),
        ([], "email", None),
        ([party("complainant", email="ann@post.invalid")], "email", None),
        ([party("complainant", email="Ann <ann@POST.INVALID>")], "email", None),
        ([party("complainant", email="ann@post.invalid", username="telegram:7")], "messenger",
         Way("messenger", "complainant", "telegram:7")),
        ([ANN, party("representative", email="law@example.com")], "email",
         Way("email", "representative", "law@example.com")),
        ([ANN, party("representative", postal="1 High Street")], "letter",
         Way("email", "complainant", "ann@example.com")),
        ([party("respondent", email="boss@example.com"), party("customer", email="cid@example.com")], "authority",
         Way("email", "complainant", "cid@example.com")),
        ([ANN, party("complainant", email="new@example.com")], "email",
         Way("email", "complainant", "new@example.com")),
    ],
)  # fmt: skip
def test_the_complainant_is_reached_by_mail_or_where_he_wrote(
    parties: list[Party], channel: Channel, way: Way | None
) -> None:
    assert way_to(parties, channel) == way


def test_an_erased_address_reaches_nobody() -> None:
    gone = Party(role="complainant", subject_id=uid("gone"), contacts=(Contact(kind="email", value=ERASED),))
    assert way_to([gone], "email") is None


def test_in_public_one_answers_where_it_was_said() -> None:
    assert in_public("review") == Way("review", "complainant", None)
    assert in_public(None) is None
