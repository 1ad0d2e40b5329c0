"""``plaint report``: the digest for the weekly meeting."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from consumers.cli import output
from consumers.cli.questions import snapshot
from consumers.cli.session import session
from projections.report import digest as digests
from projections.report.digest import Period
from projections.report.render import Form, render
from projections.views import all_views

_FORMS: Final[dict[str, Form]] = {".html": "html", ".md": "md"}


def report(
    *,
    from_: Annotated[date, Parameter(name="--from", help="First day.")],
    to: Annotated[date, Parameter(help="Last day. The period of equal length before is what it is compared with.")],
    language: Annotated[Literal["ru", "en"] | None, Parameter(help="PLAINT_LANGUAGE if left out.")] = None,
    out: Annotated[
        str | None, Parameter(name=["--output", "-o"], help="File to write, .html or .md; else Markdown on stdout.")
    ] = None,
) -> int:
    """Write the digest for the weekly meeting: figures, plots, what changed, and room for conclusions.

    The file needs nothing beside itself: no network, no script, no font.
    """
    if to < from_:
        output.stop(output.USAGE, f"--to {to} is before --from {from_}")
    form = "md" if out is None else _FORMS.get(Path(out).suffix)
    if form is None:
        output.stop(output.USAGE, f"--output {out}: name a file that ends in .html or .md")
    with session() as here, snapshot(here, [(one.name, one.version) for one in all_views()]) as seen:
        found = digests.digest(seen, Period(from_, to))
        text = render(found, language or ("ru" if here.settings.language == "ru" else "en"), form)
    if out is None:
        sys.stdout.write(text)
        return output.OK
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        output.stop(output.USAGE, f"--output {out}: {error.strerror}")
    return output.OK
