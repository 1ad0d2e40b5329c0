"""deploy/release: what a release is made of, from the lock files and the commit alone."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.pages import ROOT, only_in_the_checkout

DIGEST = "sha256:" + "a" * 64


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of this commit's own, so that nothing is written into the one that is tested."""
    only_in_the_checkout()
    found = tmp_path_factory.mktemp("release") / "checkout"
    clone = ["git", "-c", "safe.directory=*", "clone", "--quiet", "--local", "--no-hardlinks", str(ROOT), str(found)]
    subprocess.run(clone, check=True, capture_output=True)
    (found / "deploy" / "release").write_bytes((ROOT / "deploy" / "release").read_bytes())
    (found / ".venv" / "bin").mkdir(parents=True)
    tool = Path(sys.executable).with_name("cyclonedx-py")
    (found / ".venv" / "bin" / "cyclonedx-py").symlink_to(tool)
    return found


def release(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(place / "deploy" / "release"), *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def listed(place: Path) -> bytes:
    """The list of parts, written."""
    done = release(place, "sbom")
    assert done.returncode == 0, done.stderr
    return (place / "dist" / "plaint.cdx.json").read_bytes()


def made(place: Path, name: str) -> Any:
    return json.loads((place / "dist" / name).read_text(encoding="utf-8"))


def test_the_list_of_parts_names_every_locked_requirement_and_is_the_same_again(place: Path, listed: bytes) -> None:
    told = made(place, "plaint.cdx.json")
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==(\S+) \\$", (place / "requirements.txt").read_text(), re.MULTILINE))
    assert told["bomFormat"] == "CycloneDX"
    assert {(one["name"], one["version"]) for one in told["components"]} == locked
    assert all(one["purl"].startswith("pkg:pypi/") for one in told["components"])
    assert release(place, "sbom").returncode == 0
    assert (place / "dist" / "plaint.cdx.json").read_bytes() == listed


def test_the_provenance_names_the_files_the_commit_and_the_lock_files(place: Path, listed: bytes) -> None:
    assert release(place, "provenance", "--source", "https://git.example/plaint").returncode == 0
    statement = made(place, "plaint.intoto.json")
    sbom = hashlib.sha256(listed).hexdigest()
    assert statement["subject"] == [{"name": "plaint.cdx.json", "digest": {"sha256": sbom}}]
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=place, capture_output=True, text=True, check=True)
    source, *locks = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert source == {"uri": "https://git.example/plaint", "digest": {"gitCommit": head.stdout.strip()}}
    assert {one["name"]: one["digest"]["sha256"] for one in locks} == {
        name: hashlib.sha256((place / name).read_bytes()).hexdigest()
        for name in ("requirements.txt", "requirements-build.txt")
    }


def test_an_image_is_built_on_a_base_that_cannot_move_with_its_parts_and_provenance(place: Path) -> None:
    refused = release(place, "image", "--image", "registry.example/plaint:1", "--dry-run")
    assert refused.returncode == 1
    assert "--base-digest fixes the base: docker buildx imagetools inspect python:" in refused.stderr
    built = release(place, "image", "--image", "registry.example/plaint:1", "--base-digest", DIGEST, "--dry-run")
    assert built.returncode == 0, built.stderr
    for part in ("--provenance=mode=max", "--sbom=true", f"@{DIGEST}", "REVISION=", "--file deploy/Dockerfile"):
        assert part in built.stdout


def test_every_word_that_the_image_is_given_is_one_that_it_takes(place: Path) -> None:
    built = release(place, "image", "--image", "registry.example/plaint:1", "--base-digest", DIGEST, "--dry-run")
    given = set(re.findall(r"--build-arg '?(\w+)=", built.stdout))
    taken = set(re.findall(r"^ARG (\w+)", (place / "deploy" / "Dockerfile").read_text(), re.MULTILINE))
    assert given == taken


def test_what_is_signed_is_named_by_its_digest(place: Path) -> None:
    refused = release(place, "sign", "--image", "registry.example/plaint:1", "--dry-run")
    assert (refused.returncode, "since a tag can move" in refused.stderr) == (1, True)
    assert "cosign sign --yes" in release(place, "sign", "--image", f"x/plaint@{DIGEST}", "--dry-run").stdout
