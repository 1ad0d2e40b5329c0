"""Rule sets: by ``concern`` what they decide. Of each concern one is in force, a higher version replaces it whole."""

from collections.abc import Mapping
from typing import Final

from schemas.configuration.notices import Notices
from schemas.configuration.remedies import RemedyRules
from schemas.configuration.routing import RoutingRules

RuleSet = Notices | RemedyRules | RoutingRules
"""Any of them; each names its ``concern``."""
CONCERNS: Final[Mapping[str, type[RuleSet]]] = {
    "notices": Notices,
    "remedies": RemedyRules,
    "routing": RoutingRules,
}
"""By the word that a file says after ``concern:``."""
