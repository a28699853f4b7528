"""What a web server before the pages is told: files for nginx and Caddy, of templates in ``templates/deploy/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from newsletter.errors import SettingsError

if TYPE_CHECKING:
    from jinja2 import Environment

    from newsletter.workspace.config import Settings

Proxy = Literal["nginx", "caddy"]
_FILES: dict[Proxy, str] = {"nginx": "deploy/nginx.conf.j2", "caddy": "deploy/Caddyfile.j2"}


def proxy_text(templates: Environment, settings: Settings, kind: Proxy, *, port: int, name: str) -> str:
    """The configuration of a web server that stands before the pages.

    Args:
        templates: The templates, the workspace's own first.
        settings: Of the workspace.
        kind: The web server.
        port: Of the pages, on the same machine.
        name: What its own names begin with.

    Raises:
        SettingsError: The pages have no address, or one without TLS or with a path.
    """
    parts = urlsplit(settings.web.url)
    if parts.scheme != "https" or not parts.hostname or parts.path:
        raise SettingsError(
            "a web server with TLS wants pages at a host of their own",
            where=f"newsletter.toml: [web] url = {settings.web.url!r}",
            mend='write url = "https://news.example.org"',
        )
    values = {"host": parts.hostname, "port": port, "name": name.replace("-", "_")}
    return templates.get_template(_FILES[kind]).render(values)
