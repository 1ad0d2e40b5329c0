"""Rule sets: by ``concern`` what they decide. Of each concern one is in force, a higher version replaces it whole."""

from collections.abc import Mapping
from typing import Final

from schemas.configuration.notices import Notices
from schemas.configuration.problems import ProblemRules
from schemas.configuration.remedies import RemedyRules
from schemas.configuration.replies import ReplyRules
from schemas.configuration.routing import RoutingRules

RuleSet = Notices | ProblemRules | RemedyRules | ReplyRules | RoutingRules
"""Any of them; each names its ``concern``."""
CONCERNS: Final[Mapping[str, type[RuleSet]]] = {
    "notices": Notices,
    "problems": ProblemRules,
    "remedies": RemedyRules,
    "replies": ReplyRules,
    "routing": RoutingRules,
}
"""By the word that a file says after ``concern:``."""
