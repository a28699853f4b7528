"""A stand-in for an SMTP server in a process of its own: strict, honest about what it took, and able to fail.

It takes a letter only when its final dot has come, and writes a line about it into a log before its 250. It holds the
client to RFC 5321: commands in order, line ends of CR LF alone, lines of at most 998 octets, no octet beyond ASCII
without SMTPUTF8, nothing written ahead where PIPELINING is not offered; whatever breaks that is logged as a fault.

    python tests/smtp_standin.py LOG [PLAN]      prints the port it listens on, on loopback

PLAN is JSON: ``{"offers": ["PIPELINING", …], "user": "u", "password": "p", "certificate": pem, "key": pem, "tls": true,
"answers": {"RCPT": "450 4.2.1 busy"}, "faults": {"dot 451": 0.1, …}, "seed": 1, "delay": seconds, "most": 5}``.
``answers`` replace what it would say to a command (``.``: the final dot; ``greeting``), always. Faults come by share:
``COMMAND 451`` answers so; ``COMMAND drop`` closes instead of answering; ``dot drop-after`` closes after it took the
letter, ``dot hang-after`` is silent after it. An address that begins with ``poison`` is refused for good, one that
begins with ``later`` for now; ``"refuses": {"full": "552 5.2.2 mailbox full"}`` says so of those that begin with
``full``. ``"greylist": 10`` takes nothing for an address in the first seconds after it was named first, with
``greylist_words`` behind its own. After ``most`` letters on one connection it says 421.
``"liar": "deaf"`` offers PIPELINING and answers only
the first of commands written at once, ``"drop"`` closes after it, ``"deaf after dot"`` forgets what came with a dot.
"""

from __future__ import annotations

import base64
import json
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OFFERS = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "DSN"]
PARAMETERS = {"SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN", "ORCPT": "DSN"}


class ClosedError(Exception):
    """The conversation is over."""


class Server:
    """Answers on loopback, each connection in a thread of its own."""

    def __init__(self, log: Path, plan: dict[str, Any]) -> None:
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.plan = plan
        self.random = random.Random(plan.get("seed", 1))
        self.lock = threading.Lock()
        self.seen: dict[str, float] = {}
        """When each address was named first."""
        self.context: ssl.SSLContext | None = None
        if "certificate" in plan:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(plan["certificate"], plan["key"])

    def serve(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        print(listener.getsockname()[1], flush=True)
        number = 0
        while True:
            connection, _ = listener.accept()
            number += 1
            threading.Thread(target=self.talk, args=(connection, number), daemon=True).start()

    def talk(self, connection: socket.socket, number: int) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.plan.get("tls"):
                assert self.context is not None
                connection = self.context.wrap_socket(connection, server_side=True)
            Conversation(self, connection, number).run()
        except (OSError, ClosedError):
            pass
        finally:
            connection.close()

    def write(self, **values: Any) -> None:
        with self.lock:
            os.write(self.log, (json.dumps(values) + "\n").encode())

    def greylisted(self, address: str) -> str:
        """What is added to the words for an address that comes too early; empty when it may come."""
        delay = self.plan.get("greylist", 0)
        with self.lock:
            first = self.seen.setdefault(address, time.monotonic())
        if not delay or time.monotonic() - first >= delay:
            return ""
        return str(self.plan.get("greylist_words", ", try again later"))

    def fault(self, command: str) -> str:
        """What goes wrong with this command; empty for nothing."""
        with self.lock:
            mailing = self.random.random()
        for name, share in self.plan.get("faults", {}).items():
            where, _, what = name.partition(" ")
            if where.upper() == command.upper():
                mailing -= share
                if mailing < 0:
                    return str(what)
        return ""


class Conversation:
    """One connection."""

    def __init__(self, server: Server, connection: socket.socket, number: int) -> None:
        self.server = server
        self.plan = server.plan
        self.connection = connection
        self.number = number
        self.buffer = b""
        self.hello = False
        self.secure = bool(self.plan.get("tls"))
        self.user = ""
        self.mail: dict[str, str] | None = None
        self.recipients: list[str] = []
        self.letters = 0

    @property
    def offers(self) -> list[str]:
        offers = list(self.plan.get("offers", OFFERS))
        if self.server.context is not None and not self.secure:
            offers.append("STARTTLS")
        if self.plan.get("user") and (self.secure or self.server.context is None):
            offers.append("AUTH " + self.plan.get("auth", "PLAIN LOGIN"))
        return offers

    def offered(self, name: str) -> bool:
        return any(offer.split()[0] == name for offer in self.offers)

    # ---- bytes

    def line(self) -> bytes:
        while b"\n" not in self.buffer:
            data = self.connection.recv(1 << 16)
            if not data:
                raise ClosedError
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        if not line.endswith(b"\r") or b"\r" in line[:-1]:
            self.violation("line ends")
        return line.removesuffix(b"\r")

    def say(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")

    def violation(self, what: str) -> None:
        self.server.write(fault=what)

    # ---- commands

    def run(self) -> None:
        time.sleep(self.plan.get("delay", 0))
        greeting = self.plan.get("answers", {}).get("greeting", "220 stand-in ESMTP")
        self.say(greeting)
        if not greeting.startswith("220"):
            raise ClosedError
        while True:
            line = self.line().decode("utf-8", "surrogateescape")
            command = line[:4].upper().rstrip()
            if self.buffer and command != "DATA" and not self.offered("PIPELINING"):
                self.violation(f"written ahead after {command}")
            if len(line) > 510:
                self.violation("a long command")
            written_ahead = bool(self.buffer) and command in {"MAIL", "RCPT", "RSET"}
            if not self.spoiled(command):
                getattr(self, f"do_{command.lower()}", self.unknown)(line)
            if written_ahead and self.plan.get("liar") == "deaf":
                self.buffer = b""
            elif written_ahead and self.plan.get("liar") == "drop":
                raise ClosedError

    def spoiled(self, command: str) -> bool:
        """Whether the plan answered instead of us."""
        answer = self.plan.get("answers", {}).get(command) or self.server.fault(command)
        if not answer:
            return False
        if command == "RCPT":
            self.server.write(refused=True)
        if answer == "drop":
            raise ClosedError
        self.say(f"{answer} as planned" if answer.isdecimal() else answer)
        if answer.startswith("421"):
            raise ClosedError
        return True

    def unknown(self, line: str) -> None:
        self.violation(f"unknown: {line[:40]!r}")
        self.say("500 5.5.2 what?")

    def do_ehlo(self, line: str) -> None:
        if self.plan.get("plain"):
            self.say("502 5.5.1 no")
            return
        self.hello, self.mail, self.recipients = True, None, []
        if not re.fullmatch(r"(?i)EHLO (\[[0-9a-fA-Fv:.IP]+\]|[A-Za-z0-9.-]+)", line):
            self.violation(line)
        lines = ["stand-in greets you", *self.offers]
        for text in lines[:-1]:
            self.say(f"250-{text}")
        self.say(f"250 {lines[-1]}")

    def do_helo(self, line: str) -> None:
        self.hello = True
        self.say("250 stand-in")

    def do_star(self, line: str) -> None:
        assert self.server.context is not None
        self.say("220 go on" + self.plan.get("injected", ""))
        if self.buffer:
            self.violation("written ahead of TLS")
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.secure, self.hello = True, False

    def do_auth(self, line: str) -> None:
        _, way, *initial = line.split(" ")
        if way == "PLAIN":
            _, user, password = base64.b64decode(initial[0]).decode().split("\0")
        else:
            self.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(self.line()).decode()
            self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(self.line()).decode()
        if (user, password) != (self.plan.get("user"), self.plan.get("password")):
            self.say("535 5.7.8 Authentication credentials invalid")
            return
        self.user = user
        self.say("235 2.7.0 welcome")

    def do_noop(self, line: str) -> None:
        self.server.write(noop=self.number)
        self.say("250 2.0.0 here")

    def do_rset(self, line: str) -> None:
        self.mail, self.recipients = None, []
        self.say("250 2.0.0 forgotten")

    def do_quit(self, line: str) -> None:
        self.server.write(quit=self.number)
        self.say("221 2.0.0 bye")
        raise ClosedError

    def do_mail(self, line: str) -> None:
        if self.plan.get("user") and not self.user:
            self.say("530 5.7.0 Authentication required")
            return
        if not self.hello or self.mail is not None:
            self.violation("MAIL out of order")
            self.say("503 5.5.1 not now")
            return
        found = re.fullmatch(r"(?i)MAIL FROM:<([^<>\s]*)>((?: [A-Z0-9]+(?:=[^\s=]+)?)*)", line)
        parameters = dict(part.partition("=")[::2] for part in found[2].split()) if found else {}
        self.check(parameters)
        if found is None:
            self.violation(line)
            self.say("501 5.5.4 syntax")
            return
        self.mail = {"return_path": found[1], **parameters}
        self.say("250 2.1.0 ok")

    def check(self, parameters: dict[str, str]) -> None:
        for name in parameters:
            if not self.offered(PARAMETERS.get(name, "?")):
                self.violation(f"{name} was not offered")

    def do_rcpt(self, line: str) -> None:
        found = re.fullmatch(r"(?i)RCPT TO:<([^<>\s]+)>((?: [A-Z0-9]+(?:=[^\s=]+)?)*)", line)
        if self.mail is None or found is None:
            if self.mail is not None or not self.offered("PIPELINING"):
                self.violation(line)
            self.say("503 5.5.1 MAIL first")
            return
        self.check(dict(part.partition("=")[::2] for part in found[2].split()))
        address = found[1].encode("utf-8", "surrogateescape").decode()
        if not address.isascii() and "SMTPUTF8" not in self.mail:
            self.violation("an address beyond ASCII without SMTPUTF8")
        if wait := self.server.greylisted(address):
            self.say(f"450 4.7.1 greylisted{wait}")
            return
        refusal = next((said for name, said in self.plan.get("refuses", {}).items() if address.startswith(name)), "")
        if refusal:
            self.say(refusal)
        elif address.startswith("poison"):
            self.say(f"550 5.1.1 <{address}>: no such user here")
        elif address.startswith("later"):
            self.say("450 4.2.1 mailbox busy")
        else:
            self.recipients.append(address)
            self.say("250 2.1.5 ok")

    def do_data(self, line: str) -> None:
        if not self.recipients and not self.plan.get("always_354"):
            self.say("503 5.5.1 no valid recipients" if self.mail is None else "554 5.5.1 no valid recipients")
            return
        if self.buffer:
            self.violation("written ahead after DATA")
        self.say("354 go on")
        size, head, in_head = 0, [], True
        while (text := self.line()) != b".":
            if text.startswith(b"."):
                text = text[1:]
            if len(text) > 998:
                self.violation("a long line")
            if not text.isascii() and "SMTPUTF8" not in (self.mail or {}):
                self.violation("octets beyond ASCII")
            size += len(text) + 2
            in_head = in_head and text != b""
            if in_head:
                head.append(text.decode())
        self.dot(size, head)

    def dot(self, size: int, head: list[str]) -> None:
        mail, recipients = self.mail, self.recipients
        self.mail, self.recipients = None, []
        if not recipients:
            self.say("554 5.5.1 no valid recipients")
            return
        assert mail is not None
        if "SIZE" in mail and int(mail["SIZE"]) != size:
            self.violation(f"SIZE={mail['SIZE']}, but {size} came")
        time.sleep(self.plan.get("dot_delay", 0))
        fault = "" if self.plan.get("answers", {}).get(".") else self.server.fault("dot")
        if fault in {"drop-after", "hang-after", ""} and not self.plan.get("answers", {}).get("."):
            fields = dict(one.split(": ", 1) for one in re.sub(r"\r?\n[ \t]", " ", "\n".join(head)).split("\n"))
            for address in recipients:
                self.server.write(
                    address=address, to=fields["To"], message_id=fields["Message-ID"], connection=self.number,
                    user=self.user, secure=self.secure, **{name.lower(): value for name, value in mail.items()},
                )  # fmt: skip
            if fault == "hang-after":
                time.sleep(self.plan.get("hang", 30))
            if fault:
                raise ClosedError
            self.letters += 1
            self.say(f"250 2.0.0 taken as {self.number}.{self.letters}")
            if self.plan.get("liar") == "deaf after dot":
                self.buffer = b""
            if self.letters == self.plan.get("most"):
                self.say("421 4.7.0 too many letters")
                raise ClosedError
        elif fault == "drop":
            raise ClosedError
        elif fault:
            self.say(f"{fault} as planned")
            if fault == "421":
                raise ClosedError
        else:
            self.say(self.plan["answers"]["."])


class StandIn:
    """A running stand-in, as a test holds it."""

    def __init__(self, log: Path, port: int) -> None:
        self.log = log
        self.port = port

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def taken(self) -> list[dict[str, Any]]:
        """Everything it took, in order."""
        return [one for one in self._lines() if "address" in one]

    def faults(self) -> list[str]:
        """What the client did wrong."""
        return [one["fault"] for one in self._lines() if "fault" in one]

    def refusals(self) -> int:
        """How often it refused an address as the plan says of all of them."""
        return sum("refused" in one for one in self._lines())

    def said(self, name: str) -> list[int]:
        """Connections on which the client said ``noop`` or ``quit``."""
        return [one[name] for one in self._lines() if name in one]

    def addresses(self) -> Counter[str]:
        """How often it took a letter for each address."""
        return Counter(one["address"] for one in self.taken())


@contextmanager
def running(folder: Path, **plan: Any) -> Iterator[StandIn]:
    """A stand-in in a process of its own, ended with the block."""
    log = folder / "taken.jsonl"
    log.touch()
    command = [sys.executable, __file__, str(log), json.dumps(plan)]
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
