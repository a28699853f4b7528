"""A stand-in for Postmark's batch endpoint in a process of its own: stricter than the vendor, and able to fail.

It takes a request only when its last byte has come, and writes one line for each message it took into a log before
it answers. Beyond Postmark's documentation it refuses what it does not know: a key, a stream, a header without a
value, a message whose bodies differ in more than the token. What is wrong with a request as a whole is a 422, what is
wrong with one message is its own result.

    python tests/postmark_standin.py LOG [PLAN]      prints the port it listens on, on loopback

PLAN is JSON, as that of ``standin``: ``{"faults": {"429": 0.1, …}, "seed": 1, "inactive": […], "suppressions": […]}``;
with ``"codes": {"address": 405}`` that message gets this code, with ``"mute": true`` a fault of an address does not
name it.
"""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import standin

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "pm-test-token"
KEYS = {
    "From", "To", "Subject", "Metadata", "Headers", "MessageStream", "TrackOpens", "TrackLinks", "TextBody", "HtmlBody",
}  # fmt: skip
MORE_KEYS = {"ReplyTo", "Attachments"}
STREAMS = {"broadcast", "outbound"}


def inspect(message: dict[str, Any]) -> tuple[int, str]:
    """Code and words of what Postmark would say to one message; 0 when it takes it."""
    if not KEYS <= message.keys() <= KEYS | MORE_KEYS:
        return 403, f"Incompatible JSON: {sorted(message.keys() ^ KEYS)}"
    if message["MessageStream"] not in STREAMS:
        return 1226, "The message stream you provided does not exist on this server."
    if not re.fullmatch(r'("[^<>]+" <)?[^<>@ ]+@[a-z0-9.-]+>?', message["From"]):
        return 300, "Invalid 'From' address."
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'`*+/=^_{}|~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", message["To"]):
        return 300, f"Invalid 'To' address: '{message['To']}'."
    if not message["TextBody"] or not message["HtmlBody"] or not message["Subject"]:
        return 300, "Provide either email TextBody or HtmlBody or both."
    if message["TrackLinks"] not in {"None", "HtmlAndText", "HtmlOnly", "TextOnly"}:
        return 300, "TrackLinks"
    if not isinstance(message["TrackOpens"], bool):
        return 402, "Invalid JSON"
    metadata = message["Metadata"]
    if len(metadata) > 10 or any(len(key) > 20 or not isinstance(v, str) or len(v) > 80 for key, v in metadata.items()):
        return 300, "Metadata"
    names = [header["Name"].lower() for header in message["Headers"]]
    if len(set(names)) != len(names) or not all(set(one) == {"Name", "Value"} for one in message["Headers"]):
        return 300, "Headers"
    for header in message["Headers"]:
        value = header["Value"]
        if not isinstance(value, str) or not value.isascii() or not value or re.search(r"[\r\n]", value):
            return 300, f"Invalid header {header['Name']}"
    for attachment in message.get("Attachments", ()):
        if set(attachment) != {"Name", "Content", "ContentType", "ContentID"}:
            return 300, "Attachments"
        if not attachment["ContentID"].startswith("cid:") or attachment["ContentID"] not in message["HtmlBody"]:
            return 300, "ContentID"
    token = re.search(r"/leave/([\w-]+)", header_of(message, "List-Unsubscribe"))
    if token is None or not all(token[1] in message[body] for body in ("TextBody", "HtmlBody")):
        return 300, "List-Unsubscribe leads elsewhere than the letter"
    return 0, "OK"


def header_of(message: dict[str, Any], name: str) -> str:
    return next((str(one["Value"]) for one in message["Headers"] if one["Name"] == name), "")


class Server(standin.Server):
    """Answers as Postmark does."""

    def __init__(self, log: Path, plan: dict[str, Any]) -> None:
        super().__init__(log, plan)
        self.messages: list[dict[str, str]] = []
        """The metadata of what it took."""

    def answer(self, headers: dict[str, str], body: bytes) -> bytes | None:
        time.sleep(self.plan.get("delay", 0))
        fault = self.fault()
        if fault == "hang_before":
            time.sleep(self.plan.get("hang", 30))
        if fault in {"hang_before", "drop_before"}:
            return None
        if fault.isdecimal():
            return reply(int(fault), error(429 if fault == "429" else 100, "as planned"), self.plan)
        if headers.get("x-postmark-server-token") != TOKEN or headers.get("accept") != "application/json":
            return reply(401, error(10, "The Server Token you provided in the header was absent or invalid."))
        method, path, _ = headers[":line"].split()
        if method == "GET":
            return self.dump(path)
        if headers[":line"] != "POST /email/batch HTTP/1.1" or headers.get("content-type") != "application/json":
            return reply(404, error(0, "not here"))
        if len(body) > 50_000_000:
            return reply(413, {})
        messages = json.loads(body)
        if not isinstance(messages, list) or not messages:
            return reply(422, error(402, "Invalid JSON"))
        if len(messages) > 500:
            return reply(422, error(410, "Too many batch messages"))
        results, kept = [], []
        for message in messages:
            code, words = self.judge(message)
            results.append(error(code, words))
            if not code:
                results[-1] |= {"To": message["To"], "MessageID": f"id-{len(kept)}", "SubmittedAt": "2026-11-24T07:00Z"}
                kept.append(message)
        self.keep(kept)
        if fault == "hang_after":
            time.sleep(self.plan.get("hang", 30))
        return None if fault in {"hang_after", "drop_after"} else reply(200, results)

    def judge(self, message: dict[str, Any]) -> tuple[int, str]:
        code, words = inspect(message)
        address = message.get("To", "")
        if not code and "poison" in address:
            code, words = 300, f"Error parsing 'To': Illegal email domain in address '{address}'."
        if not code and address in self.plan.get("inactive", ()):
            words = (
                f"Found inactive addresses: {address}. Inactive recipients are ones that have generated a hard bounce."
            )
            code = 406
        if not code and address in self.plan.get("codes", {}):
            code, words = self.plan["codes"][address], "as planned"
        return code, "no word" if code and self.plan.get("mute") else words

    def keep(self, messages: list[dict[str, Any]]) -> None:
        import os

        lines = "".join(
            json.dumps(
                {
                    "address": message["To"],
                    "unsubscribe": header_of(message, "List-Unsubscribe"),
                    "stream": message["MessageStream"],
                    "message_id": header_of(message, "Message-ID"),
                    **message["Metadata"],
                }
            )
            + "\n"
            for message in messages
        )
        with self.lock:
            self.messages += [message["Metadata"] for message in messages]
            os.write(self.log, lines.encode())

    def dump(self, path: str) -> bytes:
        if path.startswith("/messages/outbound?"):
            asked = {name: values[0] for name, values in parse_qs(path.partition("?")[2]).items()}
            (wanted,) = (value for name, value in asked.items() if name.startswith("metadata_"))
            there = [one for one in self.messages if self.plan.get("unfiltered") or one["nashra_delivery"] == wanted]
            shown = there[int(asked["offset"]) :][: int(asked["count"])]
            return reply(200, {"TotalCount": len(there), "Messages": [{"Metadata": one} for one in shown]})
        found = re.fullmatch(r"/message-streams/([a-z-]+)/suppressions/dump(\?fromdate=(\d{4}-\d\d-\d\d))?", path)
        if found is None or found[1] not in STREAMS:
            return reply(404, error(1226, "no such stream"))
        with self.lock:
            asked = Path(self.plan["asked"]) if "asked" in self.plan else None
            if asked is not None:
                asked.write_text(asked.read_text("utf-8") + f"{path}\n", "utf-8")
        every = self.plan.get("suppressions", {}).get(found[1], [])
        return reply(200, {"Suppressions": [one for one in every if one["CreatedAt"][:10] >= (found[3] or "")]})


def error(code: int, words: str) -> dict[str, Any]:
    return {"ErrorCode": code, "Message": words}


def reply(status: int, found: object, plan: dict[str, Any] | None = None) -> bytes:
    content = json.dumps(found).encode()
    pause = (plan or {}).get("retry_after", "")
    extra = f"Retry-After: {pause}\r\n" if pause else ""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{extra}Content-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


@contextmanager
def running(folder: Path, **plan: Any) -> Iterator[standin.StandIn]:
    """A stand-in in a process of its own, ended with the block."""
    with standin.running(folder, script=__file__, **plan) as server:
        yield server


if __name__ == "__main__":
    Server(Path(sys.argv[1]), json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")).serve()
