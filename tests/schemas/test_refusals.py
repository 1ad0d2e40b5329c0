"""One closed list of reasons to refuse, and a refusal that carries facts."""

import ast
import inspect
import re
from typing import get_args

from schemas import refusals
from schemas.refusals import Refusal, RefusalCode


def written() -> list[str]:
    """The codes as they stand in the source: the type itself would hide one that stands twice."""
    tree = ast.parse(inspect.getsource(refusals))
    lists = [
        node.value.slice
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Subscript)
        and [target.id for target in node.targets if isinstance(target, ast.Name)] == ["RefusalCode"]
    ]
    return [str(ast.literal_eval(item)) for found in lists if isinstance(found, ast.Tuple) for item in found.elts]


def test_every_code_stands_once() -> None:
    codes = written()

    assert [code for code in codes if codes.count(code) > 1] == []
    assert codes == list(get_args(RefusalCode))


def test_every_code_is_one_word_for_programs() -> None:
    assert [code for code in written() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


def test_a_refusal_says_code_and_reason_and_carries_the_facts() -> None:
    refusal = Refusal("not_due", "the clock has not run out", clock="resolution", cycle=2)

    assert str(refusal) == "not_due: the clock has not run out"
    assert (refusal.code, refusal.facts) == ("not_due", {"clock": "resolution", "cycle": 2})
