"""The engine's judge and a second one, written from the rules alone, say the same of every plain file."""

from typing import Any

from hypothesis import given, settings

from engine.sla.document import judge_document
from support.sla_documents import DOCUMENTS
from support.sla_oracle import judge
from support.soak import FACTOR


@settings(max_examples=150 * FACTOR, deadline=None)
@given(DOCUMENTS)
def test_every_plain_file_is_judged_as_the_second_judge_does(document: dict[str, Any]) -> None:
    assert judge_document(document) == judge(document)
