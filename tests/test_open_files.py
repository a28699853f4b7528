"""A limit of open files that is too low is named with what mends it, wherever it strikes; nothing is lost by it."""

from __future__ import annotations

import errno
import resource
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import smtp_standin
import standin
from command import Done, environment
from settings_text import with_settings
from test_deliver import make, write_issue
from test_senders_smtp import configure

from newsletter.errors import FileLimitError, SendError, file_limit_error

SAID = "the system lets this process open no more files"


def under(limit: int, *arguments: str | Path) -> Done:
    """The command in a process that may have only so many files open."""
    done = subprocess.run(
        [sys.executable, "-m", "newsletter", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    make(root, 12, batch=6)
    write_issue(root)
    return root


def said_or_done(done: Done, limit: int) -> bool:
    """Whether it came to its end; else it must have said why in one line, and not as a riddle."""
    assert "Traceback" not in done.err, done.err
    assert "report it" not in done.err
    if done.code == 0:
        return True
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert errors == [line for line in errors if SAID in line and f"({limit} at once, nofile)" in line]
    assert len(errors) == 1, done.err
    assert "ulimit -n 1024" in errors[0]
    return False


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["smtp", "sendgrid"])
def test_a_send_under_every_low_limit_ends_or_names_it_and_everybody_gets_it_once(
    root: Path, tmp_path: Path, kind: str
) -> None:
    came_to_its_end = []
    with smtp_standin.running(tmp_path) if kind == "smtp" else standin.running(tmp_path) as server:
        if isinstance(server, smtp_standin.StandIn):
            configure(root, server)
        else:
            path = root / "newsletter.toml"
            text = path.read_text("utf-8").replace('kind = "outbox"', 'kind = "sendgrid"')
            path.write_text(with_settings(text, f'[sendgrid]\nhost = "{server.host}"\n'), "utf-8")
            (root / "secrets" / "sendgrid.key").write_text("SG.test\n", "utf-8")
        for limit in (5, 8, 12):
            came_to_its_end.append(said_or_done(under(limit, "-C", root, "send", "1", "--yes"), limit))
        assert server.addresses() == {f"reader{number}@example.net": 1 for number in range(12)}
    # The lowest cannot do, and one of the higher ones can.
    assert came_to_its_end[0] is False
    assert came_to_its_end[-1] is True


@pytest.mark.parametrize("words", [["lists"], ["sends", "list"], ["check", "1"]])
def test_other_commands_say_it_as_well(root: Path, words: list[str]) -> None:
    assert [said_or_done(under(limit, "-C", root, *words), limit) for limit in (5, 30)] == [False, True]


def test_it_is_found_behind_other_errors_and_in_no_others() -> None:
    full = OSError(errno.EMFILE, "Too many open files")
    try:
        try:
            raise full
        except OSError:
            raise SendError("it cannot be reached") from None
    except SendError as error:
        found = file_limit_error(error)
    assert isinstance(found, FileLimitError)
    assert SAID in str(found)
    whole = file_limit_error(OSError(errno.ENFILE, "too many in the system"))
    assert "the whole system has no more files" in str(whole)
    for other in (
        OSError(errno.ENOENT, "no"),
        SendError("x"),
        None,
        sqlite3.OperationalError("unable to open"),
        socket.gaierror(-3, "x"),
    ):
        assert file_limit_error(other) is None


def test_errors_that_do_not_say_why_are_looked_into(tmp_path: Path) -> None:
    program = (
        "import os, socket, sqlite3\n"
        "from newsletter.errors import file_limit_error\n"
        "while True:\n"
        "    try: os.open(os.devnull, os.O_RDONLY)\n"
        "    except OSError: break\n"
        "for error in (sqlite3.OperationalError('unable to open database file'), socket.gaierror(-3, 'again'), None):\n"
        "    print(file_limit_error(error))\n"
        "print(file_limit_error(ValueError('x')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)),
    )
    lines = done.stdout.splitlines()
    assert [SAID in line for line in lines] == [True, True, True, False]
    assert "(40 at once, nofile)" in lines[0]
