"""Configuration files: one module per YAML kind; ``load`` turns text into the model its ``kind`` names."""

from schemas.configuration.calendar import Calendar
from schemas.configuration.code_list import CodeList
from schemas.configuration.desk import Desk
from schemas.configuration.document import ConfigurationRefused, Document, build, read
from schemas.configuration.fields import Fields
from schemas.configuration.figures import Figures
from schemas.configuration.policy import Policy

Configuration = Calendar | Policy | Desk | CodeList | Figures | Fields

_KINDS: dict[str, type[Calendar] | type[Policy] | type[Desk] | type[CodeList] | type[Figures] | type[Fields]] = {
    "calendar": Calendar,
    "policy": Policy,
    "desk": Desk,
    "code_list": CodeList,
    "figures": Figures,
    "fields": Fields,
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
    if kind not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        raise ConfigurationRefused(name, [f"line {document.line(('kind',))}: kind must be one of {known}"])
    return build(document, _KINDS[kind], data), document


__all__ = [
    "Calendar",
    "CodeList",
    "Configuration",
    "ConfigurationRefused",
    "Desk",
    "Fields",
    "Figures",
    "Policy",
    "load",
    "load_with_lines",
]
