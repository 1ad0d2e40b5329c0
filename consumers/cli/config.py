"""``plaint version`` and ``schemas export``: what this installation is made of, and the words it speaks."""

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from consumers.cli import output

Json = Annotated[bool, Parameter(negative="", help="Print JSON.")]
_DEVELOPMENT = re.compile(r"extra\s*==\s*['\"]dev['\"]")


def version(*, json: Json = False) -> int:
    """Print the versions of Plaint, of Python and of the libraries that it runs on."""
    try:
        own = metadata.distribution("plaint")
    except metadata.PackageNotFoundError:
        output.stop(output.CONFIGURATION, "plaint is not installed here; install it with `pip install .`")
    packages = _packages(own.requires or [])
    python = ".".join(map(str, sys.version_info[:3]))
    if json:
        output.emit_json({"plaint": own.version, "python": python, "packages": packages})
    else:
        rows = {"plaint": own.version, "python": python, **packages}
        sys.stdout.writelines(f"{name} {found or '(not installed)'}\n" for name, found in rows.items())
    return output.OK


def export_schemas(
    directory: Annotated[Path, Parameter(help="Made if it is not there; other files in it stay.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Write every word as JSON Schema: what is stored, sent, published or configured.

    Beside them ``asyncapi.json`` describes the topics, ``openapi.json`` the HTTP door.
    """
    from consumers.http import described
    from schemas.published import asyncapi
    from schemas.published.json_schema import render

    documents = {**render(), **asyncapi.render(), **described.render()}
    for path, octets in documents.items():
        file = directory / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(octets)
        except OSError as error:
            output.stop(output.USAGE, f"{file}: {error.strerror or error}; name a directory that can be written")
    if json:
        output.emit_json({"directory": str(directory), "files": list(documents)})
    else:
        output.say(f"{len(documents)} schemas are in {directory}")
    return output.OK


def _packages(requirements: list[str]) -> dict[str, str | None]:
    """Return the version of every required distribution; None is an extra that is not installed."""
    wanted = {re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0] for one in requirements if not _DEVELOPMENT.search(one)}
    return {name: _installed(name) for name in sorted(wanted, key=str.lower)}


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def check(*, json: Json = False) -> int:
    """Print what is in force, secrets masked; fails on anything unknown or wrong."""
    from consumers.cli.session import read_settings
    from consumers.wiring import nodes, presets, proving
    from consumers.wiring.settings import SettingsRefused
    from engine.configuration.activation import kind_of
    from schemas.configuration import ConfigurationRefused

    chosen = read_settings()
    try:
        nodes.refuse_what_is_not_shared(chosen)
        found = presets.in_force(chosen.config_dir, chosen.named_presets)
    except (ConfigurationRefused, SettingsRefused, OSError) as error:
        output.stop(output.CONFIGURATION, str(error))
    if (missing := proving.without_keys(chosen)) is not None:
        output.stop(output.CONFIGURATION, missing)
    settings = {f"PLAINT_{name.upper()}": value for name, value in chosen.model_dump(mode="json").items()}
    configurations = [{"kind": kind_of(one), "id": one.id, "version": one.version} for one in found]
    if json:
        output.emit_json({"settings": settings, "configuration": configurations})
        return output.OK
    output.table(("setting", "value"), list(settings.items()))
    output.table(("kind", "id", "version"), [tuple(one.values()) for one in configurations])
    return output.OK
