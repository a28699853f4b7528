"""The blocks of documents, and bash that runs them as they stand: ``newsletter`` in this process, others by stand-ins.

bash finds nothing but what is in a folder of this module's making: a few tools of the system, a stand-in for each
program of STAND_INS, and ``newsletter``, which hands its words to this process. So redirections, ``cd`` and quotes mean
what they mean, and a command costs no process of Python.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from command import Done, here

TOOLS = ("cat", "chmod", "cp", "ln", "ls", "mkdir", "mktemp", "python3", "rm", "rmdir", "tar", "tee", "touch")
"""Of the system's own programs, those that documents may use."""

STAND_INS = {
    "apt": "changes the machine",
    "apt-get": "changes the machine",
    "certbot": "asks an authority for certificates",
    "createdb": "wants a server of PostgreSQL; tests/test_postgresql.py has one",
    "jq": "is another's program, which reads what is handed to it",
    "mail": "is another's program",
    "mbsync": "is another's program",
    "make": "builds this checkout, and runs the tests that call this one",
    "nginx": "wants the machine's own files",
    "pg_restore": "wants a server of PostgreSQL",
    "pipx": "installs; tests/test_wheel.py tries that",
    "podman": "fetches and builds for minutes",
    "systemctl": "wants the machine's own services",
    "systemd-run": "wants the machine's own services",
    "uv": "installs; tests/test_wheel.py tries that",
}
"""Programs that cannot be run in a test, each with the reason: they do nothing and are content."""

NEWSLETTER = """#!{bash}
place=$(mktemp -d "$NASHRA_DOCUMENT_CALLS/XXXXXX")
printf '%s\\0' "$PWD" "$@" > "$place/words"
if ! [ /dev/stdin -ef /dev/null ]; then cat > "$place/in"; fi
exec 3<>"/dev/tcp/127.0.0.1/$NASHRA_DOCUMENT_PORT"
printf '%s\\n' "$place" >&3
read -r code <&3
cat "$place/out"
cat "$place/err" >&2
exit "$code"
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    path: Path
    line: int
    """Of its first line in the document."""
    kind: str
    """What stands behind the fence."""
    text: str
    not_run: str | None = None
    """The reason in the comment before it, when it is not run."""
    heading: str = ""

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"


NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")


def blocks(path: Path) -> list[Block]:
    """Every fenced block of a document, in order, without the indentation of a list it may stand in."""
    found: list[Block] = []
    lines = path.read_text("utf-8").splitlines()
    heading, comment, at = "", None, 0
    while at < len(lines):
        opened = re.match(r"( *)```(.*)$", lines[at])
        if opened is None:
            if lines[at].startswith("#"):
                heading = lines[at].lstrip("# ")
            said = NOT_RUN.search(lines[at])
            if said or lines[at].strip():
                comment = said[1] if said else None
            at += 1
            continue
        indent, kind = opened[1], opened[2].strip()
        end = next(number for number in range(at + 1, len(lines)) if lines[number].strip() == "```")
        text = "\n".join(line.removeprefix(indent) for line in lines[at + 1 : end]) + "\n"
        found.append(Block(path, at + 2, kind, text, comment, heading))
        comment, at = None, end + 1
    return found


@dataclass
class Ran:
    """A call of ``newsletter`` in a block."""

    words: list[str]
    done: Done

    def __str__(self) -> str:
        return f"newsletter {' '.join(self.words)}"


@dataclass
class Shell:
    """bash in a folder, block after block, as one person works: where a block ends, the next begins.

    Args:
        root: A folder for everything: the home of the person, and what is needed to run.
        words: What stands for a person's own, such as the name of a folder, and what it is here.
        world: What the commands run in: patches of all that is beyond this process.
    """

    root: Path
    words: dict[str, str] = field(default_factory=dict)
    world: Callable[[], contextlib.AbstractContextManager[object]] = contextlib.nullcontext
    ran: list[Ran] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home = self.root / "home"
        self.machine = self.root / "machine"
        self.folder = self.home
        self._programs, self._calls = self.root / "programs", self.root / "calls"
        for folder in (self.home, self._programs, self._calls):
            folder.mkdir(parents=True, exist_ok=True)
        bash = shutil.which("bash")
        assert bash is not None
        self._bash = bash
        for name in TOOLS:
            there = sys.executable if name == "python3" else shutil.which(name)
            assert there is not None, name
            (self._programs / name).symlink_to(there)
        # Whoever runs the tests is root enough: what is asked as root touches nothing outside of the folder.
        self._write("sudo", f'#!{bash}\nexec "$@"\n')
        for name in STAND_INS:
            self._write(name, f"#!{bash}\n[ -t 0 ] || while read -r _; do :; done\n")
        self._write("newsletter", NEWSLETTER.format(bash=bash))
        for folder in (
            "etc/nginx/sites-available",
            "etc/nginx/sites-enabled",
            "mnt/backups",
            "mnt/keys",
            "opt/nashra/bin",
            "srv",
            "tmp",
            "var/mail",
        ):
            (self.machine / folder).mkdir(parents=True)
        (self.machine / "opt/nashra/bin/newsletter").symlink_to(self._programs / "newsletter")

    def _write(self, name: str, text: str) -> None:
        path = self._programs / name
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def run(self, text: str) -> tuple[list[Ran], str]:
        """Run the lines of a block; gives the calls of ``newsletter`` in it, and what else went wrong."""
        # No test touches the machine: its folders are here.
        text = re.sub(r"(?<![\w.~/:-])/(etc|mnt|opt|srv|tmp|usr|var)(?=/)", rf"{self.machine}/\1", text)
        for word, instead in self.words.items():
            text = text.replace(word, instead)
        trouble, where = self.root / "trouble", self.root / "where"
        trouble.write_bytes(b"")
        script = (
            f'command_not_found_handle() {{ echo "$1: there is no such program here" >> "{trouble}"; return 127; }}\n'
            f'trap \'code=$?; case "$BASH_COMMAND" in *newsletter*) ;; *) echo "$BASH_COMMAND: ended with $code"'
            f' >> "{trouble}";; esac\' ERR\n{text}\npwd > "{where}"\n'
        )
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = subprocess.Popen(
                [self._bash, "--norc", "--noprofile", "-c", script],
                cwd=self.folder,
                env={
                    "PATH": str(self._programs),
                    "HOME": str(self.home),
                    "LANG": "C.UTF-8",
                    "NASHRA_DOCUMENT_CALLS": str(self._calls),
                    "NASHRA_DOCUMENT_PORT": str(listener.getsockname()[1]),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            told: list[bytes] = []
            reading = threading.Thread(target=lambda: told.extend(process.communicate()))
            reading.start()
            listener.settimeout(0.01)
            before = len(self.ran)
            while reading.is_alive():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    with connection:
                        self._answer(connection)
            reading.join()
        wrong = trouble.read_text("utf-8")
        if where.exists():
            self.folder = Path(where.read_text("utf-8").rstrip("\n"))
        if process.returncode and not wrong and len(self.ran) == before:
            wrong = told[1].decode("utf-8", "replace")
        return self.ran[before:], wrong

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(60)
        place = Path(connection.makefile("r", encoding="utf-8").readline().rstrip("\n"))
        folder, *words = (place / "words").read_bytes().decode("utf-8").rstrip("\0").split("\0")
        handed = place / "in"
        # What is not handed over is asked of a person.
        given = {"piped": handed.read_text("utf-8")} if handed.exists() else {"typed": ""}
        if words[:2] == ["subscribers", "import"]:
            # The person has the file at hand, wherever they are; or it is where they stand.
            words = [
                str(self.home / word) if word.endswith(".csv") and not Path(folder, word).exists() else word
                for word in words
            ]
        with self.world():
            done = here(*words, cwd=Path(folder), more={"HOME": str(self.home), "EDITOR": "true"}, **given)
        self.ran.append(Ran([word.replace(str(self.machine), "") for word in words], done))
        (place / "out").write_text(done.out, "utf-8")
        (place / "err").write_text(done.err, "utf-8")
        connection.sendall(f"{done.code}\n".encode())


def commands_in(text: str) -> Iterator[str]:
    """Every command of ours in lines of cron or a unit of systemd, up to where the shell goes on."""
    for line in text.splitlines():
        if not line.lstrip().startswith(("#", "Description")):
            for found in re.finditer(r"(?:^|[\s=/])(?<!-s )newsletter ([^|&;<>]+)", line):
                yield found[1].strip()


@contextlib.contextmanager
def without_the_world(site: Any, answer: Callable[[str], str]) -> Iterator[None]:
    """No network, no browser, no server that would wait for ever; questions are answered by a person.

    Args:
        site: A fake site, in the place of every other.
        answer: What the person types to a question.
    """
    import uvicorn
    import uvicorn.supervisors

    from newsletter.service.planning import ServiceHost
    from newsletter.sources.http.fetching import Fetcher
    from newsletter.workflows.worker import Worker

    asked: list[str] = []

    def prompt(question: str, **_: object) -> str:
        asked.append(question)
        assert len(asked) < 20, f"it asks again and again: {question}; see answer_to in tests/document_shell.py"
        return answer(question)

    def no_connection(_self: socket.socket, address: object) -> None:
        raise OSError(f"a document's command asks {address}")

    def resolve(*_: object, **__: object) -> None:
        import dns.resolver

        raise dns.resolver.NoNameservers

    def units(_host: ServiceHost, scope: str) -> Path:
        return Path(os.environ["HOME"]) / "units" / scope

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(ServiceHost, "folder", units))
        stack.enter_context(mock.patch.object(ServiceHost, "may"))
        for target, name, instead in (
            ("typer", "prompt", prompt),
            # At the page of WordPress nobody signs in: the password is typed.
            ("newsletter.cli.connecting", "_pressed", lambda: True),
            ("getpass", "getpass", lambda *_, **__: "abcd efgh ijkl mnop qrst uvwx"),
            ("webbrowser", "open", lambda *_, **__: True),
            ("dns.resolver.Resolver", "resolve", resolve),
            # Whatever else listens on this machine at the port that documents name.
            ("newsletter.workflows.serve", "_listening", mock.Mock()),
        ):
            stack.enter_context(mock.patch(f"{target}.{name}", instead))
        stack.enter_context(mock.patch.object(uvicorn.Server, "run"))
        stack.enter_context(mock.patch.object(uvicorn.supervisors.Multiprocess, "run"))
        stack.enter_context(mock.patch.object(Worker, "run", Worker.once))
        stack.enter_context(mock.patch.object(Fetcher, "get", lambda _self, *words, **named: site.get(*words, **named)))
        stack.enter_context(
            mock.patch.object(Fetcher, "exchange", lambda _self, *words, **named: site.exchange(*words, **named))
        )
        stack.enter_context(mock.patch.object(socket.socket, "connect", no_connection))
        yield


def answer_to(question: str) -> str:
    """What somebody types who wants what is asked."""
    question = re.sub("[\u2066-\u2069]", "", question)
    word = re.search(r"Type (?!the\b)(.+?)(?: to |,)|اكتب (?!العنوان)«?(\w+)»? ل", question)
    if word is not None:
        return word[1] or word[2]
    if "عنوان موقعك" in question:
        return "almawja.example.org"
    if "Type the address" in question or "اكتب العنوان" in question:
        return next(word for word in sys.argv if "@" in word)
    if question in {"User", "المستخدم"}:
        return "salma"
    if "Address of your site" in question:
        return "almawja.example.org"
    if "Zone of the site" in question:
        return "Africa/Algiers"
    if re.search(r"\[(?!y/N)", question):
        return ""  # Enter, for what is offered
    if "password" in question.casefold() or "كلمة المرور" in question:
        return "كلمة سر طويلة جدا 1948"
    return "yes"


def labelled(found: Sequence[Block], *kinds: str) -> list[Block]:
    """Those of these kinds that are run."""
    return [block for block in found if block.kind in kinds and block.not_run is None]
