"""An issue as the text of a post: blocks that any theme of WordPress styles, safe from the filter over authors' texts.

Facts of the filter (kses) measured on WordPress 6.1, 6.8 and 7.1: `bdi` and most styles go, `dir` on any element and
the comments of blocks stay; references of two digits get a third (`&#39;` becomes `&#039;`). What stands here is
written just as it comes back, so that what somebody changed there can be told from what WordPress did.
"""

from __future__ import annotations

import html as escaping
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from newsletter.errors import RenderError
from newsletter.issues.prose.elements.phrases import name_and_role, payer_and_label, sign, when
from newsletter.issues.prose.elements.writing import element
from newsletter.issues.prose.parts import ELEMENTS, OBJECT, PAID, Block, Inline, Mark, PictureAddress
from newsletter.issues.prose.writing import HtmlWriter
from newsletter.issues.targets import split_caption
from newsletter.letters.catalogue import words as catalogue_of
from newsletter.letters.render import surroundings
from newsletter.letters.render.fill import fill
from newsletter.letters.render.views import StoryView, ViewBuilder
from newsletter.letters.ways import Ways
from newsletter.models import Issue, Picture, Publication
from newsletter.text import bidi

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATE = "wordpress/post/post.html.j2"
_PADDING = {"top": "1em", "right": "1.25em", "bottom": "1em", "left": "1.25em"}
FRAME: Mapping[str, Any] = {"border": {"width": "1px"}, "spacing": {"padding": _PADDING}}
"""Of a box: the attribute of its block, and the style that the block editor makes of it."""
FRAME_CSS = "border-width:1px;" + ";".join(f"padding-{side}:{size}" for side, size in _PADDING.items())
_STYLES = re.compile(r' (?:style="white-space:nowrap;"|class="whole")')
_AROUND_COMMENTS = re.compile(r"\s*\n\s*(?=<!-- /?wp:)|(?<=-->)\s*\n\s*")
_COMMENT = re.compile(r"(<!-- /?wp:[^\n]*? -->)")
_BRACKET = re.compile(r"\[(?=[^\s\d\]])")
_SHOWN_NUMBER = re.compile("&amp;(?=#(?:[0-9]+|[Xx][0-9A-Fa-f]+);)")
_LINES = re.compile(r"\n\s*")


@dataclass(frozen=True, slots=True)
class SitePicture:
    """A picture that the site has."""

    number: int
    """As WordPress counts its media."""
    address: str


@dataclass(frozen=True, slots=True)
class PostText:
    """What an issue says as a post."""

    title: str
    """HTML of one line."""
    content: str
    """Blocks."""
    excerpt: str
    """HTML of one line."""
    lead: str
    """Address of the picture that leads: ``cid:`` of a local one, or on the web; empty without any."""
    lead_alt: str


def post_text(
    issue: Issue,
    publication: Publication,
    environment: Environment,
    *,
    pictures: Mapping[str, Picture],
    on_site: Mapping[str, SitePicture],
    leads_above: bool,
) -> PostText:
    """Write an issue as a post.

    Args:
        issue: With what the library knows of its stories.
        publication: Who says it.
        environment: Templates, as ``newsletter.letters.templates.environment`` gives it.
        pictures: Local pictures by the path that names them in the issue.
        on_site: What the site has, by ``cid:…`` of a local picture; one that is missing keeps that address.
        leads_above: Whether the theme shows the picture that leads above the text, so that it is not in it again.

    Raises:
        RenderError: Something in the issue cannot stand in a post; tells of all at once.
    """
    catalogue = catalogue_of(environment, publication.language)

    def say(text: str, **parts: object) -> str:
        said = catalogue.gettext(text)
        for key, value in parts.items():
            said = said.replace(f"{{{key}}}", str(value))
        return said

    viewer = ViewBuilder(issue, publication, pictures)
    # Questions are told and not asked: who answers does so in the letter.
    viewer.setup = replace(
        surroundings.setup(issue, publication, say, viewer.line, Ways()), answer=lambda _poll, _at: "", calendar=None
    )
    viewer.anchors = surroundings.anchors(issue)
    values = viewer.values()
    if viewer.faults:
        raise RenderError.of(viewer.faults)
    seen = [story.sight for section in values["sections"] for story in section.stories]
    lead = next((sight for sight in seen if sight is not None), None)
    above = leads_above and bool(seen) and seen[0] is not None and not seen[0].caption_text
    writing = _Writing(viewer, say, on_site)
    filled = fill(environment, TEMPLATE, {**values, **writing.names(), "leads_above": above})
    content = writing.placed(_inert(_settled(_AROUND_COMMENTS.sub("\n", filled).strip())))
    return PostText(
        title=_settled(escaping.escape(bidi.strip(viewer.line(issue.subject)), quote=False)),
        content=content,
        excerpt=_inert(_settled(escaping.escape(bidi.strip(values["preheader"]).strip("\u200f\u200e"), quote=False))),
        lead=lead.src if lead is not None else "",
        lead_alt=bidi.strip(lead.alt) if lead is not None else "",
    )


def _settled(html: str) -> str:
    """HTML as WordPress gives it back: its filter writes references in one way.

    A number between `&#` and `;` that the text itself shows would become the sign of that number.
    """
    settled = _STYLES.sub("", html).replace("&#x27;", "&#039;").replace("&#39;", "&#039;").replace("&#34;", "&quot;")
    return _SHOWN_NUMBER.sub("&#038;", settled)


def _inert(html: str) -> str:
    """HTML in which no name in brackets is a shortcode to the site: plugins would run what another site's text says."""
    return "".join(
        part if part.startswith("<!--") else _BRACKET.sub("&#091;", part) for part in _COMMENT.split(html) if part
    )


class _Writing:
    """What the templates of a post call."""

    def __init__(self, viewer: ViewBuilder, say: Callable[..., str], on_site: Mapping[str, SitePicture]) -> None:
        self.viewer = viewer
        self.say = say
        self.on_site = on_site
        self.setup = viewer.setup
        self.inline = HtmlWriter({}, viewer.base, 2, viewer.setup, element)
        self._strong: dict[int, Mark] = {}

    def names(self) -> dict[str, Any]:
        """Them by name."""
        return {
            "opened": _opened,
            "closed": lambda name: _markup(f"<!-- /wp:{name} -->"),
            "say": self.say,
            "html": self.viewer.markup,
            "line": lambda text: bidi.strip(self.viewer.line(str(text))),
            "plain": bidi.strip,
            "words": self.words,
            "joined": lambda text: _markup(_LINES.sub("", str(text)) if "<!--" not in str(text) else str(text).strip()),
            "bold": lambda text: _markup(f"<strong>{text}</strong>"),
            "linked": self.linked,
            "anchor": self.anchor,
            "as_button": self.as_button,
            "code": self.code,
            "only_pictures": _only_pictures,
            "link_around": lambda inline: _around(inline).get("href", ""),
            "rel_around": lambda inline: _around(inline).get("rel", ""),
            "caption_of": self.caption_of,
            "sight_caption": lambda sight: self.caption(sight.caption, sight.credit),
            "label_and_byline": self.label_and_byline,
            "on_site": lambda src: self.on_site.get(str(src)),
            # The sign that plays is an emoji to WordPress, which would fetch a picture of it from elsewhere.
            "sign": lambda block: sign(block.kind, block.link).replace("\u25b6\ufe0e", "\u25ba"),
            "sponsor_label": self.sponsor_label,
            "person": lambda block: (
                "، ".join(part for part in name_and_role(block.title) if part)
                if self.viewer.base == "rtl"
                else ", ".join(part for part in name_and_role(block.title) if part)
            ),
            "event_when": lambda block: when(block.scheduled, self.setup),
            "each": lambda texts: [self.viewer.markup(one) for one in texts],
            "figures": self.figures,
            "contents": [self.linked(self.viewer.markup(title), f"#{at}") for title, at in self.setup.contents],
            "note_number": lambda block: self.setup.notes.get(block.title, 1),
            "note_head": lambda block: _markup(f"[{self.setup.digits(str(self.setup.notes.get(block.title, 1)))}] "),
            "elements_known": ELEMENTS,
            "paid": PAID,
            "frame": FRAME,
            "frame_css": FRAME_CSS,
        }

    def words(self, inline: Inline | None) -> Markup:
        """The text of a paragraph, its runs isolated."""
        return _markup("".join(self.inline.inline(self.upright(inline)))) if inline is not None else _markup("")

    def upright(self, inline: Inline) -> Inline:
        """The text with what leans set in bold where the script has no italics."""
        if self.viewer.base != "rtl":
            return inline

        def bold(mark: Mark) -> Mark:
            return self._strong.setdefault(id(mark), Mark("strong")) if mark.tag == "em" else mark

        return Inline([(text, tuple(map(bold, marks))) for text, marks in inline.pieces], inline.links, inline.pictures)

    def code(self, inline: Inline | None) -> Markup:
        """Lines of code, which read from left to right."""
        lines = escaping.escape(inline.text if inline is not None else "", quote=False)
        return _markup(f'<span dir="ltr">{lines}</span>' if self.viewer.base == "rtl" else lines)

    def linked(self, words: str, href: str) -> Markup:
        """Words that lead somewhere, if they do."""
        return _markup(f'<a href="{escaping.escape(href)}">{words}</a>' if href else str(words))

    def anchor(self, before: str, title: str, href: str, rel: str) -> Markup:
        """A link with a sign before it."""
        kind = f' rel="{rel}"' if rel else ""
        return _markup(f'{before} <a href="{escaping.escape(href)}"{kind}>{self.viewer.markup(title)}</a>')

    def as_button(self, inline: Inline) -> Markup:
        """A link that is alone in its paragraph, as the link of a button."""
        return _markup(str(self.words(inline)).replace("<a ", '<a class="wp-block-button__link wp-element-button" ', 1))

    def caption_of(self, shown: PictureAddress) -> Markup:
        """What stands under a picture."""
        said, credit = split_caption(shown.caption)
        return self.caption(self.viewer.markup(said), self.viewer.markup(credit))

    def caption(self, said: Markup | str, credit: Markup | str) -> Markup:
        """Caption and credit in one line."""
        return _markup(" · ".join(str(part) for part in (said, credit) if part))

    def label_and_byline(self, story: StoryView) -> Markup:
        """The section of a story, its author and its date in one line."""
        return _markup(" · ".join(str(part) for part in (story.label, story.byline) if part))

    def sponsor_label(self, block: Block) -> str:
        """What says that somebody pays, and who."""
        name, own = payer_and_label(block.title)
        return " · ".join(part for part in (own or self.say("Advertisement"), name) if part)

    def figures(self, block: Block) -> list[Markup]:
        """Numbers, each with what it counts."""
        return [
            _markup(f"<strong>{self.viewer.markup(one.title)}</strong> {self.words(one.inline)}".rstrip())
            for one in block.children
        ]

    def placed(self, html: str) -> str:
        """The text with the pictures within paragraphs where the site has them."""
        for cid, one in self.on_site.items():
            html = html.replace(f'src="{cid}"', f'src="{escaping.escape(one.address)}"')
        return html


def _opened(name: str, **attributes: Any) -> Markup:
    """The comment that begins a block, as WordPress writes it (`serialize_block_attributes`)."""
    said = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
    for sign_, escaped in (("--", "\\u002d\\u002d"), ("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        said = said.replace(sign_, escaped)
    return _markup(f"<!-- wp:{name}{f' {said}' if attributes else ''} -->")


def _only_pictures(inline: Inline) -> bool:
    return bool(inline.pictures) and not inline.text.replace(OBJECT, "").strip()


def _around(inline: Inline) -> dict[str, str]:
    """The attributes of the link that stands round the picture of a paragraph."""
    marks = (mark for _, marks in inline.pieces for mark in marks if mark.tag == "a")
    return dict(next((mark.attributes for mark in marks), ()))


def _markup(text: str) -> Markup:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - every part is escaped where it is made
