"""``plaint bench`` end to end: names, shape and figures, on a database that is gone afterwards."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest

from consumers.bench.run import GROUPS
from consumers.cli.output import OK, SOME_REJECTED, USAGE
from support.broker import RunningBroker

NAMES = {
    "store": [
        "append_vs_copy",
        "append_vs_stock",
        "read_vs_fetch",
        "load_100_events_ms",
        "load_10000_events_ms",
        "append_at_5m_vs_at_10k",
        "memory_growth_mib",
    ],
    "ingest": [
        "import_events_per_s",
        "import_vs_stock",
        "ingest_messages_per_s",
        "ingest_vs_stock",
        "commit_vs_poll",
        "batch_vs_single",
        "produce_to_commit_p99_ms",
        "rss_growth_mb",
        "two_vs_one",
    ],
    "projections": [
        "rebuild_vs_read",
        "rebuild_vs_fetch",
        "rebuild_vs_stock",
        "rss_growth_mb",
        "case_load_ms",
        "case_load_vs_stock_ms",
        "funnel_1m_ms",
        "cases_1m_ms",
        "funnel_1m_days_ms",
        "funnel_1m_per_word_ms",
        "funnel_1m_detail_ms",
        "funnel_1m_cohorts_ms",
        "funnel_1m_behind_ms",
        "funnel_1m_narrow_detail_ms",
        "funnel_1m_wide_detail_ms",
    ],
    "sla": ["business_time_vs_businesstimedelta", "judge_clocks_per_s", "next_due_1m_ms", "process_due_10k_s"],
    "http": ["command_p50_vs_commit", "command_p99_ms", "case_read_p99_ms"],
}
REQUIRED = {
    "append_vs_copy": 0.35,
    "append_vs_stock": 30.0,
    "read_vs_fetch": 0.2,
    "load_100_events_ms": 5.0,
    "append_at_5m_vs_at_10k": 0.7,
    "memory_growth_mib": 32.0,
    "commit_vs_poll": 0.15,
    "batch_vs_single": 15.0,
    "produce_to_commit_p99_ms": 1_000.0,
    "rss_growth_mb": 32.0,
    "two_vs_one": 1.0,
    "rebuild_vs_read": 0.2,
    "rebuild_vs_stock": 30.0,
    "funnel_1m_ms": 50.0,
    "cases_1m_ms": 50.0,
    "funnel_1m_days_ms": 50.0,
    "funnel_1m_per_word_ms": 50.0,
    "funnel_1m_detail_ms": 50.0,
    "funnel_1m_cohorts_ms": 50.0,
    "funnel_1m_behind_ms": 50.0,
    "business_time_vs_businesstimedelta": 100.0,
    "next_due_1m_ms": 5.0,
    "command_p50_vs_commit": 5.0,
    "command_p99_ms": 50.0,
    "case_read_p99_ms": 10.0,
}
ALONE = ("process_due_10k_s",)
"""Figures beside which no other one stands; whether they are right is told by the plan, not by a number."""
PROGRAM = "import sys; from consumers.cli.main import run; sys.exit(run(sys.argv[1:]))"


def bench(database: str | None, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PLAINT_")},
        **({} if database is None else {"PLAINT_DATABASE": database}),
        **settings,
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, "bench", *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def databases(server: str) -> set[str]:
    with psycopg.connect(server) as connection:
        return {
            row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'plaint_bench%'")
        }


def test_every_group_has_its_promised_names() -> None:
    assert list(NAMES) == list(GROUPS)


@pytest.mark.parametrize("group", list(NAMES))
def test_a_group_answers_with_the_promised_names_and_positive_figures_and_leaves_nothing(
    group: str, postgres_server: str, kafka: RunningBroker
) -> None:
    before = databases(postgres_server)
    done = bench(
        postgres_server, group, "--quick", "--json", "--check", "--seed", "5", PLAINT_KAFKA_SERVERS=kafka.servers
    )

    assert done.stderr == ""
    told: dict[str, Any] = json.loads(done.stdout)
    assert list(told) == ["results", "machine", "versions", "data_size", "seed"]
    assert [result["name"] for result in told["results"]] == NAMES[group]
    for result in told["results"]:
        assert list(result) == ["name", "value", "unit", "baseline", "ratio", "required", "ok"]
        assert result["value"] > 0 or result["name"] in ("memory_growth_mib", "rss_growth_mb")
        assert (result["ratio"] is None) == (result["baseline"] is None) == (result["name"] in ALONE)
        if result["baseline"] is not None:
            assert result["ratio"] == pytest.approx(result["value"] / result["baseline"], rel=2e-3)
        assert result["required"] == REQUIRED.get(result["name"])
        assert (result["ok"] is None) == (result["required"] is None and result["name"] not in ALONE)
    assert set(told["versions"]) == {"plaint", "python", "postgresql", "eventsourcing", "psycopg"}
    assert all(count > 0 for count in told["data_size"].values())
    assert told["seed"] == 5
    reached = all(result["ok"] is not False for result in told["results"])
    assert done.returncode == (OK if reached else SOME_REJECTED)
    assert databases(postgres_server) <= before


@pytest.mark.slow
def test_without_a_database_an_embedded_one_is_made_and_a_person_gets_a_table() -> None:
    done = bench(None, "store", "--quick")

    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["name", "value", "unit", "baseline", "ratio", "required", "ok"]
    assert [line.split()[0] for line in lines[1:8]] == NAMES["store"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    done = bench(None, "speed")

    assert (done.returncode, done.stdout) == (USAGE, "")
    known = "store, ingest, projections, sla, http"
    assert done.stderr == f"plaint: no benchmark 'speed': name one of {known}, or none for all\n"
