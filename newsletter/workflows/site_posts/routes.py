"""What the reader pages answer to the plugin of the site, and to nobody else."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING

from newsletter.events.genuine import HookRecord
from newsletter.site_hook.hook import FORBIDDEN, NOT_FOUND, knock_hook
from newsletter.site_hook.knocks import BODY_BYTES
from newsletter.site_hook.signing import HEADER, SignedBy, request_signed
from newsletter.workflows.site_posts.fates import fate
from newsletter.workspace.plugin_secret import plugin_secrets

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.wiring import Workspace
    from subscribers.web import Request, Site

PATH = "/hooks/wordpress"
_NUMBER = re.compile(r"[0-9]{1,15}")


def site_routes(site: Site, workspace: Workspace) -> list[BaseRoute]:
    """The routes of the site's plugin: its knocks, and what became of one of its posts.

    Args:
        site: The reader pages.
        workspace: The workspace.
    """
    from starlette.responses import Response

    from subscribers.web import route

    secrets = partial(plugin_secrets, workspace.root)
    hook = knock_hook(
        workspace.database,
        secrets,
        now=workspace.now,
        note=HookRecord("wordpress", workspace.database, workspace.now).note,
    )

    def knocked(_site: Site, request: Request) -> Response:
        return Response(status_code=hook(request.headers, request.body))

    def post(_site: Site, request: Request) -> Response:
        path = f"{PATH}/posts/{request.parts['place']}/{request.parts['number']}"
        refused = refusal(workspace, request, path)
        if refused:
            return Response(status_code=refused)
        if not _NUMBER.fullmatch(request.parts["number"]):
            return Response(status_code=NOT_FOUND)
        with workspace.database.read() as connection:
            found = fate(connection, request.parts["place"], int(request.parts["number"]))
        return Response(json.dumps(found), media_type="application/json")

    return [
        route(site, PATH, knocked, ["POST"], most=BODY_BYTES, raw=True),
        route(site, f"{PATH}/posts/{{place}}/{{number}}", post),
    ]


def refusal(workspace: Workspace, request: Request, path: str) -> int:
    """The status that a request gets which the plugin did not sign; 0 when it did.

    Args:
        workspace: The workspace.
        request: Without a body.
        path: What it must have signed: below the address of the pages, whatever folder they stand in.
    """
    now = workspace.now()
    keys = plugin_secrets(workspace.root, now)
    if not keys:
        return NOT_FOUND
    signed = request_signed(request.headers.get(HEADER, ""), "GET", path, keys, now=now)
    return 0 if signed is SignedBy.GENUINE else FORBIDDEN
