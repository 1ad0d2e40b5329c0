"""The shipped table of remedies."""

from functools import cache
from importlib.resources import files

from schemas.configuration import load
from schemas.configuration.remedies import RemedyRules


@cache
def table() -> RemedyRules:
    """Return the table that is shipped."""
    preset = files("engine.configuration").joinpath("presets", "rule_sets", "remedies.yaml")
    loaded = load(preset.read_text(encoding="utf-8"), preset.name)
    assert isinstance(loaded, RemedyRules)
    return loaded
