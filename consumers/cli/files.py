"""``plaint case files|file|attach``: the files of a case, one of them as it came, and one more."""

import mimetypes
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.cases import give
from consumers.cli.questions import Case, Json, case_id, note, shown
from consumers.cli.session import session
from consumers.http.files import octets_of
from consumers.intake import MAX_OCTETS
from consumers.wiring.build import Installation
from engine.attached import attached
from projections.replay.as_of import NoSuchCase
from projections.replay.files import CaseFile, CaseFiles, FileAway, FileErased, NoSuchFile, files, find, name_of
from projections.replay.files import media_type_of as kind_of


def list_files(case: Case, /, *, json: Json = False) -> int:
    """List the files of a case: attachments, those added by hand, and messages kept whole."""
    with session() as here:
        found = _files(here, case)
    if json:
        output.emit_model(found)
        return output.OK
    columns = ("file", "version", "recorded", "kind", "type", "octets", "name")
    output.table(columns, [_row(one) for one in found.files])
    return output.OK


def _row(one: CaseFile) -> tuple[object, ...]:
    name = output.harmless(one.file_name) if one.file_name else None
    return one.id, one.version, shown(one.recorded_at), one.kind, one.media_type, one.size, name


def fetch(
    case: Case,
    file: Annotated[UUID, Parameter(help="Id of the file; 'plaint case files' lists them.")],
    /,
    *,
    into: Annotated[
        Path | None,
        Parameter(help="File or directory to save it to; absent: standard output, which must not be a terminal."),
    ] = None,
) -> int:
    """Fetch a file of a case as it came; noted as a reading."""
    if into is None and sys.stdout.isatty():
        output.stop(output.USAGE, "this may be no text; say --into FILE, or send the output to a file")
    with session() as here:
        wanted, octets = _opened(here, case, file)
    if into is None:
        sys.stdout.buffer.write(octets)
        return output.OK
    target = into / Path(name_of(wanted, kind_of(wanted, octets))).name if into.is_dir() else into
    try:
        with target.open("xb") as out:
            out.write(octets)
    except FileExistsError:
        output.stop(output.REFUSED, f"{target} is there already, and is left alone; name another file")
    except OSError as error:
        output.stop(output.USAGE, f"{target} cannot be written: {error.strerror}")
    output.say(f"{target}: {len(octets)} octets")
    return output.OK


def attach(
    case: Case,
    path: Annotated[Path, Parameter(help="The file to add.")],
    /,
    *,
    media_type: Annotated[str | None, Parameter(help="What it is; absent: as its name says.")] = None,
    why: Annotated[str | None, Parameter(help="Why, in words; kept sealed with the event.")] = None,
    by: Annotated[str | None, Parameter(help="Who does it; absent: the login name.")] = None,
    id: Annotated[str | None, Parameter(help="The command's id: given again it changes nothing.")] = None,
    json: Json = False,
) -> int:
    """Add a file to a case: sealed under the complainant's key, and erased with him."""
    data = _read(path)
    wish = attached(data, media_type or mimetypes.guess_type(path.name)[0], path.name)
    with session() as here:
        return give(here, case_id(here, case), wish, why=why, by=by, id=id, json=json, data=data)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_OCTETS:
            output.stop(output.REFUSED, f"{path} is larger than {MAX_OCTETS} octets; keep it elsewhere and name it")
        data = path.read_bytes()
    except OSError as error:
        output.stop(output.USAGE, f"{path} cannot be read: {error.strerror}")
    if not data:
        output.stop(output.USAGE, f"{path} is empty; name a file with something in it")
    return data


def _files(here: Installation, case: str) -> CaseFiles:
    stream = case_id(here, case)
    note(here, stream, "case")
    try:
        return files(stream, here.store.read.stream(stream, open=True))
    except NoSuchCase as error:
        output.stop(output.NOT_FOUND, str(error))


def _opened(here: Installation, case: str, file: UUID) -> tuple[CaseFile, bytes]:
    try:
        found = _files(here, case)
        return find(found, file), octets_of(here.store.contents)(found.case, file)
    except NoSuchFile:
        output.stop(output.NOT_FOUND, "the case holds no file of this id; 'plaint case files' lists them")
    except FileErased as error:
        output.stop(output.NOT_FOUND, str(error))
    except FileAway as error:
        output.stop(output.TEMPORARY, str(error))
