"""Figures of the two real files, counted from the files alone: nothing of the product is used here.

Counting rules, the same words as in the mappings:
- A row of `cfpb-complaints.csv` and a trace of `helpdesk.xes.gz` are one complaint each.
- Help desk: every `Wait` is one request to the complainant. `Resolve ticket` is final reply and outcome,
  repeated at once in the same cycle it counts once. Work after it, whether or not `Closed` came between,
  reopens; work is every activity but `Resolve ticket`, `Closed` and the states of an anomaly report.
- CFPB: `In progress` is being investigated, every other response has ended the complaint.
"""

import csv
import gzip
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

CFPB, HELPDESK = "cfpb-complaints.csv", "helpdesk.xes.gz"
_XES = "{http://www.xes-standard.org/}"
_LETTERS = {
    "Insert ticket": "i", "Assign seriousness": "a", "Take in charge ticket": "t", "Wait": "w",
    "Require upgrade": "u", "Create SW anomaly": "n", "Resolve SW anomaly": "m", "Schedule intervention": "s",
    "Resolve ticket": "R", "Closed": "C", "VERIFIED": "-", "RESOLVED": "-", "INVALID": "-", "DUPLICATE": "-",
}  # fmt: skip
_NEXT_CYCLE = re.compile(r"R[RC-]*(?=[a-z])")
"""From an outcome to the last thing before work goes on: small letters are work."""


@dataclass
class Figures:
    """What the funnel must show of one file."""

    complaints: int = 0
    events: int = 0
    """Of the source, not ours."""
    stages: Counter[str] = field(default_factory=Counter)
    """Where each complaint stands at the end."""
    exits: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    months: Counter[str] = field(default_factory=Counter)
    """Of receipt, as 2023-07."""
    reopenings: int = 0
    reopened: int = 0
    """Complaints."""
    waits: int = 0
    waited: int = 0
    """Complaints."""
    waits_ended: int = 0
    replied: int = 0
    resolved: int = 0
    closed: int = 0
    disputed: int = 0


def real_data() -> Path:
    """Return the folder of the real files; without one the test is skipped and says so."""
    folder = os.environ.get("PLAINT_REAL_DATA")
    if not folder:
        pytest.skip(f"PLAINT_REAL_DATA is not set: name the folder that holds {CFPB} and {HELPDESK}")
    return Path(folder)


def cfpb(folder: Path) -> Figures:
    """Count the rows of the regulator's table."""
    channels = {"Web": "web_form", "Phone": "call", "Referral": "authority", "Postal mail": "letter"}
    found = Figures()
    with (folder / CFPB).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            found.complaints += 1
            found.events += 1
            found.channels[channels[row["Submitted via"]]] += 1
            found.months[row["Date received"][:7]] += 1
            ended = row["Company response to consumer"] != "In progress"
            found.stages["closed" if ended else "investigation"] += 1
            found.replied += ended
            found.resolved += ended
            found.closed += ended
            found.disputed += row["Consumer disputed?"] == "Yes"
    return found


def helpdesk(folder: Path) -> Figures:
    """Count the traces of the help desk's log."""
    found = Figures()
    for life, month in _lives(folder / HELPDESK):
        cycles = _NEXT_CYCLE.split(life)
        last = cycles[-1]
        found.complaints += 1
        found.events += len(life)
        found.channels["other"] += 1
        found.months[month] += 1
        found.reopenings += len(cycles) - 1
        found.reopened += len(cycles) > 1
        found.waits += life.count("w")
        found.waited += "w" in life
        found.waits_ended += len(re.findall(r"w+(?=[^w])", life))
        found.replied += len(cycles) - 1 + ("R" in last)
        found.resolved += len(cycles) - 1 + ("R" in last)
        found.closed += len(re.findall(r"R[R-]*C", life))
        found.stages[_stage(last, first_cycle=len(cycles) == 1)] += 1
    return found


def _lives(path: Path) -> Iterator[tuple[str, str]]:
    """Yield every trace as one letter per event, with the month of its first."""
    with gzip.open(path) as file:
        for _, element in ET.iterparse(file):  # noqa: S314 -- a file of known content
            if element.tag != _XES + "trace":
                continue
            events = [
                {attribute.get("key"): attribute.get("value") for attribute in event}
                for event in element.iter(_XES + "event")
            ]
            yield "".join(_LETTERS[str(e["concept:name"])] for e in events), str(events[0]["time:timestamp"])[:7]
            element.clear()


def _stage(last: str, *, first_cycle: bool) -> str:
    """Return where a complaint stands by the letters of its last cycle."""
    if "R" in last:
        return "closed" if "C" in last[last.index("R") :] else "satisfaction_check"
    if re.search("[uns]", last):
        return "corrective_action"
    return "investigation" if "t" in last or not first_cycle else "registration"
