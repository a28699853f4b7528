"""An Issue as the text of a new issue.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from newsletter.issues.escaping import Place, escape
from newsletter.issues.lines import FENCE
from newsletter.issues.manuscript import toml
from newsletter.issues.targets import one_line, picture, target
from newsletter.models import Issue, Prose, Section, Story


def to_text(issue: Issue) -> str:
    """The issue.md of an issue."""
    front = [FENCE, f"number = {issue.number}"]
    tried = f"subjects = [{', '.join(map(toml, issue.subjects))}]"
    front.append(tried if issue.subjects else f"subject = {toml(issue.subject)}")
    front += [f"{key} = {toml(getattr(issue, key))}" for key in ("preheader", "list")]
    # Without a template of its own, an issue looks as the newsroom's style says.
    front += [f"template = {toml(issue.template)}"] if issue.template else []
    front += [f"theme.{key} = {_value(value)}" for key, value in issue.theme.items()]
    front += [f"extra.{key} = {_value(value)}" for key, value in issue.extra.items()]
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
    return f"### [{headline}]({target(story.url)})" if story.url else f"### {headline}"


def picture_line(story: Story) -> str:
    """The line of a story's picture, with its words."""
    return picture(_words(story.image_alt, "link"), story.image, story.image_caption)


def _value(value: object) -> str:
    """A value of ``[theme]`` or ``[extra]`` as TOML; pairs are a table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    pairs = value.items() if isinstance(value, Mapping) else value
    assert isinstance(pairs, Iterable)
    return f"{{ {', '.join(f'{name} = {_value(one)}' for name, one in pairs)} }}"


def _story_text(story: Story) -> str:
    lines = [headline_line(story)]
    if story.image:
        lines.append(picture_line(story))
    if story.summary:
        lines.append(story.summary)
    return "\n".join(lines)


def _words(text: str, place: Place) -> str:
    return escape(one_line(text), place)
