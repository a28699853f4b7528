"""What a stranger does first, run by the Python of a fresh environment: from an empty folder to letters in an outbox.

Given the address of a loopback site with fish.html and feed.xml, or ``worker`` and the URL of a PostgreSQL database.
It needs nothing but the installed packages, and prints what it made as JSON. All in one process: a process for each
command would cost a second each.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

LOCAL = """<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>ورشة الفخار</title></head>
<body><article>
<h1>ورشة الفخار تفتح أبوابها للأطفال</h1>
<p>تستقبل ورشة الفخار في الحي القديم أربعين طفلا كل صباح سبت، وتعلّمهم تشكيل الطين على الدولاب اليدوي.</p>
<p>ويقول أصحاب الورشة إن الأواني التي يصنعها الصغار تُعرض في نهاية كل شهر في بهو المكتبة البلدية.</p>
</article></body></html>
"""
MARKDOWN = """---
title: قافلة الكتب تصل إلى القرى الجبلية
url: https://almawja.example.org/books/
date: 2026-11-19
---

وصلت قافلة الكتب إلى ست قرى جبلية، وحملت معها **ألف عنوان** للكبار والصغار.
"""


def newsletter(*words: str, code: int = 0) -> str:
    """Run a command; what it printed on stdout."""
    from newsletter.cli import main

    sys.argv = ["newsletter", *words]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    got = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as leave:
            got = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
    said, complained = (stream.buffer.getvalue().decode("utf-8") for stream in (out, err))  # type: ignore[attr-defined]
    told = f"{words} ended with {got}\n{said}\n{complained}"
    assert got == code, told
    assert "Traceback" not in complained, told
    return said


def setting(workspace: Path, section: str, line: str) -> None:
    """Write a setting into newsletter.toml."""
    path = workspace / "newsletter.toml"
    text = path.read_text("utf-8")
    head = f"[{section}]\n"
    text = text if head in text else f"{text}\n{head}"
    path.write_text(text.replace(head, f"{head}{line}\n", 1), "utf-8")


def letters(site: str) -> dict[str, Any]:
    """The demo; then pages, a feed, HTML and Markdown collected, an issue composed, checked, seen and sent."""
    made: dict[str, Any] = {"demo": [Path(line).name for line in newsletter("demo").splitlines()]}
    newsletter("init", "w", "--name", "الموجة", "--url", "https://almawja.example.org")
    root = Path("w")
    setting(root, "collect", 'allow_private_hosts = ["127.0.0.1"]')
    setting(root, "web", 'url = "http://127.0.0.1:8000"')
    Path("pottery.html").write_text(LOCAL, "utf-8")
    Path("books.md").write_text(MARKDOWN, "utf-8")
    sources = (f"{site}/fish.html", f"{site}/feed.xml", "pottery.html", "books.md")
    made["articles"] = json.loads(newsletter("-C", "w", "collect", *sources, "--json"))["articles"]
    issue = Path(newsletter("-C", "w", "compose", "--latest", "5").strip())
    # Loopback is no address for a reader: the check finds it, and the editor writes the public one.
    problems = json.loads(newsletter("-C", "w", "check", "--json", code=3))["problems"]
    made["errors"] = [one["code"] for one in problems if one["level"] == "error"]
    issue.write_text(issue.read_text("utf-8").replace(site, "https://almawja.example.org"), "utf-8")
    newsletter("-C", "w", "check")
    newsletter("-C", "w", "preview")
    made["preview"] = sorted(path.name for path in issue.parent.iterdir())
    newsletter("-C", "w", "subscribers", "add", "amal@example.net")
    made["sent"] = json.loads(newsletter("-C", "w", "send", "--yes", "--json"))
    newsletter("-C", "w", "worker", "--once")
    return made


def worker(url: str) -> dict[str, Any]:
    """The same newsroom on PostgreSQL: a letter that was planned goes when a worker looks, with the jobs of workers."""
    newsletter("init", "p", "--name", "الموجة", "--url", "https://almawja.example.org")
    root = Path("p")
    secret = root / "secrets" / "database.url"
    secret.parent.mkdir(exist_ok=True)
    secret.touch(0o600)
    secret.write_text(url, "utf-8")
    newsletter("-C", "p", "database", "upgrade")
    newsletter("-C", "p", "collect", "books.md")
    newsletter("-C", "p", "compose", "--latest", "1")
    newsletter("-C", "p", "subscribers", "add", "amal@example.net")
    newsletter("-C", "p", "subscribers", "add", "salma@example.net", "--ask")
    sent = json.loads(newsletter("-C", "p", "send", "--yes", "--json"))
    newsletter("-C", "p", "worker", "--once")
    return {"sent": sent, "letters": len(list((root / "outbox" / "new").iterdir()))}


def modules() -> list[str]:
    """Every module imported, each from this environment."""
    names = []
    for package in (importlib.import_module(name) for name in ("newsletter", "subscribers")):
        assert str(package.__file__).startswith(sys.prefix), package.__file__
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name != "newsletter.__main__" and not found.name.startswith("newsletter.storage.migrations"):
                importlib.import_module(found.name)
                names.append(found.name)
    return names


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        told = worker(sys.argv[2])
    else:
        told = letters(sys.argv[1])
        told["modules"] = modules()
    print(json.dumps(told))
