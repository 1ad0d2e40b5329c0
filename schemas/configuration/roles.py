"""Roles: which rights go together, and who holds them: groups of a signed token, workloads of the mesh, topics."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schemas.configuration.fields import Labels
from schemas.words import Code

Granted = Literal[
    "receive",     # hand in channel messages
    "handle",      # work on cases: most commands
    "rate",        # record what a complainant says of a cycle
    "approve",     # the second pair of eyes on a remedy; a verified person
    "overrule",    # correct what was entered; a verified person
    "back_date",   # say when something happened; a verified person
    "hold",        # place and release legal holds; a verified person
    "erase",       # have a person forgotten; a verified person
    "see",         # cases, their histories and clocks, without what persons wrote
    "texts",       # what persons wrote, and search in it
    "figures",     # counts, rates, lists behind them; no texts
    "audit",       # the trail across cases, who read what, proofs
    "operate",     # state of consumers, views and configuration
    "administer",  # set them going again, replay and discard dead letters
]  # fmt: skip
"""What a role may give. What only rules and services do (``system``) is given to nobody."""
GRANTED: Final[frozenset[Granted]] = frozenset(get_args(Granted))

Group = Annotated[str, StringConstraints(pattern=r"^[^\s\x00-\x1f][^\r\n\x00-\x1f]{0,199}$")]
"""A value of the claim of a token that names groups or roles."""
Workload = Annotated[
    str,
    StringConstraints(pattern=r"^(spiffe://[A-Za-z0-9._-]+|client:|kafka/)[A-Za-z0-9._:/@|~-]*\*?$", max_length=400),
]
"""A SPIFFE id, ``client:`` and the id of a client of the token's issuer, or ``kafka/`` and a topic. A ``*`` at the
end stands for whatever follows, but behind a name of a trust domain only after a ``/``."""


class Role(BaseModel):
    """Rights that go together. Who holds several roles has the rights of all; who holds none has none.

    A person holds it whose token names its id, or one of ``groups``, in the claim for roles; a
    workload, whose id one of ``workloads`` matches.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: Code
    version: Annotated[int, Field(ge=1)]
    title: Labels
    rights: Annotated[tuple[Granted, ...], Field(min_length=1)]
    groups: Annotated[tuple[Group, ...], Field(max_length=200)] = ()
    workloads: Annotated[tuple[Workload, ...], Field(max_length=200)] = ()
    business_unit: tuple[Code, ...] = ()
    """The rights hold for cases of these units alone; left out: of all, or of those that the token names."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for place, values in (("rights", self.rights), ("groups", self.groups), ("workloads", self.workloads)):
            for index, value in enumerate(values):
                if value in values[:index]:
                    raise ValueError(f"{place}.{index}: '{value}' stands twice; remove one")
        for index, one in enumerate(self.workloads):
            if one.startswith("spiffe://") and one.endswith("*") and "/" not in one.removeprefix("spiffe://"):
                raise ValueError(f"workloads.{index}: would match other trust domains, too; write {one[:-1]}/*")
        return self
