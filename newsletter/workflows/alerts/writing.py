"""An alert in words: the findings of one look in the language of the site, as plain text, as a letter and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from newsletter.letters.catalogue import words
from newsletter.letters.render import fill
from newsletter.models import Letter, Publication, Rendered
from newsletter.text import bidi, dates, numbers
from newsletter.text.mailbox import ascii_host
from newsletter.text.tidy import shorten
from newsletter.workflows.alerts.ways import AlertMessage
from newsletter.workflows.status.findings import filled
from newsletter.workflows.status.texts import COMMAND

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from newsletter.workflows.status import Finding

DOMAIN = "alerts"
"""Name of the catalogue of alerts."""
TEST = "This is a test: alerts of {name} arrive here."
NEXT = "Next step:"
OVER = "Resolved:"
FOOT = "How everything is, this command tells:"
OWN_TEXTS = (TEST, NEXT, OVER, FOOT)
"""What an alert says besides its findings, as the catalogue knows it."""
_FROM_THE_LEFT = frozenset({"again", "blocklist", "command", "domain", "share", "when"})
"""Parts of a finding that are one piece from left to right: moments, commands and paths."""
_COUNTS = frozenset({"answered", "days", "free", "networks", "number", "open"})
"""Parts of a finding that are a count, written with commas between thousands."""
_SUBJECT = 150
"""Characters of a subject."""


def message_of(
    workspace: Workspace,
    found: Sequence[Finding],
    over: Sequence[tuple[str, str, Mapping[str, str]]] = (),
    *,
    test: bool = False,
) -> AlertMessage:
    """Write an alert.

    Args:
        workspace: An open workspace; its database is not asked.
        found: What is to be told.
        over: Key, text and parts of what is over.
        test: It only tries the way.

    Raises:
        RenderError: A template or a catalogue is broken.
    """
    about = workspace.publication
    catalogue = words(workspace.templates, about.language, DOMAIN)

    def say(text: str, parts: Mapping[str, str] | None = None) -> str:
        said = dates.in_digits(catalogue.gettext(text), about.language, about.digits)
        return filled(said, {name: _part(name, value, about) for name, value in (parts or {}).items()})

    lines = [say(one.text, one.parts) for one in found]
    mended = [say(text, parts) for _, text, parts in over]
    if test:
        lines.append(say(TEST, {"name": about.name}))
    first, *others = [*lines, *mended]
    more = f" (+{dates.in_digits(str(len(others)), about.language, about.digits)})" if others else ""
    subject = f"{shorten(bidi.strip(f'{about.name}: {first}'), _SUBJECT)}{more}"
    # A command alone is no sentence to be translated.
    steps = [say(one.step, one.parts) if one.step else "" for one in found] + [""] * test
    text = _plain(lines, steps, mended, say, about.direction)
    data: dict[str, Any] = {
        "version": 1,
        "site": {"name": about.name, "url": about.url},
        "subject": subject,
        "text": bidi.strip(text),
        "test": test,
        "findings": [
            {"kind": one.kind, "key": one.key, "words": one.words, "needs_person": one.needs_person} for one in found
        ],
        "over": [{"key": key, "words": filled(english, parts)} for key, english, parts in over],
    }
    cut = [_cut_at_command(one, say) for one in found] + [("", "", "")] * test
    letter = _letter(workspace, subject, text, list(zip(lines, cut, strict=True)), mended, say)
    return AlertMessage(subject, bidi.strip(text), letter, data)


def _part(name: str, value: str, about: Publication) -> str:
    """A part of a finding as an alert says it.

    Numbers have the digits of the publication. What is one piece from left to right is held together: else a moment,
    or the slash of a path, is torn apart.
    """
    if name == "issue":
        return dates.in_digits(value, about.language, about.digits)
    if name in _COUNTS and value.replace(",", "").isdecimal():
        return numbers.number(int(value.replace(",", "")), about.language, about.digits)
    return f"{bidi.LRI}{value}{bidi.PDI}" if about.direction == "rtl" and name in _FROM_THE_LEFT else value


def _cut_at_command(one: Finding, say: Callable[[str, Mapping[str, str]], str]) -> tuple[str, str, str]:
    """The next step of a finding: what stands before its command, the command, and what stands behind it."""
    if not one.step:
        return "", "", ""
    parts = {name: value for name, value in one.parts.items() if name != "command"}
    before, command, after = say(one.step, parts).partition(COMMAND)
    return before, one.parts["command"] if command else "", after


def _plain(
    lines: Sequence[str], steps: Sequence[str], mended: Sequence[str], say: Callable[[str], str], direction: Any
) -> str:
    def line(text: str) -> str:
        return bidi.steered(bidi.isolate(text, direction), direction)

    parts: list[str] = []
    for text, step in zip(lines, steps, strict=True):
        parts += [line(f"- {text}"), *([line(f"  {say(NEXT)} {step}")] if step else []), ""]
    if mended:
        parts += [line(say(OVER)), *(line(f"- {text}") for text in mended), ""]
    return "\n".join([*parts, line(f"{say(FOOT)} newsletter status"), ""])


def _letter(
    workspace: Workspace,
    subject: str,
    text: str,
    found: Sequence[tuple[str, tuple[str, str, str]]],
    mended: Sequence[str],
    say: Callable[[str], str],
) -> Letter:
    about, settings = workspace.publication, workspace.settings
    direction = about.direction
    values = {
        "language": about.language.replace("_", "-"),
        "direction": direction,
        "accent": about.accent,
        "name": about.name,
        "found": found,
        "mended": mended,
        "next": say(NEXT),
        "over": say(OVER),
        "foot": say(FOOT),
        "html": lambda part: bidi.to_html(part, direction),
    }
    shown = bidi.steered(bidi.isolate(subject, direction), direction)
    rendered = Rendered(shown, fill(workspace.templates, "email/alert.html.j2", values), text)
    return Letter(
        sender=settings.sender.from_,
        reply_to="",
        list_id=f"alerts.{ascii_host(urlsplit(about.url).hostname or '')}",
        rendered=rendered,
        marker=workspace.marker(),
        unsubscribe_url="",
        # Every letter names a way; who gets alerts is said in the settings.
        unsubscribe_mail=f"mailto:{quote(settings.address, safe='@')}?subject=alerts",
        date=workspace.now(),
        language=about.language,
        automatic=True,
    )
