"""An Issue as the text of a new issue.md."""

from __future__ import annotations

import re

from newsletter.issues.manuscript import toml
from newsletter.issues.reading import FENCE
from newsletter.markdown import escape
from newsletter.models import Issue, Prose, Section, Story


def to_text(issue: Issue) -> str:
    """The issue.md of an issue."""
    front = [FENCE, f"number = {issue.number}"]
    front += [f"{key} = {toml(getattr(issue, key))}" for key in ("subject", "preheader", "list", "template")]
    blocks = ["\n".join([*front, FENCE]), *(prose.markdown for prose in issue.opening)]
    for section in issue.sections:
        blocks += blocks_of(section)
    return "\n\n".join(block for block in blocks if block) + "\n"


def blocks_of(section: Section) -> list[str]:
    """The text of a section, block by block: its heading if it has a title, then its stories and prose."""
    blocks = [f"## {escape(section.title)}"] if section.title else []
    story_open = False
    for block in section.blocks:
        if isinstance(block, Prose):
            # A rule ends the story before, so that the editor's words stay the editor's.
            blocks += ["---", block.markdown] if story_open else [block.markdown]
            story_open = False
        else:
            blocks.append(_story_text(block))
            story_open = True
    return blocks


def _story_text(story: Story) -> str:
    headline = escape(story.headline)
    lines = [f"### [{headline}]({_target(story.url)})" if story.url else f"### {headline}"]
    if story.image:
        lines.append(f"![{escape(story.image_alt)}]({_target(story.image)})")
    if story.summary:
        lines.append(story.summary)
    return "\n".join(lines)


def _target(address: str) -> str:
    if re.search(r"[\s()<>]", address):
        return "<" + address.replace("<", "%3C").replace(">", "%3E") + ">"
    return address
