"""The first run: one field for the address of a site, and what is done then, step by step as it ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from newsletter.desk.models import UPLOAD, DeskRoute
from newsletter.errors import NashraError, SourceError
from newsletter.issues import FILE, FOLDER
from newsletter.sources.http import FetchError
from newsletter.workflows import first as workflow
from newsletter.workflows.first import FirstStep

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.articles.shelf import FirstRun
    from newsletter.desk.desk import Desk
    from newsletter.desk.request import DeskRequest
    from newsletter.report.page.wording import PageWords

_TEXTS = "articles"
"""Folder of the workspace where texts lie that somebody pasted or uploaded."""
_KINDS = {".md", ".markdown", ".txt", ".text", ".html", ".htm", ".xml", ".rss", ".json"}


_LOOK, _ALIVE = 0.2, 10.0
"""Seconds between two looks at how far it is, and until a page that waits is told that the desk is still there."""


def page(visit: DeskRequest) -> Response:
    """The field, or how far it is."""
    run = visit.desk.library.first
    words = visit.desk.pages.words
    trouble = None
    if run.trouble is not None:
        trouble = {"what": sentence(words, run.trouble), "said": str(run.trouble)}
    about = visit.workspace.publication
    known = "" if about.url.rstrip("/") == workflow.PLACE else about.url
    values = {**_shown(run), "typed": run.typed or known, "trouble": trouble, "has_issue": has_issue(visit)}
    return visit.page("desk/articles/first.html.j2", values)


def has_issue(visit: DeskRequest) -> bool:
    """Whether the workspace has an issue already."""
    return any((visit.workspace.root / FOLDER).glob(f"*/{FILE}"))


def steps(visit: DeskRequest) -> Response:
    """The steps as they end, as server-sent events."""
    from starlette.responses import StreamingResponse

    return StreamingResponse(_told(visit), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def _told(visit: DeskRequest) -> AsyncIterator[str]:
    # Not in a thread: there are forty for all requests, and each open page would keep one of them waiting.
    run = visit.desk.library.first
    number, quiet = 0, 0.0
    while True:
        if run.number != number:
            number, quiet = run.number, 0.0
            html = await asyncio.to_thread(visit.fill, "desk/articles/steps.html.j2", _shown(run))
            over = "" if run.is_running else f"/issue/{quote(run.slug)}" if run.slug else "/first"
            yield f"data: {json.dumps({'html': html, 'go': over})}\n\n"
            if over:
                return
        elif not run.is_running:
            return
        elif quiet >= _ALIVE:
            quiet = 0.0
            yield ": here\n\n"
        await asyncio.sleep(_LOOK)
        quiet += _LOOK


def _shown(run: FirstRun) -> dict[str, Any]:
    done = {one.kind: one for one in run.steps}
    return {"done": done, "is_running": run.is_running, "slug": run.slug}


def start(visit: DeskRequest) -> Response:
    """Begin with the address of a site."""
    typed = visit.form.get("url", "").strip()[:500]
    desk = visit.desk

    def work(run: FirstRun) -> str:
        import time

        began = time.monotonic()
        url = workflow.address(typed)
        site = workflow.look(desk.workspace, url)
        run.step(FirstStep("site", site=site, seconds=time.monotonic() - began))
        workflow.gather(desk.workspace, [url], run.step)
        # Only an address that gave articles is worth keeping; the draft bears the name that was found there.
        if workflow.settle(desk.workspace, site):
            desk.reopen()
        return workflow.write(desk.workspace, run.step).slug

    desk.library.first.start(typed, work)
    return visit.to("/first")


def paste(visit: DeskRequest) -> Response:
    """Begin with a text, its headline first."""
    title, text = visit.form.get("title", "").strip(), visit.form.get("text", "").strip()
    if not text:
        raise SourceError("there is no text", mend="paste one")
    name = _kept(
        visit.desk, f"{_plain_name(title or text[:40])}.md", f"# {title}\n\n{text}\n" if title else f"{text}\n"
    )
    return _from(visit, [name])


def files(visit: DeskRequest) -> Response:
    """Begin with files: texts, saved pages, a feed."""
    paths: list[str] = []
    for one in visit.files.values():
        ending = Path(one.name).suffix.lower()
        if one.content and ending in _KINDS:
            paths.append(_kept(visit.desk, _plain_name(Path(one.name).stem) + ending, one.content))
    if not paths:
        raise SourceError("none of these files is a text", mend="choose files that end in .md, .txt or .html")
    return _from(visit, paths)


def samples(visit: DeskRequest) -> Response:
    """Begin with the articles of the sample newsroom."""
    return _from(visit, workflow.samples())


def _from(visit: DeskRequest, paths: list[str]) -> Response:
    desk = visit.desk

    def work(run: FirstRun) -> str:
        workflow.gather(desk.workspace, paths, run.step)
        return workflow.write(desk.workspace, run.step).slug

    desk.library.first.start("", work)
    return visit.to("/first")


def _plain_name(text: str) -> str:
    """A file name of ours: letters, digits and hyphens of what a stranger called it."""
    return re.sub(r"[^\w]+", "-", text).strip("-_")[:60] or "text"


def _kept(desk: Desk, name: str, content: str | bytes) -> str:
    """Write a text into the workspace, never over another; gives its path."""
    folder = desk.workspace.root / _TEXTS
    folder.mkdir(exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    for number in range(1, 1000):
        path = folder / (name if number == 1 else f"{Path(name).stem}-{number}{Path(name).suffix}")
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            if path.read_bytes() == data:
                return str(path)
            continue
        return str(path)
    raise SourceError("there are too many files of that name", where=str(folder))


def sentence(words: PageWords, error: NashraError) -> Any:
    """Why a site gave nothing, in the language of the desk.

    Args:
        words: Of the desk.
        error: As collecting tells it.
    """
    said = str(error)
    if isinstance(error, FetchError):
        if error.status in {401, 403, 429}:
            return words.say("The site lets no program in (its answer: {status}).", status=error.status)
        if error.status:
            return words.say("There is nothing at this address (its answer: {status}).", status=error.status)
        if "private" in said or "public" in said or "allow_private_hosts" in said:
            return words.say("This address is within a private network; the desk asks public sites only.")
        if "complete answer" in said:
            return words.say("The site does not answer in time. Try again in a while.")
        return words.say("Nothing answers at this address. Check it, and the connection.")
    if "no address" in said:
        return words.say("That is no address of a site. Write it as a browser shows it.")
    if "holds nothing new" in said or "repeats" in said:
        return words.say("Everything there is in an issue already.")
    return words.say("No article was found there.")


ROUTES = (
    DeskRoute("GET", "/first", page, "look"),
    DeskRoute("GET", "/first/steps", steps, "look"),
    DeskRoute("POST", "/first", start, "edit"),
    DeskRoute("POST", "/first/paste", paste, "edit"),
    DeskRoute("POST", "/first/files", files, "edit", UPLOAD),
    DeskRoute("POST", "/first/samples", samples, "edit"),
)
