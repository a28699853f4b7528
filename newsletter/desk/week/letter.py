"""The living letter of an issue that is being edited: made once for each text of its file, shown in a frame of its own.

The frame runs nothing: a policy of its own forbids scripts, forms and every other host. Pictures come from this
desk alone: those that travel in the letter by the name of their bytes, those of other sites as the library keeps them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from threading import Lock
from typing import TYPE_CHECKING, Any

from newsletter.letters import hosting, own_links
from newsletter.media import FOLDER
from newsletter.rhythms import topics
from newsletter.text import bidi
from newsletter.workflows import letter as letters
from newsletter.workflows import variants
from newsletter.workflows.check import CheckResult, inspect

if TYPE_CHECKING:
    from newsletter.models import Issue, Letter, Picture
    from newsletter.rhythms.topics import IssueCut
    from newsletter.wiring import Workspace

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'none'; form-action 'none'; "
    "frame-ancestors 'self'; base-uri 'none'; sandbox allow-same-origin"
)
"""``allow-same-origin`` lets our own page scroll the letter and see which story was pressed; nothing in it can run."""
_KEPT = 12
"""Texts whose letters are remembered: those of an undo, and the variants that somebody looks at."""
_PICTURES = 200
_DARK = re.compile(r"@media \(prefers-color-scheme: dark\)")
_HEADING = re.compile(r"<h([1-6])(?P<rest>\b[^>]*)>(?P<words>.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_REMOTE = re.compile(
    r"(?P<before>\b(?:src|background)=\")(?P<address>https?://[^\"]+)(?=\")|url\((?P<css>['\"]?https?://[^)]*)\)"
)
_PREHEADER = re.compile(r"<div [^>]*display:\s*none[^>]*>(?P<words>.*?)</div>", re.DOTALL)
_FILLING = re.compile("[\u034f\u200c\u00a0\u00ad\u200b]+")
_HEAD = re.compile(r"</head>", re.IGNORECASE)
_SHEET = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ margin: 0; padding: 20px; background: {ground}; color: {ink}; }}
body {{ font: 15px/1.8 'Segoe UI', Tahoma, Arial, sans-serif; }}
pre {{ margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }}
i {{ display: inline-block; max-width: 100%; overflow: hidden; white-space: pre; vertical-align: bottom; }}
</style></head><body><pre>{text}</pre></body></html>
"""
_LINE = re.compile(r"(?m)^[=*_-]{8,}$")
"""A line drawn with signs, which is not to break into two."""
_BLANK = "data:image/gif;base64,R0lGODlhAQABAPAAAODd1QAAACwAAAAAAQABAAACAkQBADs="
"""One pixel in the colour of a line: the place of a picture that only its own site could give."""


@dataclass
class ShownLetters:
    """The letters of the issues that are open at this desk."""

    workspace: Workspace
    _checked: OrderedDict[tuple[str, str], CheckResult] = field(default_factory=OrderedDict)
    _cut: OrderedDict[tuple[str, str, int], Letter | None] = field(default_factory=OrderedDict)
    _pictures: OrderedDict[str, Picture] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def checked(self, issue: Issue, etag: str, *, fresh: bool = False) -> CheckResult:
        """The letter of an issue and everything that is wrong with both, without asking the network.

        Args:
            issue: As far as its file can be understood.
            etag: Of the file's text.
            fresh: Look again, also for each topic: library and settings may have changed meanwhile.
        """
        key = (issue.path, etag)
        with self._lock:
            if fresh or key not in self._checked:
                self._checked[key] = inspect(self.workspace, issue)
                for old in [one for one in self._cut if one[:2] == key]:
                    del self._cut[old]
                _keep(self._checked, _KEPT)
                if self._checked[key].draft is not None:
                    self._remember(self._checked[key].draft)
            return self._checked[key]

    def cut(self, issue: Issue, etag: str, declined: int) -> Letter | None:
        """The letter as those get it who decline some topics; None for who gets none.

        Args:
            issue: The whole issue, every section in it.
            etag: Of the file's text.
            declined: Bits of the topics; 0 is the whole letter.
        """
        if not declined:
            return self.checked(issue, etag).draft
        key = (issue.path, etag, declined)
        with self._lock:
            if key not in self._cut:
                one = topics.cut(issue, variants.topics_of(self.workspace, issue.list), declined)
                made = letters.of_issue(self.workspace, one.issue, faults=[]) if one.issue is not None else None
                self._cut[key] = made
                _keep(self._cut, _KEPT)
                self._remember(made)
            return self._cut[key]

    def picture(self, name: str) -> Picture | None:
        """A picture that a letter shows, by the name of its bytes."""
        with self._lock:
            return self._pictures.get(name)

    def _remember(self, letter: Letter | None) -> None:
        for one in letter.rendered.own_pictures if letter is not None else ():
            self._pictures[one.stored_name] = one
            self._pictures.move_to_end(one.stored_name)
        _keep(self._pictures, _PICTURES)


def _keep(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)


def cuts(workspace: Workspace, issue: Issue, declinations: Sequence[int]) -> list[IssueCut]:
    """The letters that this issue becomes: the whole one, one without each topic, and those that readers have.

    Args:
        workspace: The workspace.
        issue: The whole issue, every section in it.
        declinations: Bits of declined topics, one for each combination that somebody has.
    """
    known = variants.topics_of(workspace, issue.list)
    return topics.cuts(issue, known, [*declinations, *(topic.bit for topic in known)])


def framed(
    letter: Letter, stories: Sequence[tuple[str, str]], *, dark: bool, remote: Callable[[str], str] = lambda _: ""
) -> str:
    """The HTML of a letter for its frame.

    Args:
        letter: As it was made.
        stories: Key and headline of each story, in order: its heading gets the key for an id.
        dark: Show its own dark look, whatever the browser prefers.
        remote: The address at this desk of another site's picture; empty where the library does not keep it.
    """
    base = own_links.base(letter)
    html = hosting.host(letter.rendered, "").html
    if base:
        html = html.replace(f"{base}/{FOLDER}/", f"/{FOLDER}/")
    html = _DARK.sub("@media all" if dark else "@media not all", html)
    html = _REMOTE.sub(lambda found: _own(found, remote), html)
    head = f'<base target="_blank"><meta name="color-scheme" content="{"dark" if dark else "light"}">'
    return _HEAD.sub(lambda end: head + end[0], _marked(html, stories), count=1)


def sheet(text: str, *, title: str, language: str, direction: str, dark: bool) -> str:
    """Plain text for the frame.

    Args:
        text: The letter's plain text, or the sentence why there is none.
        title: Of the frame.
        language: Of the text.
        direction: Of the page.
        dark: Light words on a dark ground.
    """
    ground, ink = ("#1c2120", "#f0f2f1") if dark else ("#ffffff", "#1b1f1e")
    words = {"text": _LINE.sub(r"<i>\g<0></i>", escape(text)), "title": escape(title)}
    return _SHEET.format(language=language, direction=direction, ground=ground, ink=ink, **words)


def _own(found: re.Match[str], remote: Callable[[str], str]) -> str:
    if found["css"] is not None:
        return "none"
    return found["before"] + (escape(remote(unescape(found["address"]))) or _BLANK)


def _marked(html: str, stories: Sequence[tuple[str, str]]) -> str:
    """The headings of the stories with their keys."""
    waiting = [(key, _bare(headline)) for key, headline in stories]

    def mark(found: re.Match[str]) -> str:
        said = _bare(unescape(_TAG.sub("", found["words"])))
        at = next((at for at, (_, headline) in enumerate(waiting) if headline == said), None)
        if at is None or " id=" in found["rest"]:
            return found[0]
        key, _ = waiting.pop(at)
        return f'<h{found[1]} id="{key}"{found["rest"]}>{found["words"]}</h{found[1]}>'

    return _HEADING.sub(mark, html)


def _bare(words: str) -> str:
    return " ".join(bidi.strip(words).split())


def preheader(letter: Letter) -> str:
    """What inbox lists show behind the subject: the editor's line, or the words that the letter takes itself."""
    found = _PREHEADER.search(letter.rendered.html)
    return _bare(_FILLING.sub(" ", unescape(_TAG.sub("", found["words"])))) if found is not None else ""
