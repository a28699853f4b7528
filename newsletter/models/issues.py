"""Values that rooms hand each other: article, issue, section, story, letter. No behaviour beyond what they know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Level = Literal["error", "warning"]
SocialKind = Literal[
    "facebook",
    "x",
    "instagram",
    "youtube",
    "telegram",
    "whatsapp",
    "tiktok",
    "linkedin",
    "threads",
    "bluesky",
    "mastodon",
    "rss",
    "mail",
    "website",
]
"""What a page elsewhere is, which its sign tells."""


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
class Holding:
    """An article as the library keeps it."""

    id: int
    article: Article
    collected: datetime
    carried_in: tuple[str, ...] = ()
    """Keys of the issues that carried it and were sent (``"12"``)."""
    withdrawn: str = ""
    """Why its site shows it no more, in plain words; empty while it does."""


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


@dataclass(frozen=True, slots=True)
class Picture:
    """A local picture of a letter, as it travels: turned upright, in sRGB, without metadata."""

    cid: str
    """Content-ID without angle brackets, for example ``picture-1@example.org``."""
    content_type: str
    """``image/jpeg``, ``image/png`` or ``image/gif``; as the file says before the picture is made for its letter."""
    data: bytes
    """Empty as long as nobody knows how wide the letter shows it."""
    name: str
    """File name shown by mail programs."""
    width: int = 0
    """Pixels as shown, of the data or, while that is empty, of the file; 0 when unknown."""
    height: int = 0

    @property
    def stored_name(self) -> str:
        """What it is called where it is served: its content (SHA-256, 32 hexadecimal digits), and its kind.

        The same bytes have the same name, and other bytes another one, so that it may be kept for ever.
        """
        import hashlib

        return hashlib.sha256(self.data).hexdigest()[:32] + SUFFIXES.get(self.content_type, "")


SUFFIXES: Mapping[str, str] = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "text/calendar": ".ics",
}
"""How the name of a picture ends, by its media type; and that of a calendar file, which is served with them."""


@dataclass(frozen=True, slots=True)
class Theme:
    """How a newsroom's letters look, as it was set; what is empty is the style's own."""

    style: Literal["", "signature", "classic", "digest", "bulletin"] = ""
    header: Literal["", "band", "plain", "centred", "picture"] = ""
    """The head of the letter: a coloured band, the name at the side, the name in the middle, or a picture."""
    picture: str = ""
    """For ``header = "picture"``: https address or a path relative to the workspace."""
    second: str = ""
    """A second colour, as ``#rrggbb``, for labels and fine lines."""
    paper: str = ""
    """The ground around the letter, as ``#rrggbb``."""
    card: str = ""
    """The ground of the letter itself, as ``#rrggbb``."""
    headings: str = ""
    """Fonts of headlines: ``sans``, ``serif`` or a CSS list of families."""
    text: str = ""
    """Fonts of everything else, in the same way."""
    hero: Literal["", "edge", "inset", "none"] = ""
    """The leading story's picture: from edge to edge, within the margins, or none."""
    rows: Literal["", "cards", "rows", "text"] = ""
    """The other stories: cards in two columns, rows with a small picture, or words alone."""
    align: Literal["", "start", "centre"] = ""
    """Where headings stand."""
    corners: Literal["", "round", "soft", "square"] = ""
    density: Literal["", "airy", "normal", "tight"] = ""
    subtitle: Literal["", "none", "preheader"] = ""
    """What stands under the head as a line of its own."""
    contents: bool | Literal["auto"] = "auto"
    """Whether a list of what is inside stands behind the first story; ``auto`` is the style's own."""
    logo_dark: str = ""
    """The logo for dark grounds, as ``Publication.logo``."""
    editor: str = ""
    """Who signs the editor's words."""
    role: str = ""
    portrait: str = ""
    """Picture of the editor: https address or a path relative to the workspace; without it the first letter."""
    footer: str = ""
    """Words of the newsroom's own at the foot."""
    social: tuple[tuple[str, str], ...] = ()
    """Pages elsewhere: (what it is, for example ``telegram``; address)."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes: everything a letter says about its newsroom, taken from the settings."""

    name: str
    url: str
    """The site's address, absolute."""
    language: str = "ar"
    """``ar``, ``en``, ``fr``, ``fa``, ``he``, ``ur`` … decides direction and words."""
    timezone: str = "UTC"
    """IANA name of the site's zone."""
    postal_address: str = ""
    accent: str = "#0f766e"
    """Colour of links, rules and buttons."""
    logo: str = ""
    """https address or the name of a file in the workspace; empty shows the name."""
    tagline: str = ""
    """One line under the name."""
    digits: Literal["latin", "arabic-indic"] = "latin"
    """Digits of dates and numbers that we write ourselves; the editor's text stays as it is."""
    months: str = ""
    """Locale of the month names, as ``ar_DZ`` or ``ar_LB``; empty takes the language's common ones."""
    hijri: bool = False
    """Whether the Hijri date stands beside the Gregorian one."""
    jalali: bool = False
    """Whether dates are those of the Jalali calendar; the Gregorian one then stands beside the letter's."""
    fonts: str = ""
    """CSS list of font families; empty takes fonts that every system has."""
    links: tuple[tuple[str, str], ...] = ()
    """Pages named at the foot: (name, address)."""
    theme: Theme = Theme()

    @property
    def files(self) -> tuple[tuple[str, str], ...]:
        """The pictures that the settings name: the key, as messages show it, and the address or file."""
        return (("newsletter.toml: [letter] logo", self.logo),)

    @property
    def direction(self) -> Literal["rtl", "ltr"]:
        """Writing direction of the language (CLDR's right-to-left scripts)."""
        return "rtl" if self.language.split("-")[0].split("_")[0] in RTL_LANGUAGES else "ltr"


def setting_picture(name: str) -> str:
    """What a picture that the settings name is called among the pictures of a letter, apart from those of its issue.

    Args:
        name: Of the file, relative to the workspace.
    """
    return f"//{name}"


RTL_LANGUAGES = frozenset({"ar", "fa", "he", "ur", "ckb", "ps", "sd", "ug", "yi", "dv"})


@dataclass(frozen=True, slots=True)
class Poll:
    """A question to the readers with its answers, as an issue asks it."""

    question: str
    """Plain text of one line."""
    answers: tuple[str, ...]
    """Two or more, each plain text of one line."""
    shows_results: bool = False
    """Whether who has answered sees what the others said."""
    days: int = 0
    """Days after the letter was frozen in which it takes answers; 0 for ever."""
    id: str = ""
    """16 hexadecimal digits by which the reader pages know it; empty until it is known which letter asks it."""


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """Something that takes place, as a calendar takes it."""

    title: str
    starts: datetime
    """By the newsroom's clock, without a zone."""
    ends: datetime | None = None
    timed: bool = True
    """Whether an hour was given, and not the day alone."""
    place: str = ""
    url: str = ""
    """Where more is said of it; may be empty."""


@dataclass(frozen=True, slots=True)
class CountedLink:
    """One link of a letter whose clicks are counted: the same for all its readers."""

    name: str
    """20 hexadecimal digits by which the reader pages know it; empty until it is known which letter has it."""
    url: str
    """Absolute http(s) address, as it stands in the letter."""
    story: str
    """Headline of the story it belongs to; empty for every other link."""
    place: int
    """Where it stands first among the links of the letter, from 1."""
    sponsor: str = ""
    """Name of the sponsor who has it; empty for every other link."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """An issue made into a letter: still with markers where each subscriber's parts go."""

    subject: str
    """Plain text, with directional isolates where the text needs them."""
    html: str
    text: str
    pictures: tuple[Picture, ...] = ()
    """Those that travel inside the letter."""
    hosted: tuple[Picture, ...] = ()
    """Those that the reader pages serve: the letter names their addresses, and what freezes it puts them there."""
    polls: tuple[Poll, ...] = ()
    """Those that the reader pages ask: what freezes it puts their words there."""
    links: tuple[CountedLink, ...] = ()
    """Those whose clicks are counted, if any are: what freezes it writes them down."""
    flowed: bool = False
    """Whether lines of the text that end in a space may be joined and wrapped anew (RFC 3676)."""

    @property
    def own_pictures(self) -> tuple[Picture, ...]:
        """Every picture of the newsroom's own that the letter shows, wherever it is loaded from."""
        return (*self.pictures, *self.hosted)


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything of a letter that is the same for all its subscribers; this is what a send freezes."""

    sender: str
    """From, as ``نشرة المؤشر <news@example.org>``."""
    reply_to: str
    """Address or empty."""
    list_id: str
    """``readers.example.org``, without angle brackets (RFC 2919)."""
    rendered: Rendered
    marker: str
    """What stands before every slot in subject, html, text and the unsubscribe addresses."""
    unsubscribe_url: str
    """https address with a slot, or empty when the workspace has no reader pages."""
    unsubscribe_mail: str
    """mailto address with a slot; always there."""
    date: datetime
    language: str = "ar"
    issue: str = ""
    """Key of the issue, for reports on the whole of it; empty for a letter that belongs to none."""
    automatic: bool = False
    """Whether a program wrote it to one person as the answer to something they did (RFC 3834)."""
    tracked: bool = False
    """Whether the provider may lead the links over a server of its own, to report how often each is clicked."""
    own_sender: bool = False
    """Whether its list says itself who it comes from: no provider then puts another name there."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a check found."""

    code: str
    """Stable name, as docs/checks.md lists it: ``subject-empty``."""
    level: Level
    words: str
    """What is wrong, in plain language."""
    place: str = ""
    """``path:line`` or the part of the letter."""
    mend: str = ""
