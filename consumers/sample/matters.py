"""What can go wrong in the sample's shops, in codes: type, goods, causes, remedies, who answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.words import Cause, ComplaintType, RemedyForm

GOODS: Final = ("kettle-k20", "vacuum-v7", "phone-p3", "sofa-lund")
"""Codes of the shipped list of products that are things."""
PRICES: Final[Mapping[str, tuple[int, int]]] = {
    "kettle-k20": (25, 60),
    "vacuum-v7": (90, 240),
    "phone-p3": (180, 520),
    "sofa-lund": (350, 900),
    "delivery": (5, 30),
    "subscription": (8, 20),
}
"""From, to in pounds or euros; a rouble price is a hundred times as much."""


@dataclass(frozen=True, slots=True)
class Matter:
    """One way of going wrong. ``causes`` and ``remedies`` are drawn from as often as they stand there."""

    key: str
    type: ComplaintType
    team: str
    causes: tuple[Cause, ...]
    remedies: tuple[RemedyForm, ...]
    """Empty: an explanation and an apology, which belong to the reply."""
    products: tuple[str, ...] = GOODS
    objective: bool = True
    weight: int = 2

    @property
    def subtype(self) -> str:
        """Its code among the subtypes."""
        return self.key.replace("_", "-")


MATTERS: Final = (
    Matter("damaged", "product", "product", ("process", "supplier", "supplier"), ("replacement", "refund"), weight=4),
    Matter("defective", "product", "product", ("product", "supplier"), ("repair", "replacement", "refund"), weight=5),
    Matter("incomplete", "product", "product", ("supplier", "process"), ("replacement", "price_reduction")),
    Matter("repair_slow", "service", "product", ("resources", "supplier"), ("discount", "extra_service")),
    Matter("wrong_item", "delivery", "delivery", ("process", "people"), ("replacement", "refund"), weight=3),
    Matter("late", "delivery", "delivery", ("resources", "process", "external"), ("discount", "refund"), weight=5),
    Matter("lost", "delivery", "delivery", ("supplier", "process"), ("reperformance", "refund"), weight=3),
    Matter("courier", "staff", "delivery", ("people", "supplier"), ("discount",), ("delivery",), objective=False),
    Matter("shop_staff", "staff", "service", ("people",), (), objective=False, weight=3),
    Matter("unreachable", "service", "service", ("resources", "systems"), (), objective=False, weight=3),
    Matter("account", "service", "service", ("systems",), ("extra_service",), ("subscription",)),
    Matter("misleading", "information", "service", ("communication",), ("discount", "price_reduction")),
    Matter("charged_twice", "price", "billing", ("systems", "systems", "process"), ("refund",), weight=3),
    Matter("subscription", "price", "billing", ("systems", "process"), ("refund",), ("subscription",), weight=2),
    Matter("price_differs", "price", "billing", ("communication", "process"), ("price_reduction",)),
    Matter("refund_late", "service", "billing", ("process", "resources"), ("payment", "refund"), weight=3),
)  # fmt: skip
DEPARTMENTS: Final[Mapping[Cause, str]] = {
    "process": "warehouse",
    "people": "shops",
    "resources": "logistics",
    "product": "purchasing",
    "systems": "it",
    "supplier": "purchasing",
    "communication": "marketing",
    "customer": "customer-care",
    "external": "logistics",
}
"""Who mends a cause; the other two fields of a cause follow from it."""
