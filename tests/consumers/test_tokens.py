"""A token proves who somebody is by the issuer's own signature and nothing else; keys rotate without a restart."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws, jwt

from consumers.tokens import (
    ASK_AGAIN_SECONDS,
    FRESH_SECONDS,
    STALE_SECONDS,
    Keys,
    KeysUnavailable,
    Terms,
    TokenRefused,
    Tokens,
    Verified,
    holds_keys,
)
from support.issuer import AUDIENCE, ISSUER, Issuer

NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
TERMS = Terms(ISSUER, AUDIENCE, frozenset({"ES256", "RS256"}))


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class Stand:
    """An issuer and who checks its tokens."""

    def __init__(self, terms: Terms = TERMS) -> None:
        self.issuer, self.clock = Issuer(), Clock()
        self.tokens = Tokens(terms, Keys(self.issuer.published, self.clock))

    def why(self, token: str, at: datetime = NOW) -> str:
        with pytest.raises(TokenRefused) as refused:
            self.tokens.verified(token, at)
        assert str(refused.value) == f"the token is not accepted: {refused.value.why}"
        return refused.value.why


@pytest.fixture
def stand() -> Stand:
    return Stand()


STAND = Stand()


def test_a_token_names_a_person_with_groups(stand: Stand) -> None:
    token = stand.issuer.token(NOW, "ann", "handler", "lead", name="Ann Lee", azp="desk-app")
    groups = frozenset({"handler", "lead"})
    assert stand.tokens.verified(token, NOW) == Verified(ISSUER, "ann", "desk-app", groups, None, "Ann Lee")
    assert stand.tokens.verified(token, NOW).person


@pytest.mark.parametrize("claims", [{"client_id": "crm"}, {"azp": "crm"}])
def test_a_client_that_is_its_own_subject_is_no_person(stand: Stand, claims: dict[str, str]) -> None:
    assert not stand.tokens.verified(stand.issuer.token(NOW, "crm", **claims), NOW).person


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://id.example/"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": ["other", AUDIENCE + "2"]}, "audience"),
        ({"exp": None}, "claims"),
        ({"exp": "soon"}, "claims"),
        ({"exp": int(NOW.timestamp()) - 31}, "expired"),
        ({"nbf": int(NOW.timestamp()) + 31}, "not_yet_valid"),
        ({"iat": int(NOW.timestamp()) + 31}, "not_yet_valid"),
        ({"sub": None}, "claims"),
        ({"sub": ""}, "claims"),
        ({"sub": 7}, "claims"),
        ({"sub": "a\0"}, "claims"),
    ],
)
def test_a_token_that_says_otherwise_is_refused(stand: Stand, claims: dict[str, Any], why: str) -> None:
    assert stand.why(stand.issuer.token(NOW, **claims)) == why


def test_one_audience_of_several_is_enough(stand: Stand) -> None:
    assert stand.tokens.verified(stand.issuer.token(NOW, aud=["other", AUDIENCE]), NOW).subject == "ann"


def test_clocks_may_differ_by_half_a_minute(stand: Stand) -> None:
    token = stand.issuer.token(NOW)
    assert stand.tokens.verified(token, NOW - timedelta(seconds=30)).subject == "ann"
    assert stand.tokens.verified(token, NOW + timedelta(seconds=629)).subject == "ann"
    assert stand.why(token, NOW + timedelta(seconds=630)) == "expired"


# --- signatures -----------------------------------------------------------------------------


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def test_a_token_without_a_signature_is_refused(stand: Stand) -> None:
    claims = part({"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": int(NOW.timestamp()) + 600})
    for alg in ("none", "None", "NONE", ""):
        assert stand.why(f"{part({'alg': alg, 'kid': 'first'})}.{claims}.") == "algorithm"


@pytest.mark.parametrize("alg", [None, 5, True, [], ["ES256"], {}, {"alg": "ES256"}])
def test_an_algorithm_that_is_no_word_is_refused_like_any_other(stand: Stand, alg: Any) -> None:
    _, claims, signature = stand.issuer.token(NOW).split(".")
    token = f"{part({'alg': alg, 'kid': 'first'})}.{claims}.{signature}"
    assert stand.why(token) in ("algorithm", "malformed")
    assert not stand.tokens.waits(token)


def test_words_that_no_text_holds_name_nobody(stand: Stand) -> None:
    said = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(NOW.timestamp()) + 600, "name": "\ud800"}
    roles = ["lead", "le\ud800d", "\0"]
    found = stand.tokens.verified(escaped(stand, {**said, "sub": "ann", "roles": roles}), NOW)
    assert (found.name, found.groups) == (None, frozenset({"lead"}))
    assert stand.why(escaped(stand, {**said, "sub": "\ud800"})) == "claims"


def escaped(stand: Stand, claims: dict[str, Any]) -> str:
    """Sign claims that JSON may escape, and UTF-8 cannot write."""
    header = {"alg": "ES256", "kid": "first"}
    return jws.serialize_compact(header, json.dumps(claims).encode(), stand.issuer.keys[-1], algorithms=["ES256"])


def test_a_shared_secret_made_of_the_public_key_is_refused(stand: Stand) -> None:
    (key,) = stand.issuer.keys
    assert isinstance(key, jwk.ECKey)
    public = key.as_pem(private=False)
    secret = jwk.import_key(base64.b64encode(public).decode(), "oct")
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": int(NOW.timestamp()) + 600}
    assert stand.why(jwt.encode({"alg": "HS256", "kid": "first"}, said, secret, algorithms=["HS256"])) == "algorithm"


def test_an_algorithm_that_is_not_listed_is_refused() -> None:
    stand = Stand(Terms(ISSUER, AUDIENCE, frozenset({"RS256"})))
    assert stand.why(stand.issuer.token(NOW)) == "algorithm"


def test_an_algorithm_that_is_not_the_keys_is_refused(stand: Stand) -> None:
    head, claims, signature = stand.issuer.token(NOW).split(".")
    assert stand.why(f"{part({'alg': 'RS256', 'kid': 'first'})}.{claims}.{signature}") in ("malformed", "signature")
    assert head


def test_a_key_that_the_token_brings_along_is_not_used(stand: Stand) -> None:
    thief = Issuer()
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "exp": int(NOW.timestamp()) + 600}
    own = thief.keys[0].as_dict(private=False)
    for header in ({"jwk": own}, {"jku": "https://evil.example/keys"}, {}):
        assert stand.why(thief.signed(said, **header)) in ("signature", "malformed")


def test_an_extension_that_must_be_understood_is_refused(stand: Stand) -> None:
    head, claims, signature = stand.issuer.token(NOW).split(".")
    assert head
    critical = part({"alg": "ES256", "kid": "first", "crit": ["x"], "x": 1})
    assert stand.why(f"{critical}.{claims}.{signature}") in ("malformed", "signature")


@given(st.text(max_size=60))
def test_no_text_is_a_token_and_none_makes_a_fault(text: str) -> None:
    assert STAND.why(text) in ("malformed", "algorithm")


TOKEN = STAND.issuer.token(NOW, "ann", "handler")


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCDEFabcdef0123456789-_."))
def test_a_token_with_one_letter_changed_proves_nothing(at: int, letter: str) -> None:
    """The last letter of a part may hold bits that are no part of its octets."""
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    last = {len(TOKEN) - 1, TOKEN.rindex(".") - 1, TOKEN.index(".") - 1}
    if changed != TOKEN and at not in last:
        assert STAND.why(changed) in ("malformed", "signature", "algorithm", "key")


def test_a_token_beyond_measure_is_not_looked_at(stand: Stand) -> None:
    assert stand.why(stand.issuer.token(NOW, name="x" * 20_000)) == "malformed"


# --- what it says ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({"roles": ["a", "b"]}, {"a", "b"}),
        ({"roles": "a b"}, {"a", "b"}),
        ({"roles": ["a", 7, None, "", ["b"]]}, {"a"}),
        ({"roles": {"a": 1}}, set()),
        ({"roles": None}, set()),
        ({"roles": [str(n) for n in range(501)]}, set()),
    ],
)
def test_groups_are_words(stand: Stand, claims: dict[str, Any], groups: set[str]) -> None:
    assert stand.tokens.verified(stand.issuer.token(NOW, **claims), NOW).groups == groups


def test_groups_may_stand_within_another_claim() -> None:
    stand = Stand(Terms(ISSUER, AUDIENCE, frozenset({"ES256"}), groups_claim="realm_access.roles"))
    token = stand.issuer.token(NOW, realm_access={"roles": ["lead"]})
    assert stand.tokens.verified(token, NOW).groups == {"lead"}


def test_a_token_confines_to_units_only_where_the_claim_for_them_is_named() -> None:
    stand = Stand(Terms(ISSUER, AUDIENCE, frozenset({"ES256"}), units_claim="units"))
    assert stand.tokens.verified(stand.issuer.token(NOW, units=["north"]), NOW).units == frozenset({"north"})
    assert stand.tokens.verified(stand.issuer.token(NOW), NOW).units == frozenset()
    assert stand.tokens.verified(stand.issuer.token(NOW, units=["north", "*"]), NOW).units is None
    assert stand.tokens.verified(stand.issuer.token(NOW, units=["n*"]), NOW).units == frozenset({"n*"})
    assert STAND.tokens.verified(STAND.issuer.token(NOW, units=["north"]), NOW).units is None


# --- keys -----------------------------------------------------------------------------------


def test_keys_are_asked_for_once(stand: Stand) -> None:
    for _ in range(20):
        stand.tokens.verified(stand.issuer.token(NOW), NOW)
    assert stand.issuer.asked == 1


def test_a_new_key_is_known_with_its_first_token(stand: Stand) -> None:
    stand.tokens.verified(stand.issuer.token(NOW), NOW)
    stand.issuer.rotate("second")
    stand.clock.seconds += ASK_AGAIN_SECONDS + 1
    assert stand.tokens.verified(stand.issuer.token(NOW), NOW).subject == "ann"
    assert stand.issuer.asked == 2


def test_unknown_keys_have_the_issuer_asked_seldom(stand: Stand) -> None:
    stand.tokens.verified(stand.issuer.token(NOW), NOW)
    thief = Issuer()
    for number in range(50):
        thief.rotate(f"made-up-{number}", keep=False)
        assert stand.why(thief.token(NOW)) == "key"
        stand.clock.seconds += 1
    assert stand.issuer.asked <= 1 + 50 / ASK_AGAIN_SECONDS


def test_a_key_that_is_withdrawn_counts_no_more_after_a_while(stand: Stand) -> None:
    token = stand.issuer.token(NOW)
    stand.tokens.verified(token, NOW)
    stand.issuer.rotate("second", keep=False)
    stand.clock.seconds += FRESH_SECONDS + 1
    assert stand.why(token) == "key"


def test_while_the_issuer_is_silent_known_keys_go_on_for_an_hour(stand: Stand) -> None:
    token = stand.issuer.token(NOW)
    stand.tokens.verified(token, NOW)
    stand.issuer.silent = True
    stand.clock.seconds += FRESH_SECONDS + 1
    assert stand.tokens.verified(token, NOW).subject == "ann"
    stand.clock.seconds += STALE_SECONDS
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            stand.tokens.verified(token, NOW)
    assert stand.issuer.asked == 3
    stand.issuer.silent = False
    stand.clock.seconds += ASK_AGAIN_SECONDS + 1
    assert stand.tokens.verified(token, NOW).subject == "ann"


def test_an_issuer_that_never_answered_is_no_fault_of_the_token(stand: Stand) -> None:
    stand.issuer.silent = True
    with pytest.raises(KeysUnavailable):
        stand.tokens.verified(stand.issuer.token(NOW), NOW)


@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', b"[]", b'{"keys": ["x", null]}'],
)
def test_what_is_no_set_of_keys_gives_none(document: bytes) -> None:
    assert not holds_keys(document)
    tokens = Tokens(TERMS, Keys(lambda: document, Clock()))
    with pytest.raises(KeysUnavailable):
        tokens.verified(STAND.issuer.token(NOW), NOW)


def test_a_key_of_an_unknown_kind_among_others_harms_nobody(stand: Stand) -> None:
    good = orjson.loads(stand.issuer.published())["keys"]
    mixed = orjson.dumps({"keys": [{"kty": "AKP", "kid": "pq"}, {"kty": "RSA", "use": "enc", "kid": "e"}, *good]})
    tokens = Tokens(TERMS, Keys(lambda: mixed, Clock()))
    assert tokens.verified(stand.issuer.token(NOW), NOW).subject == "ann"


# --- again ----------------------------------------------------------------------------------


def test_a_token_is_verified_once_while_its_key_is_the_same(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    token = stand.issuer.token(NOW, "ann", "handler")
    first = stand.tokens.verified(token, NOW)
    monkeypatch.setattr(jwt, "decode", None)
    assert stand.tokens.verified(token, NOW + timedelta(seconds=629)) == first
    assert stand.issuer.asked == 1
    assert stand.why(stand.issuer.token(NOW, "bob")) == "malformed"  # since nothing can be decoded here


def test_what_was_verified_ends_with_the_token_and_with_its_key(stand: Stand) -> None:
    token = stand.issuer.token(NOW)
    stand.tokens.verified(token, NOW)
    assert stand.why(token, NOW + timedelta(seconds=630)) == "expired"
    assert stand.why(token, NOW - timedelta(seconds=31)) == "not_yet_valid"
    stand.issuer.rotate("first", keep=False)
    stand.clock.seconds += FRESH_SECONDS + 1
    assert stand.why(token) == "signature"


def test_what_was_verified_is_kept_in_bounds(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.tokens._MOST_KEPT", 3)
    for number in range(10):
        token = stand.issuer.token(NOW, f"p{number}")
        assert stand.tokens.verified(token, NOW) == stand.tokens.verified(token, NOW)
    assert len(stand.tokens._kept) <= 3  # noqa: SLF001 -- memory is seen from within alone
