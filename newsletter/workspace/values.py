"""What the text of a setting may be: each function gives the value in its one spelling, or says what is wanted.

Used by the schema as validators of pydantic, which makes one line for the editor of each ValueError.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from newsletter.fields import plain_line, web_address
from newsletter.rhythms.topics import MOST
from newsletter.text.mailbox import ascii_host
from newsletter.workspace import zones

CANDIDATES = 40
"""Articles that a draft offers its editor to choose from, unless the settings say otherwise."""


def candidates(value: object) -> object:
    """The number that ``true`` and ``false`` stand for, in TOML or as the text of a variable; else the value."""
    word = value.strip().casefold() if isinstance(value, str) else value
    if word is True or word == "true":
        return CANDIDATES
    return 0 if word is False or word == "false" else value


FIRST_DAY = 200
"""Letters on the first day of a warm-up, unless the settings say otherwise."""


def first_day(value: object) -> object:
    """The number that ``true`` and ``false`` stand for, in TOML or as the text of a variable; else the value."""
    word = value.strip().casefold() if isinstance(value, str) else value
    if word is True or word == "true":
        return FIRST_DAY
    return 0 if word is False or word == "false" else value


def waiting_time(value: str) -> str:
    """``ask``, or minutes or hours such as ``30m``. Raises ValueError for anything else."""
    if value != "ask" and not 60 <= seconds(value) <= 7 * 86_400:
        raise ValueError('"ask" is wanted, or a time of a minute to a week such as "30m" or "2h"')
    return value


def test_time(value: str) -> str:
    """Minutes or hours such as ``2h``, a week at most. Raises ValueError for anything else."""
    if not 60 <= seconds(value) <= 7 * 86_400:
        raise ValueError('a time of a minute to a week such as "90m" or "2h" is wanted')
    return value


def seconds(value: str) -> float:
    """The seconds of ``30m`` or ``2h``; 0 for what is no such time."""
    found = re.fullmatch(r"([0-9]{1,5})\s*([mh])", value)
    return float(found[1]) * {"m": 60, "h": 3600}[found[2]] if found is not None else 0.0


def domains(value: dict[str, float]) -> dict[str, float]:
    """Domains as they stand in addresses, in A-label form. Raises ValueError for what is none."""
    found: dict[str, float] = {}
    for name, number in value.items():
        domain = ascii_host(name.strip().rstrip("."))
        if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", domain):
            raise ValueError(f'a domain in quotes is wanted, such as "gmail.com" = 20, and {name!r} is none')
        if domain in found:
            raise ValueError(f"{domain} is there twice")
        found[domain] = number
    return found


def zone(value: str) -> str:
    """The name of a time zone (IANA). Raises ValueError for anything else."""
    if zones.known(value):
        return value
    near = zones.nearest(value)
    raise ValueError(f"a zone such as Africa/Algiers is wanted{f'; did you mean {near}?' if near else ''}")


def language(value: str) -> str:
    """A language tag such as ``ar`` or ``pt-BR``. Raises ValueError for anything else."""
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", value):
        raise ValueError("a language such as ar, en or fr is wanted")
    return value


def colour(value: str) -> str:
    """A colour as ``#rrggbb``, in small letters. Raises ValueError for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("a colour such as #0f766e is wanted")
    return value.lower()


def optional_line(value: str) -> str:
    """One plain line, or nothing. Raises ValueError for anything else."""
    return plain_line(value) if value else value


def optional_colour(value: str) -> str:
    """A colour, or nothing. Raises ValueError for anything else."""
    return colour(value) if value else value


def locale(value: str) -> str:
    """A language with its country, such as ``ar_DZ``, or nothing. Raises ValueError for anything else."""
    if value and not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", value):
        raise ValueError("a locale such as ar_DZ or ar_LB is wanted")
    return value


def page(value: str) -> str:
    """An https address. Raises ValueError for anything else."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("an https address is wanted")
    return value


def database(value: str) -> str:
    """The URL of a database, as SQLAlchemy wants it; or nothing. Raises ValueError for anything else."""
    known = value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://"))
    if value and (not known or value in {"sqlite:///", "sqlite:///:memory:"}):
        raise ValueError("sqlite:///PATH or postgresql://USER@HOST/NAME is wanted")
    return re.sub(r"^postgresql://", "postgresql+psycopg://", value)


def network(value: str) -> str:
    """An address or network, in its one spelling. Raises ValueError for anything else."""
    from ipaddress import ip_network

    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError("an address or network such as 127.0.0.1 or 10.0.0.0/8 is wanted") from None


def origin(value: str) -> str:
    """A scheme, host and port, as a Content-Security-Policy names it. Raises ValueError for anything else."""
    parts = urlsplit(web_address(value))
    if parts.path or parts.username is not None:
        raise ValueError("the address of a site without a path is wanted, such as https://example.org")
    port = "" if parts.port is None else f":{parts.port}"
    host = ascii_host(parts.hostname or "")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def secure_origin(value: str) -> str:
    """An https address without a path, as browsers spell an origin; or nothing. Raises ValueError for anything else."""
    if not value:
        return value
    found = origin(value).lower()
    if not found.startswith("https://"):
        raise ValueError("an https address without a path is wanted, such as https://desk.example.org")
    return found.removesuffix(":443")


WEEKDAYS = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
"""The days of a week, as a pattern."""
_TIME = r"([01]\d|2[0-3]):[0-5]\d"


def clock(value: str) -> str:
    """A local time such as ``18:00``, or nothing. Raises ValueError for anything else."""
    if value and not re.fullmatch(_TIME, value):
        raise ValueError("a local time such as 18:00 is wanted")
    return value


def weekly(value: str) -> str:
    """A weekday and a local time, or nothing. Raises ValueError for anything else."""
    value = value.strip().lower()
    if value and not re.fullmatch(rf"({WEEKDAYS}) {_TIME}", value):
        raise ValueError("a day and a local time such as thursday 10:00 is wanted")
    return value


def number(value: str) -> str:
    """The number of a topic, as text. Raises ValueError for anything else."""
    if value not in {str(number) for number in range(1, MOST + 1)}:
        raise ValueError(f"a number from 1 to {MOST} is wanted, which stays the same for good")
    return value


def command(value: str) -> str:
    """A program with its arguments, as a shell would cut them; or nothing. Raises ValueError for anything else."""
    import shlex

    if any(ord(sign) < 32 for sign in value):
        raise ValueError("one line of text is wanted")
    try:
        words = shlex.split(value)
    except ValueError as error:
        raise ValueError(f'a program with its arguments is wanted ("{error}")') from None
    if value.strip() and not (words and words[0]):
        raise ValueError("a program with its arguments is wanted")
    return value.strip()


def hook(value: str) -> str:
    """An address that something is posted to: https, or http to this machine; or nothing. Raises ValueError else."""
    if not value:
        return value
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError("an address without spaces, in ASCII, is wanted")
    parts = urlsplit(value)
    loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or parts.fragment or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise ValueError("an https address such as https://hooks.example.org/… is wanted")
    if parts.username is not None or parts.port == 0:
        raise ValueError("an address without a name and a password, and with a port from 1 to 65535, is wanted")
    return value


def token(value: str) -> str:
    """A secret that a program shows in a header line, or nothing. Raises ValueError for anything else."""
    if value and not re.fullmatch(r"[A-Za-z0-9._~+/=-]{16,200}", value):
        # The signs are those of RFC 6750 section 2.1.
        raise ValueError("16 to 200 letters, digits and signs of -._~+/= are wanted")
    return value


def placeholders(value: str) -> str:
    """Words of a small letter in which nothing but ``{list}`` and ``{name}`` stands for something else."""
    known = "{list} is the title of the list, {name} that of the newsletter"
    for name in re.findall(r"\{(\w+)\}", value):
        if name not in {"list", "name"}:
            raise ValueError(f"{{{name}}} stands for nothing; {known}")
    return value


def markdown(value: str) -> str:
    """Words of a small letter in Markdown, or nothing; a picture, or a link that leads nowhere, is refused."""
    if not value.strip():
        return ""
    from newsletter.issues import prose

    pictures: list[str] = []
    passage = prose.read(value, picture=pictures.append)
    if pictures:
        raise ValueError(f"a small letter shows no pictures; leave out {pictures[0]!r}")
    for fault in passage.faults:
        raise ValueError(f"{fault.what} (line {fault.line} of it); {fault.mend}")
    if not passage.words().strip():
        raise ValueError("there is no word in it that a small letter could show; write some, or leave it out")
    return value
