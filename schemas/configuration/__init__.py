"""Configuration files: one module per YAML kind; ``load`` turns text into the model its ``kind`` names."""

from schemas.configuration.calendar import Calendar
from schemas.configuration.code_list import CodeList
from schemas.configuration.desk import Desk
from schemas.configuration.document import ConfigurationRefused, Document, build, problem, read
from schemas.configuration.fields import Fields
from schemas.configuration.figures import Figures
from schemas.configuration.policy import Policy
from schemas.configuration.roles import Role
from schemas.configuration.rule_set import CONCERNS, RuleSet
from schemas.configuration.survey import Survey
from schemas.configuration.template import Template

Configuration = Calendar | Policy | Desk | CodeList | Figures | Fields | Role | RuleSet | Survey | Template

_KINDS: dict[str, type[Configuration]] = {
    "calendar": Calendar,
    "policy": Policy,
    "roles": Role,
    "desk": Desk,
    "code_list": CodeList,
    "figures": Figures,
    "fields": Fields,
    "survey": Survey,
    "template": Template,
}


def load(text: str, name: str) -> Configuration:
    """Return the configuration in ``text``; ``name`` is how errors call the file.

    Raises:
        ConfigurationRefused: with the line, the field and the fix of every error.
    """
    return load_with_lines(text, name)[0]


def load_with_lines(text: str, name: str) -> tuple[Configuration, Document]:
    """Return the configuration and its document, so that later errors can name lines too; see ``load``."""
    document = read(text, name)
    if not isinstance(document.data, dict):
        raise ConfigurationRefused(name, ["line 1: a mapping with a key 'kind' is expected"])
    data = dict(document.data)
    kind = data.pop("kind", None)
    if kind == "rule_set":
        return _rule_set(document, data), document
    if kind not in _KINDS:
        known = ", ".join(sorted((*_KINDS, "rule_set")))
        raise ConfigurationRefused(name, [f"line {document.line(('kind',))}: kind must be one of {known}"])
    return build(document, _KINDS[kind], data), document


def _rule_set(document: Document, data: dict[str, object]) -> RuleSet:
    """Return the rule set of the concern that it names; its id is the concern, since of each one is in force."""
    concern = data.get("concern")
    if concern not in CONCERNS:
        fix = f"must be one of {', '.join(sorted(CONCERNS))}"
        raise ConfigurationRefused(document.name, [problem(document, ("concern",), fix)])
    made = build(document, CONCERNS[str(concern)], data)
    if made.id != concern:
        fix = f"write '{concern}': of each concern one rule set is in force, known by its name"
        raise ConfigurationRefused(document.name, [problem(document, ("id",), fix)])
    return made


__all__ = [
    "Calendar",
    "CodeList",
    "Configuration",
    "ConfigurationRefused",
    "Desk",
    "Fields",
    "Figures",
    "Policy",
    "Role",
    "RuleSet",
    "Survey",
    "Template",
    "load",
    "load_with_lines",
]
