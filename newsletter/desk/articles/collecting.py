"""Collecting from the newsroom's sources when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.desk.models import DeskRoute
from newsletter.errors import SourceError
from newsletter.workflows import collect as workflow

if TYPE_CHECKING:
    from starlette.responses import Response

    from newsletter.desk.request import DeskRequest


def collect(visit: DeskRequest) -> Response:
    """Read every source of the settings, as ``newsletter collect`` does; drafts get their candidates."""
    words = visit.desk.pages.words
    lock = visit.desk.library.collecting
    if not workflow.sources_of(visit.workspace):
        raise SourceError("no source is named", where="newsletter.toml: [collect] sources", mend="name your site there")
    if not lock.acquire(blocking=False):
        return visit.data({"live": str(words.say("The site is being read already.").striptags())}, status=202)
    try:
        outcome = workflow.gather(visit.workspace)
    finally:
        lock.release()
    visit.desk.noted("collect", by=visit.editor.name, about=str(len(outcome.added)))
    told = words.count("{n} new article", "{n} new articles", len(outcome.added))
    if outcome.troubles:
        failed = words.count("{n} source gave nothing", "{n} sources gave nothing", len(outcome.troubles))
        told = words.say("{told}. {failed}.", told=told, failed=failed)
    troubles = [str(trouble) for trouble in outcome.troubles]
    return visit.data({"live": told.striptags(), "added": len(outcome.added), "troubles": troubles})


ROUTES = (DeskRoute("POST", "/collect", collect, "edit"),)
"""Reading the sources may write drafts, and takes as long as they take."""
