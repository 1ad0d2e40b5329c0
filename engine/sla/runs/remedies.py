"""When is what was approved given: money in full, all else once; with nothing approved, the final reply."""

from dataclasses import dataclass, field
from decimal import Decimal

from engine.sla.marks import Entry

_BOOKED = frozenset(
    {
        "complaint.remedy_approved", "complaint.remedy_rejected", "complaint.remedy_offered",
        "complaint.remedy_accepted", "complaint.remedy_refused", "complaint.compensated", "complaint.remedy_reversed",
        "complaint.replied", "complaint.message_recorded",
    }
)  # fmt: skip
"""What has to do with remedies at all."""


@dataclass(slots=True)
class _Ledger:
    """What is approved and given so far. Alternatives of one offer fall away when another is accepted."""

    owed: dict[str, Decimal | None] = field(default_factory=dict)
    given: dict[str, Decimal] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    offers: list[set[str]] = field(default_factory=list)
    refusal: bool = False
    """A final reply stands."""

    def settled(self) -> bool:
        """Whether every approved remedy is given, or none is approved and the final reply stands."""
        return all(self.is_given(one) for one in self.owed) if self.owed else self.refusal

    def is_given(self, remedy: str) -> bool:
        amount = self.owed[remedy]
        return remedy in self.delivered if amount is None else self.given.get(remedy, Decimal()) >= amount

    def book(self, entry: Entry) -> bool:
        """Take one entry in; return whether it has to do with remedies at all."""
        remedy = str(entry.fields.get("remedy_id"))
        several = {str(one) for one in entry.fields.get("remedy_ids", ())}
        match entry.type:
            case "complaint.remedy_approved":
                self.owed[remedy] = _amount(entry)
            case "complaint.remedy_rejected":
                self.owed.pop(remedy, None)
            case "complaint.remedy_offered":
                self.offers.append(several)
            case "complaint.remedy_accepted":
                for offer in self.offers:
                    if offer & several:
                        self._drop(offer - several)
            case "complaint.remedy_refused":
                self._drop(several)
            case "complaint.compensated":
                self.delivered.add(remedy)
                self.given[remedy] = self.given.get(remedy, Decimal()) + (_amount(entry) or Decimal())
            case "complaint.remedy_reversed":
                self.delivered.discard(remedy)
                amount = _amount(entry)
                self.given[remedy] = Decimal() if amount is None else self.given.get(remedy, Decimal()) - amount
            case "complaint.replied" | "complaint.message_recorded":
                self.refusal = self.refusal or _is_final(entry)
                return _is_final(entry)
            case _:
                return False
        return True

    def _drop(self, remedies: set[str]) -> None:
        for one in remedies:
            self.owed.pop(one, None)


def _amount(entry: Entry) -> Decimal | None:
    money = entry.fields.get("amount")
    if money is None:
        return None
    return Decimal(str(money["amount"] if isinstance(money, dict) else money))


def _is_final(entry: Entry) -> bool:
    if entry.type == "complaint.replied":
        return entry.fields.get("final") is True
    said = entry.fields
    return (
        said.get("direction") == "outbound"
        and said.get("purpose") == "final"
        and said.get("automated") is False
        and said.get("counterparty") in ("complainant", "representative")
    )


def fulfilments(entries: tuple[Entry, ...], void: frozenset[int]) -> frozenset[int]:
    """Return the entries by which a remedy clock is fulfilled. A new cycle needs a final reply of its own."""
    ledger = _Ledger()
    found: set[int] = set()
    for index, entry in enumerate(entries):
        if entry.type == "complaint.reopened":
            ledger.owed = {one: amount for one, amount in ledger.owed.items() if not ledger.is_given(one)}
            ledger.refusal = False
        elif entry.type in _BOOKED and index not in void and ledger.book(entry) and ledger.settled():
            found.add(index)
    return frozenset(found)
