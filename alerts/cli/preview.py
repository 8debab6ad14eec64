"""`preview`: what a mail will look like, while it is being written."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from alerts.cli.send import SEGMENT, SOURCE, chosen, what_else, words_of
from alerts.cli.session import Leaf, Session, pass_session
from alerts.cli.stopping import stoppable
from alerts.errors import ContentError


@click.command(cls=Leaf)
@SOURCE
@SEGMENT
@words_of
@what_else
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write one page that needs no server to this file instead.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to show it. [default: a free port]")
@click.option("--open/--no-open", "show", default=None, help="Open the page. [default: on a terminal]")
@pass_session
def preview(
    session: Session,
    /,
    *,
    sources: tuple[str, ...],
    segments: tuple[str, ...],
    digest: str | None,
    edition: str | None,
    output: Path | None,
    port: int,
    show: bool | None,
    **words: Any,
) -> None:
    """Show the mail as each kind of reader will see it, at an address of this machine, until Ctrl-C.

    The page follows what you write: a saved template, colour, text or setting shows at once.
    """
    from alerts.desk.preview import Previewing
    from alerts.desk.preview import preview as make_page
    from alerts.web.preview import PreviewServer

    opens = show if show is not None else session.asks and sys.stdout.isatty()
    with session.desk() as desk:
        if output is not None:
            page = make_page(desk, chosen(session, desk, sources, segments, digest, edition, **words))
            try:
                output.write_text(page, encoding="utf-8")
            except OSError as error:
                raise ContentError(f"{output}: cannot be written: {error.strerror}") from error
            session.data({"page": output.resolve()}, str(output))
            if opens:
                click.launch(str(output.resolve()))
            return
        # What is typed or read once cannot be composed again.
        written = chosen(session, desk, sources, segments, digest, edition, **words) if _once(sources, words) else None
        files = tuple(path for source in sources if (path := Path(source)).is_file())
        previewing = Previewing(
            desk,
            lambda now: written or chosen(session, now, sources, segments, digest, edition, **words),
            sources=files,
        )
        previewing.show()
        server = PreviewServer(previewing, port=port)
        session.data({"address": server.address}, server.address)
        if opens:
            click.launch(server.address)
        with stoppable() as stop:
            server.run(stop)


def _once(sources: tuple[str, ...], words: Mapping[str, Any]) -> bool:
    return "-" in sources or bool(words.get("edit")) or any(re.match(r"https?://", source) for source in sources)
