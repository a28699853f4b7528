"""The workspace's own MJML templates, read for the faults that the compiler passes over in silence.

mrml (which mjml-python brings) accepts unknown elements and attributes, mismatched closing tags and elements in the
wrong place, and a bare ``0`` in a padding makes it count the whole padding as nothing (measured on 6.0.1). The
sources are read as they stand, with their Jinja in them, so that a problem has the template's own line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from newsletter.check.context import (
    CheckInput,
    Rule,
    shown,
    teller,
)
from newsletter.check.mjml_words import ATTRIBUTES, CHILDREN, EVERYWHERE
from newsletter.models import Level, Problem

CODES: Mapping[str, Level] = {
    "mjml-unknown-tag": "error",
    "mjml-unknown-attribute": "warning",
    "mjml-unitless": "warning",
    "mjml-nesting": "error",
    "mjml-image-alt": "error",
    "mjml-include": "error",
    "mjml-mismatched": "error",
    "mjml-third-party": "error",
}
_tell = teller(CODES)

_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_BRANCH = re.compile(r"\{%[-+]?\s*(if|elif|else|endif|for|endfor|macro|endmacro|block|endblock)\b")
_NEXT = re.compile("[<\x00]")
_NAME = re.compile(r"[A-Za-z][\w-]*")
_ATTRIBUTE = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*("[^"]*"|'[^']*'))?""")
_PADDINGS = re.compile(r"(?:inner-|ico-|text-|icon-)?padding(?:-top|-right|-bottom|-left)?")
_UNITLESS = re.compile(r"(?<![\w.#-])\d+(?:\.\d+)?(?![\w.%-])")
_FILLED = "\ufffc"
"""Stands for what Jinja will fill in."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag, an end tag, or a branch of Jinja between them."""

    name: str
    line: int
    closing: bool = False
    """An end tag."""
    alone: bool = False
    """It closes itself."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    filled: bool = False
    """Jinja writes some of its attributes."""
    branch: bool = False
    """Not a tag but ``{% if %}`` and its kin."""


def tags(source: str) -> Iterator[Tag]:
    """The tags of a template in order, with the branches of its Jinja.

    Args:
        source: The template as it stands in its file.
    """
    text = _JINJA.sub(_masked, source)
    at = 0
    while (match := _NEXT.search(text, at)) is not None:
        start, line = match.start(), text.count("\n", 0, match.start()) + 1
        if text[start] == "\x00":
            branch = _BRANCH.match(source, start)
            if branch is not None:
                yield Tag(branch[1], line, branch=True)
            at = start + 1
        elif text.startswith("<!--", start):
            end = text.find("-->", start)
            at = len(text) if end < 0 else end + 3
        else:
            name = _NAME.match(text, start + 2 if text.startswith("</", start) else start + 1)
            if name is None:
                at = start + 1
                continue
            end = _tag_end(text, name.end())
            inside = text[name.end() : end]
            yield Tag(
                name[0].lower(),
                line,
                closing=text.startswith("</", start),
                alone=inside.rstrip().endswith("/"),
                attributes={match[1].lower(): (match[2] or "")[1:-1] for match in _ATTRIBUTE.finditer(inside)},
                filled=_FILLED in re.sub(r"\"[^\"]*\"|'[^']*'", "", inside),
            )
            # Branches inside a tag choose attributes, not elements.
            at = end + 1


def _masked(match: re.Match[str]) -> str:
    """Jinja out of the way, with as many characters and lines as before; what it branches on stays visible."""
    lines = re.sub(r"[^\n]", " ", match[0][1:])
    if match[0].startswith("{{"):
        return _FILLED + re.sub(r"[^\n]", _FILLED, match[0][1:])
    return ("\x00" if _BRANCH.match(match[0]) else " ") + lines


def _tag_end(text: str, at: int) -> int:
    quote = ""
    for place in range(at, len(text)):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in {'"', "'"}:
            quote = sign
        elif sign == ">":
            return place
    return len(text)


def templates(case: CheckInput) -> Iterator[Problem]:
    """Every fault of every MJML template that is the workspace's own."""
    for path, source in case.known.templates.items():
        yield from faults(path, source)


def faults(path: str, source: str) -> Iterator[Problem]:
    """The faults of one template.

    Args:
        path: As messages show it.
        source: The text of the template's file.
    """
    found = list(tags(source))
    defaults = False
    for tag in found:
        if tag.name == "mj-attributes":
            defaults = not tag.closing and not tag.alone
        if not tag.branch and not tag.closing:
            yield from _words(path, tag, defaults)
    yield from _tree(path, found)


def _words(path: str, tag: Tag, defaults: bool) -> Iterator[Problem]:
    """An element by itself: its name and its attributes; among the defaults it is no picture yet."""
    place = f"{path}:{tag.line}"
    if tag.name == "img" and "alt" not in tag.attributes and not tag.filled:
        yield _tell("mjml-image-alt", "a picture has no alt", place, 'write alt="…", or alt="" for an ornament')
    if not _is_mjml(tag.name):
        return
    if tag.name == "mj-include":
        yield _tell(
            "mjml-include",
            "mj-include is not read here, and loses the layout of what it includes",
            place,
            'write {% include "email/…" %}',
        )
        return
    if tag.name not in ATTRIBUTES:
        yield _tell("mjml-unknown-tag", f"<{tag.name}> is no element of MJML", place, _nearest(tag.name, ATTRIBUTES))
        return
    if tag.name == "mj-social-element" and "src" not in tag.attributes and not tag.filled and not defaults:
        # Without src the compiler names a picture of www.mailjet.com by the network (mrml 6.0.1, and npm's alike).
        yield _tell(
            "mjml-third-party",
            "the sign of <mj-social-element> is loaded from mailjet.com, which then sees who opens the letter",
            place,
            'write src="https://…" with a picture of your own, or use {{ parts.social_row() }}',
        )
    pictures = {"mj-image", "mj-carousel-image"}
    if tag.name in pictures and "alt" not in tag.attributes and not tag.filled and not defaults:
        yield _tell("mjml-image-alt", f"<{tag.name}> has no alt", place, 'write alt="…", or alt="" for an ornament')
    for name, value in tag.attributes.items():
        if _FILLED in name or "\x00" in name:
            continue
        known = ATTRIBUTES[tag.name]
        if known is not None and name not in known and name not in EVERYWHERE:
            yield _tell(
                "mjml-unknown-attribute",
                f"<{tag.name}> has no attribute {name}, and it does nothing",
                place,
                _nearest(name, known),
            )
        bare = _UNITLESS.search(value) if _PADDINGS.fullmatch(name) else None
        if bare is not None:
            yield _tell(
                "mjml-unitless",
                f'{name}="{shown(value.replace(_FILLED, "…"))}" has a number without a unit, and all of it is dropped',
                place,
                f"write {bare[0]}px",
            )


def _tree(path: str, found: list[Tag]) -> Iterator[Problem]:
    """Elements in each other. A macro, block or included part may stand anywhere, so its own top level is free."""
    stack: list[Tag] = []
    told: set[int] = set()
    branches: list[list[Tag]] = []
    for tag in found:
        if tag.branch:
            if tag.name == "endmacro":
                yield from _left_open(path, stack, told)
            stack = _branched(tag, stack, branches)
            continue
        if not _is_mjml(tag.name):
            continue  # HTML is the affair of the element it stands in
        inside = stack[-1].name if stack else ""
        place = f"{path}:{tag.line}"
        if tag.closing:
            if not stack or stack[-1].name != tag.name:
                opened = f"<{stack[-1].name}> of line {stack[-1].line} is open" if stack else "nothing is open"
                yield _tell("mjml-mismatched", f"</{tag.name}> closes here, but {opened}", place, "correct the tags")
                # Two tags that changed places are one fault, and an element that was left open is told of once.
                told.update(id(one) for one in stack[-1:])
                at = next((at for at in range(len(stack) - 1, -1, -1) if stack[at].name == tag.name), len(stack))
                stack = [*stack[:at], *stack[at + 1 :]]
            else:
                stack = stack[:-1]
            continue
        if tag.name in ATTRIBUTES and tag.name not in CHILDREN.get(inside, ATTRIBUTES):
            homes = ", ".join(sorted(home for home, children in CHILDREN.items() if tag.name in children))
            yield _tell(
                "mjml-nesting",
                f"<{tag.name}> stands in <{inside}>, where it is not laid out",
                place,
                f"put it into {homes or 'another element'}",
            )
        if not tag.alone:
            stack = [*stack, tag]
    yield from _left_open(path, stack, told)


def _left_open(path: str, stack: list[Tag], told: set[int]) -> Iterator[Problem]:
    for tag in (one for one in stack if id(one) not in told):
        yield _tell("mjml-mismatched", f"<{tag.name}> is never closed", f"{path}:{tag.line}", f"write </{tag.name}>")


def _branched(tag: Tag, stack: list[Tag], branches: list[list[Tag]]) -> list[Tag]:
    """The elements that are open where a branch goes on: each begins with what was open at its ``if``."""
    if tag.name in {"if", "for"}:
        branches.append(stack)
    elif tag.name in {"macro", "block"}:
        branches.append(stack)
        return [] if tag.name == "macro" else stack
    elif tag.name in {"elif", "else"} and branches:
        return branches[-1]
    elif tag.name.startswith("end") and branches:
        before = branches.pop()
        return before if tag.name == "endmacro" else stack
    return stack


def _is_mjml(name: str) -> bool:
    return name == "mjml" or name.startswith("mj-") or name.startswith("mj_")


def _nearest(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean {near[0]}?" if near else "take it out"


RULES: tuple[Rule, ...] = (templates,)
