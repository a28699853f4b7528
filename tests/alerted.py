"""A workspace whose alerts are received: by a program that writes them down, by a server on loopback, and by letter."""

from __future__ import annotations

import email
import email.policy
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from settings_text import with_settings

EDITOR = "editor@newsroom.example.org"
PROGRAM = """\
import json, os, sys
told = json.load(sys.stdin)
assert os.environ["ALERT_SUBJECT"] == told["subject"] and os.environ["ALERT_TEXT"] == told["text"]
assert not [name for name in os.environ if name.startswith("NASHRA_")]
with open(sys.argv[1], "a", encoding="utf-8") as file:
    file.write(json.dumps(told, ensure_ascii=False) + "\\n")
"""


@dataclass
class Receiver:
    """What arrived by each way."""

    log: Path
    posted: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    status: int = 200
    headers: list[dict[str, str]] = field(default_factory=list)

    def told(self) -> list[dict[str, Any]]:
        """What the program was told, in order."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def kinds(self) -> list[str]:
        """The kind of every finding that the program was told of, in order."""
        return [one["kind"] for message in self.told() for one in message["findings"]]

    def over(self) -> list[str]:
        """The key of everything that was told to be over."""
        return [one["key"] for message in self.told() for one in message["over"]]


def with_alerts(text: str, *lines: str) -> str:
    """A fresh newsletter.toml whose section of alerts says this."""
    return with_settings(text, "\n".join(["[alerts]", *lines, ""]))


@contextmanager
def receiving(root: Path, *, mail: bool = False, url: bool = True, language: str = "") -> Iterator[Receiver]:
    """Let the alerts of a workspace go to a program, to a server and, if wanted, to an editor."""
    receiver = Receiver(root.parent / "alerts.jsonl")
    program = root.parent / "tell me.py"
    program.write_text(PROGRAM, "utf-8")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.headers.append(dict(self.headers))
            receiver.posted.append(json.loads(body))
            self.send_response(receiver.status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    command = f"{sys.executable} '{program}' '{receiver.log}'"
    lines = [f"command = {json.dumps(command)}"]
    lines += [f'url = "http://127.0.0.1:{receiver.port}/chat?key=very-secret"'] if url else []
    lines += [f'mail = ["{EDITOR}"]'] if mail else []
    settings = root / "newsletter.toml"
    text = settings.read_text("utf-8")
    if language:
        text = text.replace('language = "ar"', f'language = "{language}"')
    settings.write_text(with_alerts(text, *lines), "utf-8")
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def letters_to_editor(root: Path) -> list[tuple[str, str, str]]:
    """Subject, plain text and HTML of every letter of the outbox to the editor."""
    found = []
    for path in sorted((root / "outbox" / "new").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert not message.defects
        if message["To"] == EDITOR:
            bodies = [message.get_body((kind,)) for kind in ("plain", "html")]
            found.append((str(message["Subject"]), *(body.get_content() for body in bodies if body is not None)))
    return found
