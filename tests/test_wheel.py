"""What a stranger installs works: the wheel and the sdist, with what pyproject.toml names and nothing that only a lock
or a checkout has."""

from __future__ import annotations

import contextlib
import email
import email.policy
import functools
import http.server
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from command import ROOT
from settings_text import with_settings

from newsletter.cli.app import FOUND_ERRORS

PAGE = """<!doctype html><html lang="ar" dir="rtl"><head><meta charset="utf-8">
<title>سوق السمك يعود إلى الميناء القديم - الموجة</title>
<meta property="og:title" content="سوق السمك يعود إلى الميناء القديم">
<meta property="article:published_time" content="2026-11-20T09:00:00+01:00"></head>
<body><nav><a href="/">الرئيسية</a> <a href="/sport">رياضة</a></nav><article>
<h1>سوق السمك يعود إلى الميناء القديم</h1>
<p>فتح سوق السمك أبوابه من جديد صباح الخميس في الميناء القديم بعد ثلاث سنوات من الأشغال التي شملت الرصيف والأسقف.</p>
<p>وقال باعة في السوق إن الحركة عادت منذ اليوم الأول، وإن القوارب صارت ترسو على بعد خطوات من طاولات العرض.</p>
<p>وتنتظر البلدية أن يستقبل السوق ألفي زائر في عطلة الأسبوع، وأن تبقى الأسعار قريبة من أسعار الموسم الماضي.</p>
</article><footer>جميع الحقوق محفوظة</footer></body></html>
"""
FEED = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>الموجة</title><link>https://almawja.example.org/</link><description>أخبار</description>
<item><title>المكتبة البلدية تمدد ساعات القراءة</title><link>https://almawja.example.org/library/</link>
<pubDate>Fri, 20 Nov 2026 08:00:00 GMT</pubDate><category>ثقافة</category>
<description>تفتح المكتبة البلدية أبوابها حتى العاشرة ليلا طوال أسابيع الامتحانات.</description></item>
</channel></rss>
"""


# ---- pyproject.toml names what is imported


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _named() -> set[str]:
    """The distributions that pyproject.toml names, with or without an extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return {_normal(re.split(r"[\s\[<>=!~;]", one, maxsplit=1)[0]) for one in wanted}


@functools.cache
def _imported() -> dict[str, str]:
    """Every top-level module of somebody else's that the two packages import, with a file that does."""
    import ast

    found: dict[str, str] = {}
    for path in sorted(path for package in ("newsletter", "subscribers") for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [str(node.module)]
            found.update({name.split(".")[0]: str(path.relative_to(ROOT)) for name in names})
    return {
        name: path
        for name, path in found.items()
        if name not in {*sys.stdlib_module_names, "newsletter", "subscribers"}
    }


def test_every_import_is_named_in_pyproject() -> None:
    owners, named = importlib.metadata.packages_distributions(), _named()
    wrong = [
        f"{path} imports {module} of {owners.get(module, 'no installed distribution')}"
        for module, path in _imported().items()
        if not {_normal(owner) for owner in owners.get(module, [])} & named
    ]
    assert wrong == []


def test_what_others_import_for_us_is_named_too() -> None:
    """A need that no import of ours shows: the zones of machines without any."""
    assert "tzdata" in _named()


def test_the_guard_sees_imports() -> None:
    assert {"lxml", "markupsafe", "sqlalchemy", "typer"} <= set(_imported())
    assert "json" not in _imported()


# ---- the wheel, without the lock, far from the checkout


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the wheel and what pip chose to go with it."""

    python: Path
    newsletter: Path


def _run(*words: str | Path, cwd: Path, code: int = 0) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NASHRA_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**clean, "PYTHONWARNINGS": "", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=600,
    )
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    _run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


def _one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own, with the dependencies it names and none of the lock's pins."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    # Debian keeps ensurepip in a package of its own; pip can install into another environment than its own.
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=built)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "-q", "--disable-pip-version-check"]
    # Python compiles what is imported; of many a dependency that is the smaller part.
    pip.append("--no-compile")
    try:
        _run(*pip, "--retries", "1", "--timeout", "20", _one(built, "*.whl"), cwd=built)
    except AssertionError as error:
        unreachable = re.search(
            r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Retrying", str(error)
        )
        if unreachable is None or os.environ.get("CI") == "true":
            raise
        pytest.skip("needs the package index, which cannot be reached")
    return Installed(programs / "python", programs / "newsletter")


@contextlib.contextmanager
def _site(folder: Path) -> Iterator[str]:
    """The files of a folder served on loopback; gives the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name in the base class
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


_EVERY_MODULE = """
import importlib, pkgutil, sys
import newsletter, subscribers
for package in (newsletter, subscribers):
    assert package.__file__.startswith(sys.prefix), package.__file__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name != "newsletter.__main__" and not found.name.startswith("newsletter.storage.migrations"):
            importlib.import_module(found.name)
            print(found.name)
"""


@pytest.mark.slow
def test_every_module_imports_without_the_lock(installed: Installed, tmp_path: Path) -> None:
    names = _run(installed.python, "-c", _EVERY_MODULE, cwd=tmp_path).split()
    assert {"newsletter.wiring", "newsletter.sources.page.body", "subscribers.store.tables"} <= set(names)


@pytest.mark.slow
def test_from_an_empty_folder_to_letters_without_the_lock(installed: Installed, tmp_path: Path) -> None:
    def newsletter(*words: str, code: int = 0) -> str:
        return _run(installed.newsletter, *words, cwd=tmp_path, code=code)

    assert [Path(line).name for line in newsletter("demo").splitlines()] == [
        "issue.html",
        "issue.txt",
        "new",
        "issue.md",
    ]

    newsletter("init", "w", "--name", "الموجة", "--url", "https://almawja.example.org")
    settings = tmp_path / "w" / "newsletter.toml"
    private = '[collect]\nallow_private_hosts = ["127.0.0.1"]\n'
    settings.write_text(with_settings(settings.read_text("utf-8"), private), "utf-8")
    site = tmp_path / "site"
    site.mkdir()
    (site / "fish.html").write_text(PAGE, "utf-8")
    (site / "feed.xml").write_text(FEED, "utf-8")
    with _site(site) as address:
        found = json.loads(newsletter("-C", "w", "collect", f"{address}/fish.html", f"{address}/feed.xml", "--json"))[
            "articles"
        ]
    assert {article["title"] for article in found} == {
        "سوق السمك يعود إلى الميناء القديم",
        "المكتبة البلدية تمدد ساعات القراءة",
    }
    body = next(article["paragraphs"] for article in found if article["title"].startswith("سوق"))
    assert len(body) == 3
    assert "الرئيسية" not in " ".join(body)

    issue = tmp_path / Path(newsletter("-C", "w", "compose", "--latest", "5").strip())
    assert issue.name == "issue.md"
    # Loopback is no address for a reader: the check finds it, and the editor writes the public one.
    problems = json.loads(newsletter("-C", "w", "check", "--json", code=FOUND_ERRORS))["problems"]
    assert [problem["code"] for problem in problems if problem["level"] == "error"] == ["link-private"]
    issue.write_text(issue.read_text("utf-8").replace(address, "https://almawja.example.org"), "utf-8")
    newsletter("-C", "w", "check")
    newsletter("-C", "w", "subscribers", "add", "amal@example.net")
    sent = json.loads(newsletter("-C", "w", "send", "--yes", "--json"))
    assert (sent["state"], sent["submitted"]) == ("finished", 1)
    (letter,) = (tmp_path / "w" / "outbox" / "new").glob("*.eml")
    message = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
    assert message["To"] == "amal@example.net"
    assert "سوق السمك يعود إلى الميناء القديم" in str(message.get_body(("html",)).get_content())  # type: ignore[union-attr]


@pytest.mark.slow
def test_the_sdist_makes_the_same_wheel(built: Path, tmp_path: Path) -> None:
    options = ("-q", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-w", tmp_path)
    _run(sys.executable, "-m", "pip", "wheel", *options, _one(built, "*.tar.gz"), cwd=tmp_path)

    def contents(path: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(path) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}

    ours, theirs = contents(_one(built, "*.whl")), contents(_one(tmp_path, "*.whl"))
    assert set(ours) == set(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert any(name.startswith("newsletter/_templates/") for name in ours)
    assert any(name.startswith("newsletter/sample/") for name in ours)
