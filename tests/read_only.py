"""Each command in a way that changes nothing, and the workspace to run it in: for the guard and for the benchmark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from command import ROOT, environment

SAMPLE = ROOT / "newsletter" / "sample"

BASE = frozenset({"sqlalchemy", "pydantic"})
"""Dear modules that every command on a workspace needs: its database, and its settings (and Typer since 0.29)."""
LETTER = BASE | {"jinja2", "mjml", "markdown_it", "babel", "regex", "hijridate"}
"""… and whoever makes a letter; the demonstration's has the Hijri date."""

READS: dict[str, tuple[tuple[str, ...], frozenset[str]]] = {
    "latest": (("--rhythm", "daily", "--dry-run"), BASE),
    "schedule": ((), BASE),
    "articles": ((), BASE | {"lxml"}),
    "check": ((), LETTER | {"url_normalize", "rich"}),
    "subjects": ((), BASE | {"markdown_it", "regex", "rich"}),
    "theme": (("--html", "shown.html"), LETTER | {"url_normalize"}),
    "preview": ((), LETTER | {"url_normalize", "rich"}),
    "open": (("--no-open",), LETTER | {"url_normalize", "rich"}),
    "sponsors list": ((), BASE | {"markdown_it"}),
    "sponsors check": ((), BASE | {"markdown_it"}),
    "sponsors report": (("مطاحن السهل",), BASE | {"markdown_it"}),
    "sponsors place": (("--dry-run",), BASE | {"markdown_it"}),
    "lists": ((), BASE),
    "lists rename": (("readers", "--title", "نشرة", "--dry-run"), BASE),
    "lists close": (("readers", "--dry-run"), BASE),
    "send": (("--dry-run",), BASE | {"markdown_it"}),
    "report": ((), BASE),
    "log": ((), BASE),
    "deliverability": ((), BASE),
    "status": ((), BASE),
    "doctor": (("--offline",), BASE | {"jinja2", "babel", "markdown_it"}),
    "embed": ((), BASE | {"jinja2", "babel"}),
    "database upgrade": ((), BASE),
    "desk person list": ((), frozenset({"pydantic"})),
    "subscribers import": ((str(SAMPLE / "subscribers.csv"), "--dry-run"), BASE),
    "subscribers list": ((), BASE),
    "subscribers show": (("yasmin@example.org",), BASE),
    "subscribers stats": ((), BASE),
    "subscribers hygiene": ((), BASE),
    "subscribers hygiene ask": (("--dry-run",), BASE),
    "subscribers bounces": ((), BASE),
    "subscribers unsuppress": (("--reason", "hard", "--dry-run"), BASE),
    "subscribers bounces accept": (("--all", "--dry-run"), BASE),
    "subscribers bounces dismiss": (("--all", "--dry-run"), BASE),
    "subscribers inbox": (("mailbox", "--dry-run"), BASE),
    "subscribers letters": (("--dry-run",), BASE),
    "sends show": (("1",), BASE),
    "sends list": ((), BASE),
    "sends unknown": ((), BASE),
}
"""Commands that can be run without changing anything in the demonstration's workspace (its issue went out): how, and
the dear modules that they may import there."""

ACTS = frozenset(
    {
        *(
            "init",
            "demo",
            "weekly",
            "approve",
            "publish",
            "wordpress connect",
            "collect",
            "compose",
            "edit",
            "worker",
            "serve",
            "service install",
            "service proxy",
            "service remove",
            "wordpress plugin",
            "desk",
            "desk person add",
            "desk person password",
            "desk person roles",
            "desk person remove",
            "database backup",
            "database copy",
            "database adopt",
        ),
        *("subscribers add", "subscribers export", "subscribers leave", "subscribers suppress"),
        *("subscribers erase", "subscribers sync"),
        *("lists add", "lists open"),
        *("sends pause", "sends resume", "sends divert", "sends cancel", "sends refreeze", "sends decide"),
    }
)
"""Commands that always do something."""


def workspace(folder: Path) -> Path:
    """Make the workspace of the demonstration below a folder, with an empty mailbox beside its files."""
    root = folder / "w"
    words = [sys.executable, "-m", "newsletter", "demo", str(root)]
    subprocess.run(words, check=True, capture_output=True, env=environment())
    booking = '[[booking]]\nsponsor = "مطاحن السهل"\nlink = "https://example.net/flour"\nissues = [99]\n'
    (root / "sponsors.toml").write_text(booking, "utf-8")
    for name in ("new", "cur", "tmp"):
        (root / "mailbox" / name).mkdir(parents=True)
    return root
