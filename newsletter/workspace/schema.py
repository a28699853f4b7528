"""What each setting may be: the schema that newsletter.toml, secret files and the environment are checked against.

Only config.py imports this, and late: pydantic costs a tenth of a second that ``--help`` does not pay.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from newsletter.fields import (
    SettingsSection,
    https_or_loopback,
    listed,
    mailbox,
    optional_mailbox,
    plain_line,
    web_address,
)
from newsletter.rhythms.topics import MOST
from newsletter.senders import registry
from newsletter.text.mailbox import ascii_host
from newsletter.text.tidy import arabic_fold


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a zone such as Africa/Algiers is wanted") from None
    return value


def _language(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", value):
        raise ValueError("a language such as ar, en or fr is wanted")
    return value


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError("a colour such as #0f766e is wanted")
    return value.lower()


def _locale(value: str) -> str:
    if value and not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", value):
        raise ValueError("a locale such as ar_DZ or ar_LB is wanted")
    return value


def _page(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("an https address is wanted")
    return value


def _database(value: str) -> str:
    known = value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://"))
    if value and (not known or value in {"sqlite:///", "sqlite:///:memory:"}):
        raise ValueError("sqlite:///PATH or postgresql://USER@HOST/NAME is wanted")
    return re.sub(r"^postgresql://", "postgresql+psycopg://", value)


def _network(value: str) -> str:
    from ipaddress import ip_network

    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        raise ValueError("an address or network such as 127.0.0.1 or 10.0.0.0/8 is wanted") from None


def _origin(value: str) -> str:
    parts = urlsplit(web_address(value))
    if parts.path or parts.username is not None:
        raise ValueError("the address of a site without a path is wanted, such as https://example.org")
    port = "" if parts.port is None else f":{parts.port}"
    host = ascii_host(parts.hostname or "")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


_WEEKDAYS = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_TIME = r"([01]\d|2[0-3]):[0-5]\d"


def _clock(value: str) -> str:
    if value and not re.fullmatch(_TIME, value):
        raise ValueError("a local time such as 18:00 is wanted")
    return value


def _weekly(value: str) -> str:
    value = value.strip().lower()
    if value and not re.fullmatch(rf"({_WEEKDAYS}) {_TIME}", value):
        raise ValueError("a day and a local time such as thursday 10:00 is wanted")
    return value


def _number(value: str) -> str:
    if value not in {str(number) for number in range(1, MOST + 1)}:
        raise ValueError(f"a number from 1 to {MOST} is wanted, which stays the same for good")
    return value


def _topic(value: object) -> object:
    # 1 = "رياضة" is a topic of the one section of that name.
    return {"title": value} if isinstance(value, str) else value


def _apart(topics: dict[str, TopicSettings]) -> dict[str, TopicSettings]:
    owner: dict[str, str] = {}
    for topic in topics.values():
        for section in topic.sections or [topic.title]:
            before = owner.setdefault(arabic_fold(section), topic.title)
            if before != topic.title:
                raise ValueError(f"the section «{section}» belongs to «{before}» and to «{topic.title}»; choose one")
    return topics


if TYPE_CHECKING:
    SenderKind = str
else:
    SenderKind = Literal[registry.names()]
"""Every provider there is."""
RhythmName = Literal["instant", "daily", "weekly"]
TemplateName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
ListName = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]


Selector = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=200)]
"""The name of a DKIM key in DNS (RFC 6376 section 3.1)."""


class NewsletterSettings(SettingsSection):
    """Who publishes."""

    name: Annotated[str, AfterValidator(plain_line)] = Field(description='text, for example name = "المؤشر"')
    url: Annotated[str, AfterValidator(web_address)] = Field(
        description='text, for example url = "https://example.org"'
    )
    language: Annotated[str, AfterValidator(_language)] = "ar"
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"


class LetterSettings(SettingsSection):
    """What every letter says and how it looks."""

    tagline: str = ""
    postal_address: str = ""
    accent: Annotated[str, AfterValidator(_colour)] = "#0f766e"
    logo: str = ""
    fonts: str = ""
    digits: Literal["latin", "arabic-indic"] = "latin"
    months: Annotated[str, AfterValidator(_locale)] = ""
    hijri: bool = False
    links: dict[str, Annotated[str, AfterValidator(_page)]] = {}


class SenderSettings(SettingsSection):
    """How letters leave."""

    kind: SenderKind = "outbox"
    from_: Annotated[str, AfterValidator(mailbox)] = Field(
        alias="from", description='text, for example from = "نشرة المؤشر <news@example.org>"'
    )
    reply_to: Annotated[str, AfterValidator(optional_mailbox)] = ""
    dkim_selectors: Annotated[list[Selector], BeforeValidator(listed)] = []
    outbox: Annotated[str, AfterValidator(plain_line)] = "outbox"
    fsync: bool = True
    lease: float = Field(default=30, ge=1, le=3600)
    patience: float = Field(default=300, ge=1, le=86400)
    per_second: float = Field(default=0, ge=0, le=100_000)
    per_hour: float = Field(default=0, ge=0, le=100_000_000)
    connections: int = Field(default=0, ge=0, le=10_000)
    batch: int = Field(default=100, ge=1, le=1000)


class WebSettings(SettingsSection):
    """Where readers find their pages, and what those offer."""

    url: Annotated[str, AfterValidator(https_or_loopback)] = ""
    lists: Annotated[list[ListName], BeforeValidator(listed)] = Field(default=["readers"], min_length=1)
    trusted_proxies: Annotated[list[Annotated[str, AfterValidator(_network)]], BeforeValidator(listed)] = [
        "127.0.0.1",
        "::1",
    ]
    frame_ancestors: Annotated[list[Annotated[str, AfterValidator(_origin)]], BeforeValidator(listed)] = []
    keep_client: bool = False
    letters_an_hour: int = Field(default=1000, ge=1, le=1_000_000)
    letters_an_hour_per_network: int = Field(default=30, ge=1, le=1_000_000)


class RhythmSettings(SettingsSection):
    """How often readers get a letter, and what the automatic ones look like."""

    default: RhythmName = "weekly"
    offered: Annotated[list[RhythmName], BeforeValidator(listed)] = Field(
        default=["instant", "daily", "weekly"], min_length=1
    )
    daily_template: TemplateName = "digest"
    instant_template: TemplateName = "weekly"

    @model_validator(mode="after")
    def _default_is_offered(self) -> RhythmSettings:
        if self.default not in self.offered:
            raise ValueError(f"the default {self.default} is not among those offered")
        return self


class TopicSettings(SettingsSection):
    """What a reader can choose to get or not."""

    title: Annotated[str, AfterValidator(plain_line)]
    sections: Annotated[list[Annotated[str, AfterValidator(plain_line)]], BeforeValidator(listed)] = []


Topics = Annotated[
    dict[Annotated[str, AfterValidator(_number)], Annotated[TopicSettings, BeforeValidator(_topic)]],
    AfterValidator(_apart),
]
"""The topics of a list by their number."""


class ComposeSettings(SettingsSection):
    """Which articles an issue takes by itself."""

    most: int = Field(default=20, ge=1, le=200)
    per_section: int = Field(default=0, ge=0, le=200)
    days: int = Field(default=14, ge=1, le=3650)
    exclude: Annotated[list[str], BeforeValidator(listed)] = []
    pin_sticky: bool = True
    candidates: bool = True


class ScheduleSettings(SettingsSection):
    """What happens by itself, in the zone of the site."""

    weekly: Annotated[str, AfterValidator(_weekly)] = ""
    daily: Annotated[str, AfterValidator(_clock)] = ""
    instant: int = Field(default=0, ge=0, le=1440)
    lists: Annotated[list[ListName], BeforeValidator(listed)] = Field(default=["readers"], min_length=1)
    week_starts: Annotated[str, Field(pattern=rf"^({_WEEKDAYS})$")] = "monday"


class DatabaseSettings(SettingsSection):
    """Where everything is kept."""

    url: Annotated[str, AfterValidator(_database)] = ""


class CollectSettings(SettingsSection):
    """Where articles come from, and how they are fetched."""

    sources: Annotated[list[Annotated[str, AfterValidator(plain_line)]], BeforeValidator(listed)] = []
    allow_private_hosts: Annotated[list[str], BeforeValidator(listed)] = []


class Schema(SettingsSection):
    """The whole of newsletter.toml, but for the sections of providers."""

    newsletter: NewsletterSettings
    letter: LetterSettings = LetterSettings()
    sender: SenderSettings
    web: WebSettings = WebSettings()
    rhythms: RhythmSettings = RhythmSettings()
    topics: dict[ListName, Topics] = {}
    compose: ComposeSettings = ComposeSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    database: DatabaseSettings = DatabaseSettings()
    collect: CollectSettings = CollectSettings()


@cache
def schema() -> type[Schema]:
    """The whole of newsletter.toml: the sections that every workspace has, and one of each provider."""
    sections: dict[str, Any] = {}
    for one in registry.providers():
        if one.options is not None:
            options = one.options()
            sections[one.name] = (options, options())
    return create_model("WholeSchema", __base__=Schema, **sections)
