"""A stand-in for SendGrid's Mail Send in a process of its own: strict, honest about what it took, and able to fail.

It takes a request only when its last byte has come, and writes one line for each delivery it took into a log before
it answers. What SendGrid refuses by its documentation it refuses too, also where the vendor's API description would
let it pass: repeated addresses, an empty ``to``, reserved headers, HTML before text, substitutions over 10,000 bytes.

    python tests/standin.py LOG [PLAN]      prints the port it listens on, on loopback

PLAN is JSON: ``{"delay": seconds, "faults": {"429": 0.1, …}, "seed": 1, "mute_poison": true, "discard": true}``;
``"shows": {"activity": {…}, "logs": {…}}`` are the searches of what it took that the account has (without: 403 for the
one, 404 for the other), each with ``lag`` seconds behind the sending, ``a_minute`` answers, ``unfiltered`` as if the
filter were not understood, or ``answer``: a status with JSON, ``html``, ``huge``, ``deep``, ``odd`` or ``drip``;
with ``"takes": 16`` it takes so many readers and then answers 403 to everything, until its log is emptied;
with ``"texts": true`` the log holds subject and plain text of every letter too.
Faults by share of requests: a status code, answered instead of taking the request; ``400_no_field``, ``400_html`` and
``400_empty`` are the 400 of SendGrid that names nothing, the one of a machine in between, and one without a word;
``400_first`` names the first address, whoever it is; ``drop_before`` and ``drop_after`` close without an answer before
or after taking it; ``hang_before`` and ``hang_after`` answer nothing for long. With ``"seconds": 3`` or ``"first": 20``
there are faults only in the first seconds after the first request, or for so many requests; with ``"while": path`` as
long as there is such a file.
"""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

RESERVED = {
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
}  # fmt: skip


class Refusal(Exception):
    """A 400 with message and field."""


def inspect(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The personalizations of a request that SendGrid would take.

    Raises:
        Refusal: What is wrong and where.
    """
    people = body.get("personalizations")
    if not isinstance(people, list) or not 1 <= len(people) <= 1000:
        raise Refusal("1 to 1000 personalizations are wanted", "personalizations")
    if not body.get("subject") or "email" not in body.get("from", {}):
        raise Refusal("from and subject are wanted", "subject")
    kinds = [part.get("type") for part in body.get("content", [])]
    if kinds not in (["text/plain", "text/html"], ["text/plain"], ["text/html"]):
        raise Refusal(f"content is {kinds}", "content")
    if not all(part.get("value") for part in body["content"]):
        raise Refusal("content is empty", "content")
    for kind in ("subscription_tracking", "open_tracking", "click_tracking"):
        if not isinstance(body["tracking_settings"][kind]["enable"], bool):
            raise Refusal("a boolean is wanted", f"tracking_settings.{kind}")
    categories = body.get("categories", [])
    if len(categories) > 10 or len(set(categories)) != len(categories):
        raise Refusal("at most 10 different categories", "categories")
    seen: set[str] = set()
    for index, person in enumerate(people):
        where = f"personalizations.{index}"
        (to,) = person.get("to") or [None]
        address = (to or {}).get("email", "")
        if not re.fullmatch(r"[!-?A-~]+@[a-z0-9-]+(\.[a-z0-9-]+)+", address) or "poison" in address:
            raise Refusal("Does not contain a valid address.", f"{where}.to.0.email")
        if address.casefold() in seen:
            raise Refusal("Each email address should be unique.", f"{where}.to")
        seen.add(address.casefold())
        for name, value in {**body.get("headers", {}), **person["headers"]}.items():
            if name.lower() in RESERVED or not isinstance(value, str) or not value.isascii() or "\n" in value:
                raise Refusal(f"header {name}", f"{where}.headers")
        substitutions = person["substitutions"]
        if sum(len(str(part).encode()) for pair in substitutions.items() for part in pair) > 10_000:
            raise Refusal("substitutions over 10,000 bytes", f"{where}.substitutions")
        if not all(isinstance(value, str) for value in substitutions.values()):
            raise Refusal("substitutions are strings", f"{where}.substitutions")
        # A confirmation has no link to leave yet.
        for tag in () if "Auto-Submitted" in body.get("headers", {}) else substitutions:
            if not all(tag in part["value"] for part in body["content"]):
                raise Refusal(f"{tag} stands nowhere in the content", f"{where}.substitutions")
        if not all(isinstance(value, str) for value in person["custom_args"].values()):
            raise Refusal("custom_args are strings", f"{where}.custom_args")
    return people


class Server:
    """Answers requests on loopback, each connection in a thread of its own."""

    def __init__(self, log: Path, plan: dict[str, Any]) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.plan = plan
        self.random = random.Random(plan.get("seed", 1))
        self.lock = threading.Lock()
        self.asked = 0
        self.began = 0.0
        self.shown: list[tuple[float, dict[str, Any]]] = []
        """What it took, when."""
        self.searches: list[float] = []

    def serve(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb", buffering=1 << 20) as stream:
            try:
                while (request := self.read(stream)) is not None:
                    answer = self.answer(*request)
                    if answer is None:
                        return
                    if answer.startswith(b"drip"):
                        for sign in answer.removeprefix(b"drip"):
                            connection.sendall(bytes([sign]))
                            time.sleep(0.05)
                        return
                    connection.sendall(answer)
            except OSError:
                return

    @staticmethod
    def read(stream: Any) -> tuple[dict[str, str], bytes] | None:
        """Headers and body of the next request; None when the connection ended before the last byte of one."""
        first = stream.readline()
        if not first:
            return None
        headers = {}
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        headers[":line"] = first.decode("latin-1").strip()
        length = int(headers.get("content-length", 0))
        body = stream.read(length)
        return (headers, body) if len(body) == length else None

    def answer(self, headers: dict[str, str], body: bytes) -> bytes | None:
        time.sleep(self.plan.get("delay", 0))
        if self.plan.get("discard"):
            return response(202)
        fault = self.fault()
        if fault == "hang_before":
            time.sleep(self.plan.get("hang", 30))
        if fault in {"hang_before", "drop_before"}:
            return None
        if fault == "400_html":
            return page(400)
        if fault == "400_empty":
            return response(400)
        if fault in {"400_no_field", "400_first"}:
            field = "personalizations.0.to.0.email" if fault == "400_first" else None
            return response(400, [{"message": "Bad Request", "field": field, "help": None}])
        if fault.isdecimal():
            return response(int(fault), [{"message": "as planned", "field": None}], self.plan.get("retry_after", ""))
        if headers.get("authorization") != "Bearer SG.test":
            return response(401, [{"message": "The provided authorization grant is invalid", "field": None}])
        if (found := self.search(headers[":line"], body)) is not None:
            return found
        if headers[":line"] != "POST /v3/mail/send HTTP/1.1" or headers.get("content-type") != "application/json":
            return response(404)
        if "takes" in self.plan and os.lseek(self.log, 0, os.SEEK_END) and self.lines() >= self.plan["takes"]:
            return response(403, [{"message": "The account is over its limit", "field": None}])
        content = json.loads(body)
        try:
            people = inspect(content)
        except Refusal as refusal:
            message, where = refusal.args
            field = None if self.plan.get("mute_poison") else where
            return response(400, [{"message": message, "field": field, "help": None}])
        kept = {"subject": content["subject"], "text": content["content"][0]["value"]} if self.plan.get("texts") else {}
        self.take(people, kept)
        if fault == "hang_after":
            time.sleep(self.plan.get("hang", 30))
        return None if fault in {"hang_after", "drop_after"} else response(202)

    def lines(self) -> int:
        """Readers whose letter it took, since its log was emptied."""
        return Path(f"/proc/self/fd/{self.log}").read_bytes().count(b"\n")

    def search(self, line: str, body: bytes) -> bytes | None:
        """What Email Activity and Email Logs answer; None when it is no question to them."""
        method, target, _ = line.split()
        parts = urlsplit(target)
        kind = {"messages": "activity", "logs": "logs"}.get(
            parts.path.split("/")[2] if parts.path.count("/") > 1 else ""
        )
        if kind is None:
            return None
        plan = self.plan.get("shows", {}).get(kind)
        if plan is None:
            return response(403 if kind == "activity" else 404, [{"message": "access forbidden", "field": None}])
        with self.lock:
            self.searches = [one for one in self.searches if one > time.monotonic() - 60] + [time.monotonic()]
            if len(self.searches) > plan.get("a_minute", 1000):
                return response(429, [{"message": "too many requests", "field": None}], "7")
            there = [one for at, one in self.shown if at + plan.get("lag", 0) <= time.monotonic()]
        if "answer" in plan:
            return odd_answer(plan["answer"])
        names = ("msg_id", "unique_args") if kind == "activity" else ("sg_message_id", "custom_args")
        number = parts.path.split("/")[3] if parts.path.count("/") == 3 else ""
        if number:
            one = there[int(number.removeprefix("id-"))]
            arguments = json.dumps(one["custom_args"]) if kind == "activity" else one["custom_args"]
            return json_response({names[0]: number, "to_email": one["to"][0]["email"], names[1]: arguments})
        asked = parse_qs(parts.query) if method == "GET" else json.loads(body)
        query, limit = (
            (asked["query"][0], int(asked["limit"][0])) if method == "GET" else (asked["query"], asked["limit"])
        )
        wanted = (
            re.fullmatch(r"\(unique_args\['(\w+)'\]=\"(\w+)\"\)", query)
            if kind == "activity"
            else re.fullmatch(
                r'(to_email)="([^"]+)" AND sg_message_id_created_at >= TIMESTAMP "[-0-9]{10}T[:0-9]{8}Z"', query
            )
        )
        if wanted is None:
            return response(400, [{"message": f"invalid syntax: {query}"}])
        found = [
            {names[0]: f"id-{number}", "to_email": one["to"][0]["email"], "status": "delivered"}
            for number, one in enumerate(there)
            if plan.get("unfiltered")
            or wanted[2] == (one["custom_args"].get(wanted[1]) if kind == "activity" else one["to"][0]["email"])
        ]
        return json_response({"messages": found[:limit]})

    def take(self, people: list[dict[str, Any]], kept: dict[str, str]) -> None:
        lines = "".join(
            json.dumps(
                {
                    "address": person["to"][0]["email"],
                    "unsubscribe": person["headers"]["List-Unsubscribe"],
                    **person["custom_args"],
                    **kept,
                }
            )
            + "\n"
            for person in people
        )
        with self.lock:
            if "shows" in self.plan:
                self.shown += [(time.monotonic(), person) for person in people]
            os.write(self.log, lines.encode())

    def fault(self) -> str:
        with self.lock:
            mailing = self.random.random()
            self.asked += 1
            self.began = self.began or time.monotonic()
            lasts = time.monotonic() - self.began <= self.plan.get("seconds", float("inf"))
            lasts = lasts and (not self.plan.get("while") or Path(self.plan["while"]).exists())
            if not lasts or self.asked > self.plan.get("first", float("inf")):
                return ""
        for name, share in self.plan.get("faults", {}).items():
            mailing -= share
            if mailing < 0:
                return str(name)
        return ""


def page(status: int) -> bytes:
    """An answer of a machine in between."""
    content = b"<html><head><title>400 Bad Request</title></head><body><center>nginx</center></body></html>"
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: text/html\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )


def response(status: int, errors: list[dict[str, Any]] | None = None, retry_after: str = "") -> bytes:
    content = json.dumps({"errors": errors}).encode() if errors else b""
    extra = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    return (
        f"HTTP/1.1 {status} X\r\nX-Message-Id: stand-in\r\n{extra}Content-Length: {len(content)}\r\n\r\n".encode()
        + content
    )


def json_response(found: object) -> bytes:
    content = json.dumps(found).encode()
    return (
        f"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
    )


def odd_answer(kind: str) -> bytes:
    """Answers of a provider, or of something before it, that are none."""
    if kind.isdecimal():
        return response(int(kind), [{"message": "as planned", "field": None}])
    if kind == "drip":
        return b"dripHTTP/1.1 200 X\r\nContent-Length: 4000\r\n\r\n" + b" " * 4000
    content = {
        "html": b"<html>Bad gateway</html>",
        "huge": b'{"messages":[' + b'{"msg_id":"x"},' * 200_000 + b"{}]}",
        "deep": b"[" * 100_000,
        "odd": json.dumps({"messages": [None, 7, {"msg_id": ["x"]}, {"msg_id": "../../../v3/x?y=\u202e"}]}).encode(),
    }[kind]
    status = 502 if kind == "html" else 200
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


class StandIn:
    """A running stand-in, as a test holds it."""

    def __init__(self, log: Path, port: int) -> None:
        self.log = log
        self.host = f"http://127.0.0.1:{port}"

    def taken(self) -> list[dict[str, str]]:
        """Everything it took, in order."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def addresses(self) -> Counter[str]:
        """How often it took a letter for each address."""
        return Counter(one["address"] for one in self.taken())


@contextmanager
def running(folder: Path, *, script: str = __file__, **plan: Any) -> Iterator[StandIn]:
    """A stand-in in a process of its own, ended with the block."""
    log = folder / "taken.jsonl"
    log.touch()
    command = [sys.executable, script, str(log), json.dumps(plan)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield StandIn(log, int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


if __name__ == "__main__":
    Server(Path(sys.argv[1]), json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")).serve()
