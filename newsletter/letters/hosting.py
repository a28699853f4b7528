"""Pictures of a letter taken out of it: it names their addresses at the reader pages instead of carrying them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace

from newsletter.media import FOLDER
from newsletter.models import SUFFIXES, Picture, Rendered

_INSIDE = re.compile(r"(?<=[\"'(])cid:([^\"'()\s<>]+)(?=[\"')])")
"""A picture that travels in the letter, where an attribute or a ``url()`` names it (RFC 2392)."""


def address(base: str, picture: Picture) -> str:
    """Where the reader pages serve a picture.

    Args:
        base: Address of the pages without a slash at its end.
        picture: Of a media type in ``newsletter.models.SUFFIXES``.
    """
    return f"{base}/{FOLDER}/{picture.stored_name}"


def host(rendered: Rendered, base: str) -> Rendered:
    """A letter whose pictures stand at the reader pages, as far as those serve their kind.

    Args:
        rendered: As ``newsletter.letters.render`` made it, with its pictures inside.
        base: Address of the pages without a slash at its end.

    Returns:
        The letter; ``hosted`` are the pictures that must be in ``newsletter.media`` before anybody opens it.
    """
    moved = {one.cid: one for one in rendered.pictures if one.content_type in SUFFIXES}
    html = _named(rendered.html, moved, lambda one: address(base, one))
    stay = tuple(one for one in rendered.pictures if one.cid not in moved)
    return replace(rendered, html=html, pictures=stay, hosted=(*rendered.hosted, *moved.values()))


def shown_alone(rendered: Rendered, base: str) -> str:
    """The HTML of a letter with every picture of ours inside it, as a browser shows a file without any server.

    Args:
        rendered: With pictures that travel in it, or that the pages serve.
        base: Address of the pages, as for ``host``; empty where there are none.
    """
    html = _named(rendered.html, {one.cid: one for one in rendered.pictures}, _data)
    for one in rendered.hosted:
        html = html.replace(address(base, one), _data(one))
    return html


def _named(html: str, pictures: dict[str, Picture], name: Callable[[Picture], str]) -> str:
    def new(match: re.Match[str]) -> str:
        picture = pictures.get(match[1])
        return match[0] if picture is None else name(picture)

    return _INSIDE.sub(new, html) if pictures else html


def _data(picture: Picture) -> str:
    return f"data:{picture.content_type};base64,{base64.b64encode(picture.data).decode('ascii')}"
