"""The reader pages of a workspace put together and served: what ``subscribers.web`` is handed, the archive, the server.

Import it late: it brings Starlette and SQLAlchemy.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter import clicks
from newsletter.errors import SettingsError
from newsletter.rhythms.topics import titles
from newsletter.senders import registry
from newsletter.text.mailbox import ascii_host
from newsletter.web.archive import Archive
from newsletter.web.pages import Pages
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import small_letters
from newsletter.workflows.alerts.thread import AlertThread
from newsletter.workflows.clicks import click_routes
from newsletter.workflows.clicks.visits import VisitCounter, VisitThread
from newsletter.workflows.erase import erase
from newsletter.workflows.health import Watched, metrics_routes
from newsletter.workflows.hosted import media_routes
from newsletter.workflows.logs import log_to_stderr
from newsletter.workflows.past_letters import archive_routes
from newsletter.workflows.polls import poll_routes
from newsletter.workflows.share_pictures import LetterPictures
from newsletter.workflows.site_posts.figures import figure_routes
from newsletter.workflows.site_posts.looking import SITE_LOG, SitePostThread
from newsletter.workflows.site_posts.people import people_routes
from newsletter.workflows.site_posts.routes import site_routes
from newsletter.workflows.small_letters.thread import SmallLetterThread
from newsletter.workflows.warming import walk
from newsletter.workspace.folder import FIRST_LIST
from subscribers import store

if TYPE_CHECKING:
    from subscribers.web import Site
    from subscribers.web.middleware import Middleware
    from subscribers.web.site import Hook


LOG = logging.getLogger("nashra.web")
SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps others from it, in the processes that answer."""


def pages_of(workspace: Workspace) -> Pages:
    """The page environment of a workspace.

    Raises:
        SettingsError: There is no address for the pages.
    """
    if not workspace.settings.web.url:
        raise SettingsError(
            "the reader pages have no address",
            where="[web] url",
            mend='write it into newsletter.toml, url = "https://…", or http://127.0.0.1:8000 to try',
        )
    counts = clicks.counting(workspace.settings)
    return Pages(workspace.templates, workspace.publication, workspace.settings.web.url, counts_clicks=counts)


def site_of(workspace: Workspace, pages: Pages, hooks: Mapping[str, Hook], watched: Watched | None = None) -> Site:
    """What the reader pages are handed.

    Raises:
        SettingsError: A list they should offer does not exist.
    """
    from subscribers.web import Site

    web = workspace.settings.web
    with workspace.database.read() as connection:
        every = store.all_lists(connection)
    known = {one.name for one in every}
    for name in workspace.settings.lists:
        if name not in known:
            raise SettingsError(
                "there is no such list",
                where=f"[lists.{name}]",
                mend="use a name that exists: " + ", ".join(sorted(known)),
            )
    for name in web.lists:
        if name not in known:
            raise SettingsError(
                f"there is no list called '{name}'",
                where="[web] lists",
                mend="name lists that exist: " + (", ".join(sorted(known)) or f"make '{FIRST_LIST}' first"),
            )
    if not any(one.closed is None for one in every if one.name in web.lists):
        raise SettingsError(
            "every list it names is closed",
            where="[web] lists",
            mend=f"name one that is open, or open one with: newsletter lists open {web.lists[0]}",
        )
    return Site(
        base=pages.address,
        database=workspace.database,
        link_keys=workspace.keys.tokens,
        address_keys=workspace.keys.suppression,
        page=pages,
        say=pages.text,
        now=workspace.now,
        lists=tuple(dict.fromkeys(web.lists)),
        home=workspace.publication.url,
        rhythms=tuple(dict.fromkeys(workspace.settings.rhythms.offered)),
        default=workspace.settings.rhythms.default,
        defaults={one.name: workspace.settings.rhythm_of(one.name) for one in every},
        topics={name: titles(topics) for name, topics in workspace.settings.topics.items()},
        counts_clicks=clicks.counting(workspace.settings),
        proxies=tuple(ip_network(one) for one in web.trusted_proxies),
        frame_ancestors=tuple(web.frame_ancestors) or (_origin(workspace.publication.url),),
        keep_client=web.keep_client,
        caps=workspace.caps,
        pending=workspace.upkeep.pending,
        hooks=hooks,
        health=watched.health if watched is not None else None,
        site_map=f"{pages.address}/sitemap.xml",
        erase=partial(erase, workspace, scrub=False),
    )


def _origin(url: str) -> str:
    """The origin of the site, as a Content-Security-Policy can name it."""
    parts = urlsplit(url)
    port = "" if parts.port is None else f":{parts.port}"
    return f"{parts.scheme}://{ascii_host(parts.hostname or '')}{port}"


def app_of(
    workspace: Workspace, *, hooks: Mapping[str, Hook] | None = None, postman: bool = True, warm: bool = False
) -> Middleware:
    """The whole ASGI application of a workspace.

    Args:
        workspace: The workspace, open as long as the application runs.
        hooks: Name to what reads the reports of that provider, for ``POST /hooks/<name>``.
        postman: Send small letters, and alerts, in the background while it runs.
        warm: Do first what takes long for the first time, so that no reader waits for it.

    Raises:
        SettingsError: What the pages need is not set.
    """
    from subscribers.web import create_app

    pages = pages_of(workspace)
    watched = Watched(workspace)
    site = site_of(workspace, pages, hooks_of(workspace) if hooks is None else hooks, watched)
    archive = Archive(workspace.database, pages, site.lists)
    letters = small_letters.of_workspace(workspace)
    counts = workspace.settings.tracking.clicks == "stories"
    counter = VisitCounter(workspace.database, now=workspace.now, counts=counts)

    @contextlib.asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        if not postman:
            yield
            return
        worker, teller, visits = SmallLetterThread(letters), AlertThread(workspace), VisitThread(counter)
        posts = SitePostThread(workspace, SITE_LOG.info)
        worker.start()
        teller.start()
        visits.start()
        posts.start()
        try:
            yield
        finally:
            posts.stop()
            visits.stop()
            teller.stop()
            worker.stop()

    routes = [
        *archive_routes(site, archive, pages, LetterPictures(workspace, pages)),
        *media_routes(site, workspace.database),
    ]
    routes += [*poll_routes(site, pages), *click_routes(site, counter), *site_routes(site, workspace)]
    routes += [*figure_routes(site, workspace, pages), *people_routes(site, workspace)]
    if workspace.settings.web.metrics:
        routes += metrics_routes(site, watched)
    if warm:
        walk(site, workspace.database, letters)
    return create_app(site, routes=routes, lifespan=lifespan)


def hooks_of(workspace: Workspace) -> dict[str, Hook]:
    """The readers of providers' reports that this workspace has what they need for."""
    from newsletter.events.genuine import HookRecord
    from newsletter.events.hook import report_hook

    hooks: dict[str, Hook] = {}
    for one in registry.providers():
        reader = one.reports(workspace.settings.options[one.name]) if one.reports is not None else None
        if reader is not None:
            hooks[one.name] = report_hook(
                reader,
                workspace.database,
                link_keys=workspace.keys.tokens,
                suppression_keys=workspace.keys.suppression,
                now=workspace.now,
                count_clicks=workspace.settings.tracking.clicks == "provider",
                note=HookRecord(one.name, workspace.database, workspace.now).note,
            )
    return hooks


def embed_of(workspace: Workspace, *, list_name: str = "", height: int = 440) -> tuple[str, str]:
    """The subscribe form for another site: as plain HTML, and as a frame.

    Args:
        workspace: The workspace.
        list_name: The list of the plain form; empty leaves it to the pages.
        height: Pixels of the frame.

    Raises:
        SettingsError: There is no address for the pages.
        UnknownList: No list is called so.
        ClosedList: Nobody can join it.
    """
    from subscribers.consent import PITCH

    pages = pages_of(workspace)
    if list_name:
        with workspace.database.read() as connection:
            store.open_list_named(connection, list_name)
        if list_name not in workspace.settings.web.lists:
            raise SettingsError(
                f"the pages do not offer '{list_name}': who sends the form would get another list",
                where="[web] lists",
                mend=f"add '{list_name}' there",
            )
    values = {"pitch": pages.text(PITCH), "list": list_name, "height": height}
    return pages("web/embed_form.html.j2", values), pages("web/embed_frame.html.j2", values)


def serve(
    root: Path, environment: Mapping[str, str], *, host: str, port: int, workers: int, log_json: bool = False
) -> None:
    """Serve the pages until a signal ends it.

    Args:
        root: The workspace.
        environment: The process environment.
        host: Address to listen at.
        port: TCP port; 0 takes a free one.
        workers: Number of processes that answer.
        log_json: Log one JSON object a line.

    Raises:
        SettingsError: What the pages need is not set, or the address cannot be listened at.
    """
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    with open_workspace(root, environment) as workspace:
        site_of(workspace, pages_of(workspace), {})  # complain here, once, and not in every process
        app_of(workspace, postman=False)
    config = uvicorn.Config(
        partial(_built, root, dict(environment), log_json),
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
        # The pages look at X-Forwarded-For themselves, by the workspace's own setting.
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        # A process that needs longer to start is killed and started again, for ever: a small machine at work needs 8 s.
        timeout_worker_healthcheck=60,
    )
    log_to_stderr(as_json=log_json)
    socket = _listening(host, port)
    try:
        if workers > 1:
            Multiprocess(config, sockets=[socket]).run()
        else:
            uvicorn.Server(config).run(sockets=[socket])
    except KeyboardInterrupt:
        pass
    finally:
        socket.close()


def _listening(host: str, port: int) -> Any:
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named: else asyncio does not know it for TCP, leaves Nagle's algorithm on, and every answer on
    # a kept connection waits 40 ms for the other side's delayed acknowledgement (measured: 89 requests/s).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsError(
            f"cannot listen there ({reason})", where=f"{host}:{port}", mend="choose another with --host and --port"
        ) from None
    listener.set_inheritable(True)
    shown = f"[{host}]" if ":" in host else host
    print(f"Serving at http://{shown}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
    return listener


def _built(root: Path, environment: Mapping[str, str], log_json: bool = False) -> Middleware:
    """The application in the process that serves it; the workspace stays open until that ends."""
    log_to_stderr(as_json=log_json)
    stack = contextlib.ExitStack()
    workspace = stack.enter_context(open_workspace(root, environment))
    # Dozens of threads take turns at Python, and whoever holds the database asks for it after each statement: with
    # the usual 5 ms a transaction of twenty statements lasts as long as all who compute meanwhile like.
    sys.setswitchinterval(SWITCH_SECONDS)
    workspace.database.wait_together(when_lost=_end)
    app = app_of(workspace, warm=True)
    # What is there now stays: looking through all of it for what is garbage would hold up everybody for 50 ms.
    gc.collect()
    gc.freeze()
    app.closing = stack.close
    return app


def _end() -> None:
    """End this process: what it has open proves nothing any more, and what starts it begins anew."""
    LOG.error("the disk did not take what was committed: this process ends, so that one begins anew that asks the disk")
    os.kill(os.getpid(), signal.SIGTERM)
