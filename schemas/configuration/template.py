"""Template: the words of a mail that Plaint writes itself, by language and, where they differ, by channel.

``subject`` and ``body`` are Jinja2 in a sandbox. Which names they may use hangs on who reads them, see
``engine/text/wording.py``; a name that is not known, or words that cannot be rendered, are refused when
the file is read, with its line.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.words import Channel, Code

WordingLanguage = Literal["en", "ru"]
LANGUAGES: tuple[WordingLanguage, ...] = get_args(WordingLanguage)
Audience = Literal["complainant", "public", "staff"]
"""Who reads it: the complainant alone, everybody, or the desk."""


class Wording(BaseModel):
    """The words in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    subject: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    """Left out for channels that have none."""
    body: Annotated[str, Field(min_length=1, max_length=20_000)]


Texts = dict[WordingLanguage, Wording]


class Template(BaseModel):
    """One occasion and its words. A change needs a higher ``version``; what was written by the old one stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    audience: Audience
    texts: Annotated[Texts, Field(min_length=1)]
    channels: dict[Channel, Texts] = Field(default_factory=dict)
    """Other words for some channels; a language that is missing there is taken from ``texts``."""

    @model_validator(mode="after")
    def _mail_has_a_subject(self) -> Self:
        lacking = [f"texts.{language}.subject: is missing; add it" for language in _without_subject(self.texts)]
        if lacking:
            raise ValueError("\n".join(lacking))
        return self

    def wordings(self) -> Iterator[tuple[tuple[str, ...], WordingLanguage, Wording]]:
        """Yield every wording with the place in the file that it stands at."""
        for language, wording in self.texts.items():
            yield ("texts", language), language, wording
        for channel, texts in self.channels.items():
            for language, wording in texts.items():
                yield ("channels", channel, language), language, wording


def _without_subject(texts: Mapping[WordingLanguage, Wording]) -> list[WordingLanguage]:
    return [language for language, wording in texts.items() if wording.subject is None]
