"""The calendar file of an event, as RFC 5545 writes it (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from newsletter.models import CalendarEvent
from newsletter.text import bidi

MOST_OCTETS = 75
"""Of a line, without its end (RFC 5545 section 3.1)."""


def calendar_file(event: CalendarEvent, *, timezone: str, language: str, host: str, stamp: datetime) -> bytes:
    """One event as a file that calendars open.

    Its UID is the same wherever the same event stands on the same day: whoever adds it twice has it once, and another
    hour replaces the first.

    Args:
        event: As its editor wrote it.
        timezone: Name of the newsroom's zone, for example ``Asia/Amman``.
        language: Of its words, as a language tag.
        host: Of the newsroom's site, for the UID.
        stamp: When this was said (DTSTAMP), timezone-aware.
    """
    lines = _lines(event, ZoneInfo(timezone), language.replace("_", "-"), host, stamp)
    return b"".join(_folded(line) for line in lines)


def _lines(event: CalendarEvent, zone: ZoneInfo, language: str, host: str, stamp: datetime) -> Iterator[str]:
    day = event.starts.date()
    mark = hashlib.sha256(f"{day.isoformat()}\0{event.title}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Nashra//Nashra//EN", "BEGIN:VEVENT")
    yield f"UID:{mark}@{host}"
    yield f"DTSTAMP:{_utc(stamp)}"
    if event.timed:
        yield f"DTSTART:{_utc(event.starts.replace(tzinfo=zone))}"
        if event.ends is not None:
            yield f"DTEND:{_utc(event.ends.replace(tzinfo=zone))}"
    else:
        yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY;LANGUAGE={language}:{_text(event.title)}"
    if event.place:
        yield f"LOCATION;LANGUAGE={language}:{_text(event.place)}"
    if event.url.startswith(("https://", "http://")):
        yield f"URL:{_address(event.url)}"
    yield from ("END:VEVENT", "END:VCALENDAR")


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    """A TEXT value (section 3.3.11): on one line, without signs of direction or control."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in bidi.strip(text)).split())
    return re.sub(r"([\\;,])", r"\\\1", plain)


def _address(url: str) -> str:
    from urllib.parse import quote

    return quote(url, safe="%/:?#[]@!$&'()*+,;=-._~")


def _folded(line: str) -> bytes:
    """The line with its end, and with a line break and a space wherever it grows too long, never within a letter."""
    out, length = bytearray(), 0
    for sign in line:
        octets = sign.encode("utf-8", "replace")
        if length + len(octets) > MOST_OCTETS:
            out += b"\r\n "
            length = 1
        out += octets
        length += len(octets)
    return bytes(out) + b"\r\n"
