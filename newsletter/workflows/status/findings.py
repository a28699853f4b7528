"""One thing to be said of a workspace: what it is, in which words, and what comes next. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.text.sentences import Sentence
from newsletter.workflows.status.texts import COMMAND, TAKE_OVER, TEXTS

_ADDRESS = re.compile(r"[^\s<>\"'(),;:=\[\]]+(?:@|%40)[^\s<>\"'(),;\[\]]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be said of a workspace."""

    kind: str
    """What it is: one of ``KINDS``."""
    key: str
    """Names it for as long as it lasts: its kind, and the send, job, provider or disk it is about."""
    text: str
    """In English, with ``{parts}`` in it; the catalogue of alerts knows it."""
    parts: Mapping[str, str] = field(default_factory=dict)
    step: str = ""
    """What comes next, in English, with the same parts; empty when there is nothing."""
    needs_person: bool = True
    since: datetime | None = None
    alert: bool = True
    """Whether somebody is told of it, as ``[alerts]`` says."""
    lasting: float = 0.0
    """Seconds it must have lasted before somebody is told."""
    mended: str = ""
    """What is told when it is over, in English, with the same parts; empty when nothing is."""
    send: str = ""
    """Public id of the send it is about."""

    @property
    def words(self) -> str:
        """In English, with the next step."""
        said = filled(self.text, self.parts)
        return f"{said}; {self.next}" if self.step else said

    @property
    def told(self) -> Sentence:
        """What it is in English, without the next step, as a sentence that can be told in another language."""
        return Sentence(self.text, "", 0, self.parts)

    @property
    def next(self) -> Sentence:
        """The next step, in the same way; empty when there is none."""
        return Sentence(self.step, "", 0, self.parts)


def filled(text: str, parts: Mapping[str, str]) -> str:
    """A text with its parts put into it.

    Args:
        text: With names in braces.
        parts: Name to value; a value is never looked into.
    """
    return re.sub(r"\{(\w+)\}", lambda match: parts.get(match[1], match[0]), text)


def without_addresses(text: str, most: int = 300) -> str:
    """A text of a provider in which every mail address is an ellipsis, on one line and not long.

    Args:
        text: As the provider or the database gave it.
        most: Characters that are kept.
    """
    # Cut before, since looking for an address in a text without one takes the square of its length.
    return " ".join(_ADDRESS.sub("…", text[: most + 300]).split())[:most]


def made(
    kind: str,
    about: str = "",
    *,
    parts: Mapping[str, str] | None = None,
    command: str = "",
    step: str = COMMAND,
    needs_person: bool = True,
    since: datetime | None = None,
    alert: bool = True,
    lasting: float = 0.0,
    send: str = "",
) -> Finding:
    """A finding of a kind, with its texts; no address of a reader gets into it.

    Args:
        kind: One of ``TEXTS``.
        about: The send, job, provider or disk it is about; empty when there is only one such finding.
        parts: What stands in braces in its texts.
        command: What a person types next.
        step: The next step, with ``{command}`` in it.
        needs_person: Whether somebody must do something.
        since: Since when, timezone-aware.
        alert: Whether somebody is told of it.
        lasting: Seconds it must have lasted before somebody is told.
        send: Public id of the send it is about.
    """
    text, mended = TEXTS[kind]
    parts = {**(parts or {}), "command": command}
    return Finding(
        kind=kind,
        key=f"{kind} {about}".strip(),
        text=text,
        parts={name: without_addresses(value) for name, value in parts.items()},
        step=step if command or step not in {COMMAND, TAKE_OVER} else "",
        needs_person=needs_person,
        since=since,
        alert=alert,
        lasting=lasting,
        mended=mended,
        send=send,
    )
