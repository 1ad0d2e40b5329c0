"""Where the tests of the packaging look: the checkout, if these tests still stand in one."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the checkout; skips where the tests were copied away from it to judge an installed wheel."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("judges the checkout; these tests run outside of one")
    return root
