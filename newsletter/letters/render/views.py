"""An issue as its templates see it: every text ready for HTML, every picture placed, every fault told with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from newsletter.errors import RenderError
from newsletter.issues import prose
from newsletter.issues.targets import split_caption
from newsletter.letters.render.before import printable
from newsletter.models import Issue, Picture, Poll, Prose, Publication, Section, Story, setting_picture
from newsletter.text import bidi, dates, tidy

if TYPE_CHECKING:
    from markupsafe import Markup

_BLANKS = re.compile("[\\s\x1c-\x1f\x85\u2028\u2029]+")
# An address that stays as it is, as almost all of them do.
_READY = re.compile(
    r"https?://[A-Za-z0-9][A-Za-z0-9.-]*(?:/[!$&'()*+,/:;=@~\w.%-]*+)?(?:\?[!$&'()*+,/:;=?@~\w.%-]++)?", re.ASCII
)
NO_PICTURE = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 576 324'%3E%3Cpath fill='%23d9d9d9' "
    "stroke='%23b00020' stroke-width='6' stroke-dasharray='18 12' d='M3 3h570v318H3z'/%3E%3Cpath stroke='%23b00020' "
    "stroke-width='6' d='m228 102 120 120m0-120L228 222'/%3E%3C/svg%3E"
)
"""Stands in a preview for a picture that no letter could show."""
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
PREHEADER = 95
"""Graphemes of a preheader that we make ourselves; most inbox lists show fewer than 100."""


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture where it stands in the letter."""

    src: str
    alt: str
    """With isolates; empty only for a picture that says nothing of its own."""
    width: int = 0
    height: int = 0
    caption: Markup | str = ""
    credit: Markup | str = ""
    caption_text: str = ""
    """Caption and credit as one plain line."""

    @property
    def fit(self) -> str:
        """Style of a picture that never leaves its column, and is never blown up beyond its size."""
        # Where nobody knows its size, the width of the attribute is for Word alone.
        return "max-width:100%;" if self.width else "width:auto;max-width:100%;"

    def width_in(self, widest: int, tallest: int = 0) -> int:
        """Width in pixels at which it fits, never larger than it is; ``widest`` when its size is unknown.

        Args:
            widest: Greatest width in CSS pixels.
            tallest: Most pixels down; 0 sets no limit.
        """
        width = min(self.width, widest) if self.width else widest
        if tallest and self.width and self.height:
            width = min(width, max(1, tallest * self.width // self.height))
        return width


@dataclass(frozen=True, slots=True)
class StoryView:
    """A story ready for a template."""

    headline: Markup
    title: str
    """The headline as plain text."""
    href: str
    """Empty when the story stands whole in the letter."""
    summary: prose.ParsedMarkdown
    sight: PictureView | None
    label: Markup
    label_text: str
    byline: Markup
    """Author and date."""
    byline_text: str
    leads: bool
    """First story of the issue."""
    rank: int = 3
    """Of its heading: 3 under a section's title, 2 where there is none."""

    @property
    def whole(self) -> bool:
        """Whether the story stands whole in the letter."""
        return not self.href


@dataclass(frozen=True, slots=True)
class StoryGroup:
    """What stands together in a section: the leading story, stories in rows, a whole story, or the editor's words."""

    kind: Literal["lead", "rows", "whole", "prose"]
    stories: tuple[StoryView, ...] = ()
    prose: prose.ParsedMarkdown | None = None


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section ready for a template."""

    title: Markup
    title_text: str
    groups: tuple[StoryGroup, ...]
    anchor: str = ""
    """What a link within the letter leads to; empty without a title."""

    @property
    def stories(self) -> tuple[StoryView, ...]:
        """Its stories, in order."""
        return tuple(story for group in self.groups for story in group.stories)


class ViewBuilder:
    """Makes the views of one letter and keeps the pictures it meets, in order."""

    def __init__(self, issue: Issue, publication: Publication, pictures: Mapping[str, Picture]) -> None:
        self.issue = issue
        self.publication = publication
        self.pictures = pictures
        self.base: bidi.Direction = publication.direction
        self.used: dict[str, Picture] = {}
        self.faults: list[RenderError] = []
        """What cannot stand in a letter, in the order of the issue; something else stands in its place until then."""
        self.setup = prose.ProseSetup()
        """Words, dates and digits for the elements of the issue; set before anything is viewed."""
        self.anchors: Mapping[int, str] = {}
        """Anchor of each section by its place in the issue; set before anything is viewed."""
        self.polls: list[Poll] = []
        """What the letter asks its readers, in order."""
        self.sponsored: list[tuple[str, str]] = []
        """Address of each link that a sponsor pays for, and the sponsor's name."""
        self._led = False

    def line(self, text: str) -> str:
        """One printable line of a text."""
        # isprintable knows of no control character and of no white space but the plain space.
        if text.isprintable() and "  " not in text:
            return text.strip()
        return _BLANKS.sub(" ", printable(text)).strip()

    def markup(self, text: str) -> Markup:
        """A line of text as HTML."""
        return bidi.to_html(self.line(text), self.base)

    def attribute(self, text: str) -> str:
        """A line of text for an attribute or a subject, its runs isolated by signs."""
        return bidi.isolate(self.line(text), self.base)

    def place(self, line: int = 0, part: str = "") -> str:
        """``path:line`` for a message; the name of the part instead when the line is not known."""
        if self.issue.path and line:
            return f"{self.issue.path}:{line}"
        return self.issue.path or part

    def markdown(self, text: str, line: int, rank: int = 4) -> prose.ParsedMarkdown:
        """Read Markdown of the issue; ``rank`` is the level of its headings in HTML, 1 to 6."""
        passage = prose.read(
            printable(text), line=line, base=self.base, rank=rank, picture=self.picture_address, setup=self.setup
        )
        self.faults += (
            RenderError(fault.what, where=self.place(fault.line, "the issue's text"), mend=fault.mend)
            for fault in passage.faults
        )
        self.polls += passage.polls
        self.sponsored += passage.sponsored
        return passage

    def picture_address(self, src: str) -> prose.PictureAddress | None:
        """Where a picture is loaded from, or None when it is neither on the web nor among the local pictures."""
        # Local names are percent-decoded, as they are on the disk.
        picture = self.pictures.get(src) or self.pictures.get(unquote(src))
        if picture is not None:
            self.used.setdefault(picture.cid, picture)
            return prose.PictureAddress(f"cid:{picture.cid}", picture.width, picture.height)
        address = web_address(src)
        return prose.PictureAddress(address) if address.startswith("https://") else None

    def known_picture(self, name: str, alt: str) -> PictureView | None:
        """One of the letter's own pictures, or None when it carries none of that name."""
        return self.picture(name, alt) if name in self.pictures else None

    def travelling(self, html: str) -> tuple[Picture, ...]:
        """The pictures that the letter really shows, in the order in which it met them."""
        return tuple(picture for picture in self.used.values() if f"cid:{picture.cid}" in html)

    def setting_picture(self, src: str, alt: str, *, where: str) -> PictureView | None:
        """A picture that the settings name: at an https address, or a file of the workspace; ``where`` is its key."""
        return self.picture(src, alt, where=where)

    def picture(self, src: str, alt: str, *, line: int = 0, where: str = "", caption: str = "") -> PictureView | None:
        """A picture of the letter, or None when there is no address; ``line`` or ``where`` says where it is named.

        A grey field stands for one whose address is neither https nor that of a local picture, which is a fault.
        """
        src = self.line(src)
        if not src:
            return None
        # A file of the settings may be called as one of the issue's is.
        own = setting_picture(src) if where else ""
        beside = bool(self.issue.path) and where.startswith(f"{self.issue.path}:") and src in self.pictures
        shown = self.picture_address(own if own in self.pictures and not beside else src)
        if shown is None:
            home = "the workspace" if where else "the issue's folder"
            where = where or self.place(line, "the issue's pictures")
            if urlsplit_or_none(src) is not None and src.lower().startswith("http://"):
                fault = RenderError(
                    f"the picture {src} is not encrypted, and mail programs will not load it",
                    where=where,
                    mend=f"write it with https://, or save it in {home} and write its file name",
                )
            else:
                fault = RenderError(
                    f"the picture {src!r} is not there",
                    where=where,
                    mend=f"put the file into {home}, or write an address that starts with https://",
                )
            self.faults.append(fault)
            shown = prose.PictureAddress(NO_PICTURE, 576, 324)
        said, credit = (self.line(part) for part in split_caption(caption))
        return PictureView(
            shown.src,
            self.attribute(alt),
            shown.width,
            shown.height,
            self.markup(said),
            self.markup(credit),
            " · ".join(part for part in (said, credit) if part),
        )

    def date(self, moment: datetime, *, weekday: bool) -> str:
        """A date in the publication's words, calendar, zone and digits."""
        return self._date(moment, weekday, jalali=self.publication.jalali)

    def gregorian(self, moment: datetime) -> str:
        """The Gregorian date, to stand beside that of another calendar."""
        return self._date(moment, weekday=False, jalali=False)

    def _date(self, moment: datetime, weekday: bool, *, jalali: bool) -> str:
        return dates.newsroom_date(moment, self.publication, weekday=weekday, jalali=jalali)

    def story(self, story: Story, section: Section) -> StoryView:
        """One story."""
        title = self.line(story.headline)
        url = self.line(story.url)
        href = web_address(url) if url else ""
        if url and not href:
            fault = RenderError(
                f"the address {url[:80]!r} of a story leads nowhere a reader can follow",
                where=self.place(story.line, f"the story {title[:60]!r}"),
                mend="write a whole address that starts with https://",
            )
            self.faults.append(fault)
            href = "#"
        author = self.line(story.author)
        when = self.date(story.published, weekday=False) if story.published is not None else ""
        # No line ends within the date.
        byline = " · ".join(part for part in (author, when.replace(" ", "\u00a0")) if part)
        label = self.line(story.label)
        label = "" if label == self.line(section.title) else label
        leads, self._led = not self._led, True
        return StoryView(
            headline=bidi.to_html(title, self.base),
            title=title,
            href=href,
            summary=self.markdown(
                story.summary,
                story.summary_line or max(story.line, story.image_line) + 1,
                4 if section.title else 3,
            ),
            sight=self.picture(
                story.image,
                story.image_alt or story.headline,
                line=story.image_line or story.line,
                caption=story.image_caption,
            ),
            label=bidi.to_html(label, self.base),
            label_text=label,
            byline=bidi.to_html(byline, self.base),
            byline_text=byline.replace("\u00a0", " "),
            leads=leads,
            rank=3 if section.title else 2,
        )

    def section(self, section: Section, anchor: str = "") -> SectionView:
        """One section, its blocks gathered into groups; ``anchor`` is what links within the letter lead to."""
        groups: list[StoryGroup] = []
        rank = 3 if section.title else 2
        for block in section.blocks:
            if isinstance(block, Prose):
                passage = self.markdown(block.markdown, block.line, rank)
                if passage:
                    groups.append(StoryGroup("prose", prose=passage))
                continue
            view = self.story(block, section)
            kind: Literal["lead", "whole", "rows"] = "lead" if view.leads else "whole" if view.whole else "rows"
            if kind == "rows" and groups and groups[-1].kind == "rows":
                groups[-1] = StoryGroup("rows", (*groups[-1].stories, view))
            else:
                groups.append(StoryGroup(kind, (view,)))
        # A divider at either end would stand beside the section's own rule.
        while groups and groups[-1].prose is not None and groups[-1].prose.divides:
            groups.pop()
        while section.title and groups and groups[0].prose is not None and groups[0].prose.divides:
            groups.pop(0)
        title = self.line(section.title)
        return SectionView(self.markup(title), title, tuple(groups), anchor)

    def preheader(self, opening: tuple[prose.ParsedMarkdown, ...], sections: tuple[SectionView, ...]) -> str:
        """What inbox lists show behind the subject: the editor's, or the first words of the letter."""
        own = self.line(self.issue.preheader)
        if not own:
            stories = (story.summary for section in sections for story in section.stories)
            first = next((words for passage in chain(opening, stories) if (words := passage.words())), "")
            own = tidy.shorten(self.line(first), PREHEADER) if first else ""
        return bidi.steered(bidi.isolate(own, self.base), self.base)

    def values(self) -> dict[str, Any]:
        """Everything of the issue a template can use; what cannot stand in a letter is among the faults."""
        opening = tuple(
            passage for part in self.issue.opening if (passage := self.markdown(part.markdown, part.line, 2))
        )
        sections = tuple(
            self.section(section, self.anchors.get(at, "")) for at, section in enumerate(self.issue.sections)
        )
        return {
            "subject": bidi.steered(self.attribute(self.issue.subject), self.base),
            "preheader": self.preheader(opening, sections),
            "opening": opening,
            "sections": [view for view in sections if view.groups or view.title_text],
        }


def urlsplit_or_none(url: str) -> SplitResult | None:
    """The parts of an address, or None when it has none (a bracket that is not closed, a port that is no number)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def web_address(url: str) -> str:
    """An http(s) address as it can stand in a link: Arabic letters percent-encoded, an Arabic host in punycode.

    Args:
        url: As the site or the editor wrote it.

    Returns:
        The address, or nothing when it is not a whole http(s) address.
    """
    if _READY.fullmatch(url):
        return url
    parts = urlsplit_or_none(prose.bidi_free(url))
    if parts is None or parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        return ""
    host = parts.netloc
    if not host.isascii():
        try:
            host = ".".join(label.encode("idna").decode("ascii") if label else "" for label in host.split("."))
        except UnicodeError:
            return ""
    if not re.fullmatch(r"[A-Za-z0-9.\-_~%:@\[\]!$&'()*+,;=]+", host):
        return ""
    path, query, fragment = (quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme.lower(), host, path, query, fragment))
