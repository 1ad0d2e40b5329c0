import pytest


@pytest.fixture(scope="session")
def database_template(bare_template: str) -> str:
    """The runtime makes the tables of views of its own choice, from nothing."""
    return bare_template
