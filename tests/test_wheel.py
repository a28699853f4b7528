"""What a stranger installs works: the wheel and the sdist, with what pyproject.toml names and nothing that only a lock
or a checkout has; with the newest packages that it allows, and with the lowest."""

from __future__ import annotations

import contextlib
import email
import email.policy
import functools
import http.client
import http.server
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from command import ROOT
from reader_pages import free_port

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
JOURNEY = Path(__file__).with_name("first_journey.py")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|Retrying|error sending request|"
    r"[Ff]ailed to fetch|Request failed after|dns error|[Cc]onnection refused|operation timed out"
)


# ---- the wheel, without the lock, far from the checkout


@dataclass(frozen=True)
class Installed:
    """A fresh environment with the wheel and what was chosen to go with it."""

    programs: Path
    install: Callable[..., None]
    """Install into it what is named, by the same rule; ``extra=`` also what that extra of pyproject.toml asks for."""

    @property
    def python(self) -> Path:
        return self.programs / "python"

    @property
    def newsletter(self) -> Path:
        return self.programs / "newsletter"


def _environment() -> dict[str, str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NASHRA_", "PYTHON", "VIRTUAL_ENV", "DISPLAY", "WAYLAND"))
    }
    tools = os.pathsep.join([str(Path(_uv()).parent), clean.get("PATH", os.defpath)])
    return {**clean, **_index(), "PATH": tools, "PYTHONUTF8": "1"}


@functools.cache
def _uv() -> str:
    """The program uv of the locked requirements."""
    import uv

    return str(uv.find_uv_bin())


@functools.cache
def _index() -> dict[str, str]:
    """Where this machine's pip finds packages, told to uv, which reads nothing of pip's."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False, timeout=60
    ).stdout
    known = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        variable = known.get(name.rpartition(".")[2])
        if variable and variable not in os.environ:
            found[variable] = value.strip("'\"")
    return found


def _run(*words: str | Path, cwd: Path, code: int = 0) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=600,
    )
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout if code == 0 else done.stderr


def _fetching(*words: str | Path, cwd: Path) -> None:
    """Run what asks the package index; without an index the test is skipped, and in CI it fails."""
    try:
        _run(*words, cwd=cwd)
    except AssertionError as error:
        if UNREACHABLE.search(str(error)) is None or os.environ.get("CI") == "true":
            raise
        pytest.skip("needs the package index, which cannot be reached")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    _run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


def _one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def _installed(built: Path, folder: Path, resolution: str) -> Installed:
    """The wheel in an environment of its own, with none of the lock's pins; nothing is compiled on the way.

    Args:
        built: Where the wheel is.
        folder: Where the environment is made.
        resolution: ``highest``, with a pip as ``python -m venv`` leaves one, or ``lowest-direct``, without.
    """
    seed = ["--seed"] if resolution == "highest" else []
    _fetching(_uv(), "venv", "-q", *seed, "--python", sys.executable, folder, cwd=built)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [_uv(), "pip", "install", "-q", "--only-binary", ":all:", "--python", programs / "python"]

    def install(*more: str | Path, extra: str = "") -> None:
        # Read from pyproject.toml, the packages are asked for directly; those of a wheel come behind it, and have
        # their newest versions.
        asked = ["-r", ROOT / "pyproject.toml", *(["--extra", extra] if extra else [])]
        _fetching(*pip, "--resolution", resolution, *asked, *more, cwd=built)

    install(_one(built, "*.whl"))
    return Installed(programs, install)


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


def _ask(port: int, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
    """Status, the cookie that is set, and the body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        body = urlencode(form).encode() if form is not None else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        origin = {"Origin": f"http://127.0.0.1:{port}"} if method == "POST" else {}
        connection.request(method, path, body, {**kind, **origin, **headers})
        answer = connection.getresponse()
        cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
        return answer.status, cookie, answer.read().decode("utf-8")


@contextlib.contextmanager
def _running(*words: str | Path, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server of the fresh environment, which ends well when it is told to."""
    process = subprocess.Popen(
        [str(word) for word in words],
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        # uvicorn ends in order, and then by the signal itself.
        assert process.returncode in {0, -signal.SIGTERM}, err.decode()
        assert b"Traceback" not in err
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, process.communicate()
        with contextlib.suppress(OSError):
            if _ask(port, "GET", "/health")[0] == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the reader pages did not answer within a minute")


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
def test_a_stranger_installs_it_and_sends_a_letter(
    built: Path, tmp_path: Path, resolution: str, request: pytest.FixtureRequest
) -> None:
    """One test: a process for each command, and an environment for each question, would cost minutes."""
    installed = _installed(built, tmp_path / "venv", resolution)
    home = tmp_path / "empty"
    home.mkdir()
    if resolution == "lowest-direct":
        _named_are_the_lowest(installed, home)
    _letters_go(installed, home, tmp_path / "site")
    _pages_answer(installed, home)
    _the_desk_answers(installed, home)
    # Asked for at last, so that a machine without PostgreSQL still tries all the rest.
    url = request.getfixturevalue("database_urls")("postgresql")
    _workers_work(installed, home, url, with_pip=resolution == "highest")


def _named_are_the_lowest(installed: Installed, home: Path) -> None:
    """A version that pyproject.toml names but nobody can have, with what the others ask for, was never tried."""
    listed = json.loads(_run(_uv(), "pip", "list", "-q", "--format", "json", "--python", installed.python, cwd=home))
    there = {one["name"].lower(): _release(one["version"]) for one in listed}
    named = (re.fullmatch(r"([\w-]+).*>=([\d.]+)", one) for one in PROJECT["dependencies"])
    lowest = {one[1].lower(): _release(one[2]) for one in named if one is not None}
    assert {name: there[name] for name in lowest} == lowest


def _release(version: str) -> list[int]:
    numbers = [int(part) for part in version.split(".")]
    while numbers[-1] == 0:
        numbers.pop()
    return numbers


def _letters_go(installed: Installed, home: Path, site: Path) -> None:
    site.mkdir()
    (site / "fish.html").write_text(PAGE, "utf-8")
    (site / "feed.xml").write_text(FEED, "utf-8")
    with _site(site) as address:
        made = json.loads(_run(installed.python, "-P", JOURNEY, address, cwd=home))
    assert made["demo"] == ["issue.html", "issue.txt", "new", "issue.md"]
    bodies = {article["title"]: article["paragraphs"] for article in made["articles"]}
    assert set(bodies) == {
        "سوق السمك يعود إلى الميناء القديم",
        "المكتبة البلدية تمدد ساعات القراءة",
        "ورشة الفخار تفتح أبوابها للأطفال",
        "قافلة الكتب تصل إلى القرى الجبلية",
    }
    assert len(bodies["سوق السمك يعود إلى الميناء القديم"]) == 3
    assert "الرئيسية" not in str(bodies)
    assert made["errors"] == ["link-private"]
    assert {"issue.html", "issue.md", "issue.txt"} <= set(made["preview"])
    assert (made["sent"]["state"], made["sent"]["submitted"]) == ("finished", 1)
    assert {"newsletter.wiring", "newsletter.sources.page.body", "subscribers.store.tables"} <= set(made["modules"])
    (letter,) = (home / "w" / "outbox" / "new").glob("*.eml")
    message = email.message_from_bytes(letter.read_bytes(), policy=email.policy.default)
    assert message["To"] == "amal@example.net"
    assert "سوق السمك يعود إلى الميناء القديم" in str(message.get_body(("html",)).get_content())  # type: ignore[union-attr]


def _pages_answer(installed: Installed, home: Path) -> None:
    port = free_port()
    with _running(installed.newsletter, "-C", "w", "serve", "--port", str(port), cwd=home) as process:
        _wait_for(port, process)
        status, _, page = _ask(port, "GET", "/")
        assert status == 200
        assert "الموجة" in page
        assert "سوق السمك" in _ask(port, "GET", "/letters/1")[2]


def _the_desk_answers(installed: Installed, home: Path) -> None:
    with _running(installed.newsletter, "-C", "w", "desk", "--no-open", cwd=home) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/enter#([\w-]+)\n", line)
        assert found is not None, line
        port = int(found[1])
        status, cookie, _ = _ask(port, "POST", "/enter", {"token": found[2]})
        assert status == 303
        status, _, page = _ask(port, "GET", "/", Cookie=cookie)
        assert status in {200, 303}
        assert "Traceback" not in page


def _workers_work(installed: Installed, home: Path, url: str, *, with_pip: bool) -> None:
    """PostgreSQL: the complaint of a program without the driver is a command that brings it, as it stands."""
    shutil.copytree(home / "w", home / "q", ignore=shutil.ignore_patterns("outbox"))
    (home / "q" / "secrets" / "database.url").write_text(url, "utf-8")
    (home / "q" / "secrets" / "database.url").chmod(0o600)
    asked = ("subscribers", "list")
    told = _run(installed.newsletter, "-C", "q", *asked, cwd=home, code=1)
    complaint, _, mend = told.strip().partition("; ")
    assert complaint.endswith("the driver for PostgreSQL is missing"), told
    words = shlex.split(mend)
    if with_pip:
        assert words[1:4] == ["-m", "pip", "install"]
        _fetching(*words, "-q", "--disable-pip-version-check", "--no-compile", cwd=home)
    else:
        assert words[:2] == ["uv", "pip"]
        _fetching(*words, "-q", cwd=home)
    # The driver is there now, and says what is in the database.
    assert "run: newsletter database upgrade" in _run(installed.newsletter, "-C", "q", *asked, cwd=home, code=1)
    installed.install(extra="workers")
    made = json.loads(_run(installed.python, "-P", JOURNEY, "worker", url, cwd=home))
    assert (made["sent"]["state"], made["sent"]["submitted"]) == ("finished", 1)
    assert made["letters"] == 2


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
