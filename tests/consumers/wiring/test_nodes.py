"""Several nodes share what one keeps for itself: the kinds of file systems are those of a real table of mounts."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from consumers.cli import output
from consumers.wiring.nodes import refuse_what_is_not_shared
from consumers.wiring.settings import Settings, SettingsRefused
from support.commandline import CommandLine

MOUNTS = r"""
22 1 0:21 / / rw,relatime - overlay overlay rw,lowerdir=/a
31 22 8:1 / /local rw,relatime shared:1 - ext4 /dev/sda1 rw
32 22 0:50 / /shared rw,relatime - nfs4 files.example:/plaint rw
33 32 0:51 / /shared/scratch rw - tmpfs tmpfs rw
34 22 0:52 / /two\040words rw - ceph 10.0.0.1:/ rw
not a line of the table
"""


def several(contents: str | None, ledger: str | None) -> Settings:
    return Settings(
        nodes="several",
        database=SecretStr("postgresql://plaint@db.example/plaint"),
        master_key_file=Path("/keys/master"),
        content_dir=None if contents is None else Path(contents),
        erasure_ledger=None if ledger is None else Path(ledger),
    )


def refused(settings: Settings) -> str:
    with pytest.raises(SettingsRefused) as caught:
        refuse_what_is_not_shared(settings, MOUNTS)
    text, _, fix = str(caught.value).removeprefix("PLAINT_NODES is several, but ").partition("; ")
    assert fix == "name what all nodes share: a server's database, one key, a folder on a shared file system"
    return text


@pytest.mark.parametrize("place", ["/shared/content", "/two words/content", "/shared"])
def test_a_folder_on_a_shared_file_system_is_taken(place: str) -> None:
    refuse_what_is_not_shared(several(place, "/shared/erasures.ledger"), MOUNTS)


@pytest.mark.parametrize(
    ("place", "kind"),
    [("/local/content", "ext4"), ("/sharedbutnot", "overlay"), ("/shared/scratch/content", "tmpfs")],
)
def test_a_folder_of_one_machine_is_refused_with_its_kind(place: str, kind: str) -> None:
    expected = f"PLAINT_CONTENT_DIR lies on this machine alone ({kind})"
    assert refused(several(place, "/shared/erasures.ledger")) == expected


def test_everything_that_is_missing_is_named_at_once() -> None:
    names = ("PLAINT_CONTENT_DIR", "PLAINT_DATABASE", "PLAINT_ERASURE_LEDGER", "PLAINT_MASTER_KEY_FILE")
    assert refused(Settings(nodes="several")) == ", ".join(f"{name} is not set" for name in names)


def test_one_node_may_keep_everything_for_itself() -> None:
    refuse_what_is_not_shared(Settings(), MOUNTS)


def test_where_the_system_tells_no_kinds_nothing_is_refused_for_its_kind() -> None:
    refuse_what_is_not_shared(several("/local/content", "/local/ledger"), "")


def test_the_check_of_the_configuration_refuses_it_and_so_does_a_start() -> None:
    line = CommandLine({"PLAINT_NODES": "several"})
    for command in (("config", "check"), ("project", "--once")):
        told = line(*command)
        assert told.code == output.CONFIGURATION
        assert "PLAINT_NODES is several, but PLAINT_CONTENT_DIR is not set" in told.err
