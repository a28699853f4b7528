"""A letter made into a page of the web: nobody's own parts in it, no style in an attribute, nothing that could run.

The pages allow no inline style (Content-Security-Policy), and a letter consists of it. So every style attribute
becomes a class of one stylesheet, with a selector that weighs more than any of the letter's own rules, as the
attribute did; rules marked as important still win, which is how the letter turns dark.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.letters import own_links
from newsletter.letters.mime import PREFERENCES, slot
from newsletter.media import FOLDER
from newsletter.models import SUFFIXES, Letter, Picture
from newsletter.text import tags

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_GONE = frozenset({"script", "base", "object", "iframe", "input", "link", "style", "template"})
_UNWRAPPED = frozenset({"embed", "form", "button", "noscript"})
_SCHEMES = ("http", "https", "mailto", "tel", "")
_FILLING = re.compile("[\u034f\u200c\u00a0\u00ad\u200b]+")
_UNSAFE_STYLE = re.compile(r"[{}<>@\\]|/\*|url\s*\(|expression|import", re.IGNORECASE)
_DOT_BEFORE = re.compile(r"^\s*·\s*")
_DOT_AFTER = re.compile(r"\s*·\s*$")
_ROOT = "letter"


@dataclass(frozen=True, slots=True)
class LetterPage:
    """A letter as a page."""

    html: str
    """The page, with ``<!--bar-->`` behind the start of its body and ``<!--head-->`` at the end of its head."""
    css: str
    hosts: tuple[str, ...]
    """Origins its pictures come from."""
    pictures: Mapping[str, Picture]
    """Pictures that travelled inside the letter, by file name."""
    summary: str
    """The preheader: what inbox lists showed behind the subject."""
    image: str
    """Address of its first large picture, relative to ``folder`` for one that travelled inside; may be empty."""


def web_view(
    letter: Letter, *, folder: str, media: str = "/media", subscribe: tuple[str, str], because: str, key: str = ""
) -> LetterPage:
    """Make a frozen letter into a page.

    Args:
        letter: As it was frozen.
        folder: Where its stylesheet and pictures will be, for example ``/letters/12``.
        media: Where the pictures are that it names at the reader pages, wherever those were when it was frozen.
        subscribe: Address and words of the link that takes the place of the one to unsubscribe; without an address
            nothing does.
        key: Key of the letter, by which its links to its own page are known; they are left out.
        because: The sentence that tells a subscriber why they got the letter; its paragraph is left out.
    """
    import lxml.html

    document = lxml.html.document_fromstring(tags.ended(letter.rendered.html))
    summary = _take_preheader(document)
    styles = [element.text or "" for element in document.iter("style")]
    _take_out(document)
    _leave_out_its_own_page(document, own_links.base(letter), key)
    _leave_out_the_reader(document, letter.marker, subscribe, because)
    pictures = {
        f"{number}{SUFFIXES.get(one.content_type, '')}": one for number, one in enumerate(letter.rendered.pictures, 1)
    }
    _bring_home(document, own_links.base(letter), media)
    hosts = _place_pictures(document, pictures, folder, media)
    image = _first_large(document)
    classes = _styles_to_classes(document)
    document.set("id", _ROOT)
    return LetterPage(_written(document, folder), _css(styles, classes), hosts, pictures, summary, image)


def _take_preheader(document: HtmlElement) -> str:
    """Take out the hidden text before the letter, and return its words."""
    body = document.body
    for element in list(body)[:2]:
        if element.tag == "div" and re.search(r"display:\s*none", element.get("style") or ""):
            words = _FILLING.sub(" ", element.text_content())
            body.remove(element)
            return " ".join(words.split())
    return ""


def _take_out(document: HtmlElement) -> None:
    """Take out whatever could run, load or send, and the comments that only Outlook reads."""
    import lxml.etree

    for element in list(document.iter()):
        acts = element.tag == "meta" and element.get("http-equiv") is not None
        if acts or not isinstance(element.tag, str) or element.tag in _GONE:
            _drop(element)
        elif element.tag in _UNWRAPPED:
            element.drop_tag()
    for element in document.iter(lxml.etree.Element):
        for name, value in list(element.attrib.items()):
            if name.startswith("on") or (name in ("href", "src", "background") and not _harmless(value)):
                del element.attrib[name]


def _harmless(address: str) -> bool:
    if address.startswith("cid:"):
        return True
    try:
        return urlsplit("".join(address.split())).scheme.lower() in _SCHEMES
    except ValueError:
        return False


def _leave_out_the_reader(document: HtmlElement, marker: str, subscribe: tuple[str, str], because: str) -> None:
    href, words = subscribe
    for element in list(document.iter("a")):
        personal = marker in (element.get("href") or "")
        if slot(marker, PREFERENCES) in (element.get("href") or "") or (personal and not href):
            # There is nobody whose choice it could show; one link to subscribe is enough, where there is a page for it.
            _drop_link(element)
        elif personal:
            for child in list(element):
                element.remove(child)
            element.set("href", href)
            element.text = words
    plain = " ".join(because.split())
    for element in list(document.iter("p", "div")):
        # Isolates can stand in it on one side and not on the other.
        if len(element.xpath(".//p | .//div")) == 0 and _bare(element.text_content()) == _bare(plain):
            _drop(element)
    for element in document.iter():
        for name, value in list(element.attrib.items()):
            if marker in value:
                del element.attrib[name]
        element.text = _without(element.text, marker)
        element.tail = _without(element.tail, marker)


def _leave_out_its_own_page(document: HtmlElement, pages: str, key: str) -> None:
    """Take out the links by which a mail program opens the page that this is."""
    if not pages or not key:
        return
    own = re.compile(rf"{re.escape(pages)}/(?:letters/|view/[\w-]+/(?:[\w-]+/issue/)?){re.escape(key)}")
    for element in list(document.iter("a")):
        if own.fullmatch(element.get("href") or ""):
            _drop_link(element)


def _drop_link(link: HtmlElement) -> None:
    """Take out a link, and the dot that stood between it and its neighbour, or the line that held nothing else."""
    parent, before, after = link.getparent(), link.getprevious(), link.getnext()
    link.tail, dots = _DOT_BEFORE.subn("", link.tail or "", count=1)
    if not dots and _is_dot(after) and not link.tail.strip():
        _drop_dot(after)
    elif not dots and _is_dot(before) and not (before.tail or "").strip():
        _drop_dot(before)
    elif not dots:
        ahead = _DOT_AFTER.sub("", (parent.text if before is None else before.tail) or "", count=1)
        if before is None:
            parent.text = ahead
        else:
            before.tail = ahead
    _drop(link)
    while parent.tag in ("p", "span") and not parent.text_content().strip() and not len(parent):
        parent, empty = parent.getparent(), parent
        _drop(empty)


def _is_dot(element: HtmlElement | None) -> bool:
    """Whether this is a dot with an element of its own, which the letter shows only where there is room for it."""
    return element is not None and not len(element) and (element.text or "").strip() == "·"


def _drop_dot(dot: HtmlElement) -> None:
    dot.tail = (dot.tail or "").lstrip()
    _drop(dot)


def _bare(text: str) -> str:
    return " ".join(re.sub("[\u2066-\u2069\u200e\u200f]", "", text).split())


def _without(text: str | None, marker: str) -> str | None:
    return re.sub(re.escape(marker) + r"(?:-[a-z_]+-)?", "", text) if text and marker in text else text


def _bring_home(document: HtmlElement, pages: str, media: str) -> None:
    """Name what our own pages serve, pictures and calendar files, by its place beside this page."""
    for element in document.iter("img", "a"):
        where = "src" if element.tag == "img" else "href"
        before, _, name = (element.get(where) or "").rpartition("/")
        if pages and before == f"{pages}/{FOLDER}":
            element.set(where, f"{media}/{name}")


def _place_pictures(document: HtmlElement, pictures: Mapping[str, Picture], folder: str, media: str) -> tuple[str, ...]:
    """Point inner pictures at their files; return the origins of the others."""
    names = {one.cid: name for name, one in pictures.items()}
    hosts: dict[str, None] = {}
    for element in document.iter("img"):
        source = element.get("src") or ""
        if source.startswith("cid:"):
            name = names.get(source.removeprefix("cid:"))
            if name is None:
                del element.attrib["src"]
            else:
                element.set("src", f"{folder}/{name}")
            continue
        origin = _origin(source)
        if origin:
            hosts[origin] = None
        elif source and not source.startswith(f"{media}/"):
            del element.attrib["src"]
    return tuple(hosts)


def _origin(address: str) -> str:
    """The origin of an https address, as a Content-Security-Policy can name it."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    good = parts.scheme == "https" and re.fullmatch(r"[a-z0-9.-]+", host)
    return f"https://{host}{port}" if good else ""


def _first_large(document: HtmlElement) -> str:
    for element in document.iter("img"):
        width = element.get("width") or ""
        if element.get("src") and width.isdecimal() and int(width) > 250:
            return str(element.get("src"))
    return ""


def _styles_to_classes(document: HtmlElement) -> dict[str, str]:
    """Replace every style attribute by a class; declarations to name of the class."""
    classes: dict[str, str] = {}
    for element in document.iter():
        style = element.attrib.pop("style", None)
        declarations = _declarations(style or "")
        if declarations:
            name = classes.setdefault(declarations, f"s{len(classes)}")
            element.set("class", f"{element.get('class') or ''} {name}".strip())
    return classes


def _declarations(style: str) -> str:
    kept = [part.strip() for part in style.split(";")]
    return ";".join(part for part in kept if part and not _UNSAFE_STYLE.search(part) and not part.startswith("mso-"))


def _css(styles: list[str], classes: Mapping[str, str]) -> str:
    own = [f"#{_ROOT} .{name},#{_ROOT}.{name}{{{declarations}}}" for declarations, name in classes.items()]
    return "\n".join([*(style.strip() for style in styles), *own, ""])


def _written(document: HtmlElement, folder: str) -> str:
    import lxml.etree
    import lxml.html

    for name in [name for name in document.attrib if name.startswith("xmlns")]:
        del document.attrib[name]
    head = document.head
    for element in list(head.iter("meta")):
        if element.get("charset") or element.get("name") == "viewport":
            _drop(element)
    head.text = None
    head.insert(0, lxml.html.Element("meta", charset="utf-8"))
    head.insert(1, lxml.html.Element("meta", name="viewport", content="width=device-width, initial-scale=1"))
    head.append(lxml.html.Element("link", rel="stylesheet", href=f"{folder}/letter.css"))
    head.append(lxml.etree.Comment("head"))
    bar = lxml.etree.Comment("bar")
    bar.tail, document.body.text = document.body.text, None
    document.body.insert(0, bar)
    return "<!doctype html>\n" + str(lxml.html.tostring(document, encoding="unicode"))


def _drop(element: Any) -> None:
    """Take an element out, and leave what stands behind it."""
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail or ""
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
