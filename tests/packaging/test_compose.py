"""deploy/compose.yaml holds together: what it starts, sets, waits for and builds is what the program knows."""

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from kafka.admin import ConfigResource, ConfigResourceType

from consumers.cli import main
from consumers.wiring.settings import from_environment
from support.broker import RunningBroker
from support.commandline import CommandLine

OURS = {"topics", "serve", "consume", "publish", "project", "timers", "mail"}
THEIRS = {"postgres", "kafka"}
ONCE = {"topics"}


@pytest.fixture(scope="module")
def compose(checkout: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((checkout / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def recipe(checkout: Path, compose: dict[str, Any]) -> str:
    """What the image is built by."""
    build = compose["x-plaint"]["build"]
    assert build["context"] == ".."
    found: Path = checkout / build["dockerfile"]
    return found.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def known(words: list[str]) -> bool:
    """Is this a command of the program, with options that it has?"""
    commands: set[tuple[str, ...]] = {(name,) for name in main._COMMANDS}  # noqa: SLF001 # the one list of commands
    commands |= {(group, name) for group, (_, more) in main._GROUPS.items() for name in more}  # noqa: SLF001
    return tuple(word for word in words[:2] if not word.startswith("-")) in commands


def test_it_starts_kafka_postgresql_and_every_process_of_plaint(services: dict[str, dict[str, Any]]) -> None:
    assert set(services) == OURS | THEIRS
    assert all(known(services[name]["command"]) for name in OURS)
    assert {services[name]["command"][0] for name in OURS - ONCE} == OURS - ONCE


def test_what_it_sets_is_what_the_settings_know(services: dict[str, dict[str, Any]]) -> None:
    for name in OURS:
        given = {
            key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", re.sub(r"\$\{\w+:\?[^}]*\}", "secret", value))
            for key, value in services[name]["environment"].items()
        }
        settings = from_environment(given)
        assert settings.database is not None
        assert settings.kafka_servers == "127.0.0.1:9092"
        assert f"plaint:{settings.data_dir}" in services[name]["volumes"]


def test_no_password_stands_in_it_and_none_is_made_up(checkout: Path) -> None:
    text = (checkout / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r"(?i)password: (?!\$\{POSTGRES_PASSWORD:\?)(\S+)", text) == []
    assert re.findall(r"://plaint:(?!\$\{POSTGRES_PASSWORD:\?)([^@]+)@", text) == []


def test_every_image_is_pinned_and_kafka_is_the_one_that_is_tested(
    checkout: Path, recipe: str, services: dict[str, dict[str, Any]]
) -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", recipe, re.MULTILINE)
    images = [base, *(services[name]["image"] for name in THEIRS)]
    assert [image for image in images if not re.fullmatch(r"[\w/]+:\d+\.\d+[\w.-]*", image)] == []
    (tested,) = re.findall(r"<kafka.version>(.+)</kafka.version>", (checkout / "deploy/kafka/pom.xml").read_text())
    assert services["kafka"]["image"] == f"apache/kafka:{tested}"


def test_nothing_is_reached_from_another_machine(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert (service.get("network_mode") == "host") == (name in OURS)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert advertised == "PLAINTEXT://" + services["serve"]["environment"]["PLAINT_KAFKA_SERVERS"]


def test_everything_that_stays_has_a_health_check_and_waits_only_for_what_can_become_ready(
    services: dict[str, dict[str, Any]],
) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == ONCE
    for service in services.values():
        for name, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if name in ONCE else "service_healthy"
            assert how == {"condition": wanted}, name
    for name in OURS - ONCE:
        kind, *test = services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        assert test[0] in ("plaint", "python")
        if test[0] == "plaint":
            assert known(test[1:])


def test_a_topic_is_made_on_purpose_here_too(checkout: Path, services: dict[str, dict[str, Any]]) -> None:
    lines = (checkout / "deploy/kafka/server.properties").read_text(encoding="utf-8").splitlines()
    own = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    image = services["kafka"]["environment"]
    assert own["auto.create.topics.enable"] == image["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_every_word_that_it_gives_the_program_is_one_that_it_has(services: dict[str, dict[str, Any]]) -> None:
    given = [services[name]["command"] for name in OURS]
    checks = [services[name]["healthcheck"]["test"][1:] for name in OURS - ONCE]
    given += [words[1:] for words in checks if words[0] == "plaint"]
    line = CommandLine({})
    for words in given:
        options = {word for word in words if word.startswith("--")}
        command = list(itertools.takewhile(lambda word: not word.startswith("-"), words))
        told = line.ok(*command, "--help").out
        assert {option for option in options if option not in told} == set(), words


def test_every_name_that_the_image_turns_into_a_property_is_one_that_the_broker_has(
    services: dict[str, dict[str, Any]], kafka: RunningBroker
) -> None:
    """By the image's own rule: KAFKA_ in front, small letters, a dot for each underscore."""
    names = {name.removeprefix("KAFKA_").lower().replace("_", ".") for name in services["kafka"]["environment"]}
    with kafka.admin() as admin:
        asked = [ConfigResource(ConfigResourceType.BROKER, "1")]
        (there,) = admin.describe_configs(asked, config_filter="all")["broker"].values()
    assert names - set(there) == set()


def test_what_must_outlive_a_container_is_kept_where_its_image_writes(services: dict[str, dict[str, Any]]) -> None:
    """The images' own volumes: their owners may write there, and nowhere else that is kept."""
    assert services["kafka"]["volumes"] == ["kafka:/var/lib/kafka/data"]
    assert services["kafka"]["environment"]["KAFKA_LOG_DIRS"] == "/var/lib/kafka/data"
    assert services["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"], "from PostgreSQL 18 on"
