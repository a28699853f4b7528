"""MJML compiled, and where it cannot be."""

from __future__ import annotations

import re

from newsletter.errors import RenderError

_OFFSETS = re.compile(r"position (\d+):(\d+)")


def compiled(mjml: str, name: str) -> str:
    """MJML as HTML; every trouble becomes one line that says where.

    Args:
        mjml: As the template gave it.
        name: The file of the template.

    Raises:
        RenderError: It cannot be compiled.
    """
    from mjml import mjml2html

    try:
        return str(mjml2html(mjml, fonts={}))
    except (ValueError, TypeError) as error:
        where = f"{name} ({place})" if (place := _spot(mjml, str(error))) else name
        raise RenderError(
            f"the MJML cannot be compiled: {error}", where=where, mend="mend the template there"
        ) from error
    except BaseException as error:
        # A panic of the compiler arrives as PanicException, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise RenderError(f"the MJML compiler gave up: {error}", where=name, mend="mend the template") from error


def _spot(mjml: str, trouble: str) -> str:
    """Where in the MJML the compiler stopped: its own byte offsets, or else where it stops being well-formed XML."""
    offsets = _OFFSETS.search(trouble)
    if offsets is not None:
        start, end = int(offsets[1]), int(offsets[2])
        source = mjml.encode()
        nearby = source[max(start - 20, 0) : end + 40].decode("utf-8", "replace")
        return f"line {source[:start].count(10) + 1} of its MJML, near {' '.join(nearby.split())!r}"
    from lxml import etree

    try:
        etree.fromstring(mjml.strip().encode(), etree.XMLParser(resolve_entities=False, recover=False))
    except etree.XMLSyntaxError as error:
        # Named references such as &nbsp; are fine in MJML, but unknown to XML.
        if "Entity" not in str(error):
            return f"line {error.lineno} of its MJML: {str(error.msg).split(', line')[0]}"
    return ""
