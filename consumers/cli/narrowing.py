"""The options that every command of figures shares: which cases to count."""

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from projections.views.funnel.narrow import Dimension


@Parameter(name="*")
@dataclass(frozen=True)
class Narrowing:
    """Which cases to count; every condition that is given must hold."""

    from_: Annotated[str | None, Parameter(name="--from", help="First day, of receipt unless said otherwise.")] = None
    to: Annotated[str | None, Parameter(help="Last day, of receipt unless said otherwise.")] = None
    channel: Annotated[str | None, Parameter(help="Only what arrived there, such as email.")] = None
    type: Annotated[str | None, Parameter(help="Only complaints of this type, such as delivery.")] = None
    product: Annotated[str | None, Parameter(help="Only complaints about this product.")] = None
    location: Annotated[str | None, Parameter(help="Only complaints about this location.")] = None
    team: Annotated[str | None, Parameter(help="Only complaints that this team answers for.")] = None
    business_unit: Annotated[str | None, Parameter(help="Only complaints of this business unit.")] = None
    origin: Annotated[Literal["live", "import"] | None, Parameter(help="Lived here, or brought from elsewhere.")] = None
    unknown: Annotated[Dimension | None, Parameter(help="Only cases of which this is not known, such as team.")] = None


def fields_of(narrowing: Narrowing) -> dict[str, Any]:
    """Return the options as the fields of a question."""
    given = {field.name: getattr(narrowing, field.name) for field in fields(narrowing)}
    return {"from" if name == "from_" else name: value for name, value in given.items()}
