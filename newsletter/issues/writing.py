"""An Issue as the text of a new issue.md."""

from __future__ import annotations

import re
from urllib.parse import quote

from newsletter.issues.escaping import Place, escape
from newsletter.issues.lines import FENCE
from newsletter.issues.manuscript import toml
from newsletter.issues.markdown import one_line
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
    title = _words(section.title, "heading")
    blocks = [f"## {title}"] if title else []
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


def headline_line(story: Story) -> str:
    """The line of a story's headline, with its link."""
    headline = _words(story.headline, "link" if story.url else "heading")
    return f"### [{headline}]({_target(story.url)})" if story.url else f"### {headline}"


def picture_line(story: Story) -> str:
    """The line of a story's picture, with its words."""
    caption = f" {_title(story.image_caption)}" if one_line(story.image_caption) else ""
    return f"![{_words(story.image_alt, 'link')}]({_target(story.image)}{caption})"


def _story_text(story: Story) -> str:
    lines = [headline_line(story)]
    if story.image:
        lines.append(picture_line(story))
    if story.summary:
        lines.append(story.summary)
    return "\n".join(lines)


def _title(text: str) -> str:
    """Plain text as the title of a link that reads back as the same (CommonMark 0.31 section 6.3)."""
    # References, since a backslash would leave the beginning and end of comments as they are.
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\\": "\\\\"}
    return '"' + re.sub(r'[&<>"\\]', lambda match: named[match[0]], one_line(text)) + '"'


def _words(text: str, place: Place) -> str:
    return escape(one_line(text), place)


def _target(address: str) -> str:
    """An address, or the name of a local file, as the target of a link that reads back as the same."""
    # A file's name is read percent-decoded, so a percent sign of its own is written encoded.
    special = r"[\\<>\x00-\x1f\x7f]" if re.match(r"https?://", address) else r"[%\\<>\x00-\x1f\x7f]"
    target = re.sub(special, lambda match: f"%{ord(match[0]):02X}", address)
    target = re.sub(r"\s+$", lambda match: quote(match[0]), target)
    target = re.sub(r"&(?=#?\w{1,32};)", r"\\&", target)
    if not re.search(r"[\s()]", target):
        return target
    # A hyphen before the closing bracket would end the comment that candidates stand in.
    return f"<{re.sub('-$', '%2D', target)}>"
