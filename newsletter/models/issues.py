"""Articles as they were collected, and issues as an editor writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Article:
    """Something published that we collected."""

    title: str
    """The headline, plain text in NFC."""
    url: str = ""
    """Absolute http(s) address, or empty when the source names none (a text file)."""
    summary: str = ""
    """Plain text of one to three sentences."""
    body: str = ""
    """Sanitised HTML: p, h2-h4, ul, ol, li, blockquote, a, b, strong, i, em, img, figure, br. May be empty."""
    image: str = ""
    """Absolute http(s) address, or the absolute path of a local file, or empty."""
    image_alt: str = ""
    author: str = ""
    section: str = ""
    """The site's own word for where it belongs (a category)."""
    published: datetime | None = None
    """Aware moment, or None when the source does not say."""
    source: str = ""
    """The path or URL it was read from."""
    tags: tuple[str, ...] = ()
    """The site's further words for it: tags, and categories besides its section."""
    sticky: bool | None = None
    """Whether the site holds it above the others; None when the source does not say."""
    identities: tuple[str, ...] = ()
    """What its source calls it for good, strongest first: ``wordpress:example.org#5``, ``guid:…``; then addresses that
    lead to it besides its own. Empty as the library gives it back, which keeps them apart."""
    reading: str = ""
    """The road it came by: ``rest``, ``page`` or ``feed``; empty for text. A poorer one corrects no richer one."""


@dataclass(frozen=True, slots=True)
class PostBox:
    """What editors say of a post in the box beside it, for the letters; empty fields leave it as it is."""

    letter: str = ""
    """``no``, ``yes`` or ``lead``; empty leaves it to the rules."""
    headline: str = ""
    summary: str = ""
    section: str = ""
    at_once: bool = False
    """Whether it goes at once to those who read at once."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An article as the library keeps it."""

    id: int
    article: Article
    """With the headline, summary and section that the box beside its post gives it for letters."""
    collected: datetime
    carried_in: tuple[str, ...] = ()
    """Keys of the issues that carried it and were sent (``"12"``)."""
    withdrawn: str = ""
    """Why its site shows it no more, in plain words; empty while it does."""
    box: PostBox = PostBox()
    """What the editors of its site said of it."""


@dataclass(frozen=True, slots=True)
class Prose:
    """The editor's own text: Markdown as it was written, and the line it starts on."""

    markdown: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """An article as it stands in an issue, with the editor's headline and summary."""

    headline: str
    """Plain text."""
    url: str = ""
    """Where "read more" leads; empty when the story stands whole in the letter."""
    summary: str = ""
    """Markdown."""
    image: str = ""
    """http(s) address, or a path relative to the issue's folder; empty when there is none."""
    image_alt: str = ""
    author: str = ""
    published: datetime | None = None
    label: str = ""
    """The section label that the library knows for it."""
    line: int = 0
    """Line of its headline in issue.md, 1-based; 0 when it was not read from a file."""
    image_line: int = 0
    summary_line: int = 0
    """Line its summary starts on; the summary is the very lines of the file from there on."""
    image_caption: str = ""
    """``caption | credit``, as the Markdown title of the picture says; plain text."""


@dataclass(frozen=True, slots=True)
class StoryChange:
    """Something that the site has changed since the draft was written."""

    story: Story
    """As it stands in the draft."""
    field: str
    ours: str
    """What the draft says."""
    theirs: str
    """What the site says now."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading in an issue that groups stories; the title is empty for what stands before the first heading."""

    title: str
    blocks: tuple[Story | Prose, ...] = ()
    line: int = 0

    @property
    def stories(self) -> tuple[Story, ...]:
        """The stories of this section, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Story))


@dataclass(frozen=True, slots=True)
class Issue:
    """One edition of the newsletter, as its issue.md says."""

    number: int
    subject: str
    preheader: str = ""
    list: str = "readers"
    template: str = "weekly"
    """Name of its pair of templates; empty where the newsroom's style decides."""
    opening: tuple[Prose, ...] = ()
    """The editor's words before the first section."""
    sections: tuple[Section, ...] = ()
    slug: str = ""
    """Name of its folder."""
    path: str = ""
    """Path of its issue.md, for messages; empty when it was not read from a file."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each front-matter key, for messages."""
    theme: Mapping[str, Any] = field(default_factory=dict)
    """What this issue says of its looks: fields of ``Theme``; they win over the newsroom's."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """The newsroom's own values, for its templates: texts, numbers, truth values, lists and tables."""
    subjects: tuple[str, ...] = ()
    """Subjects that are tried on a part of the readers, two to four; the first one is the subject. Empty: none is."""

    @property
    def stories(self) -> tuple[Story, ...]:
        """Every story, in order; the first one leads."""
        return tuple(story for section in self.sections for story in section.stories)
