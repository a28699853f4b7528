"""The sections of newsletter.toml beside [sender] and those of providers: what each setting may be."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from newsletter.fields import (
    BY_HAND,
    SettingsSection,
    https_or_loopback,
    listed,
    mailbox,
    optional_mailbox,
    plain_line,
    web_address,
)
from newsletter.text.tidy import arabic_fold
from newsletter.workspace import values


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


RhythmName = Literal["instant", "daily", "weekly"]
TemplateName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
ListName = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]


class NewsletterSettings(SettingsSection):
    """Who publishes."""

    name: Annotated[str, AfterValidator(plain_line)] = Field(
        description="name of the newsletter, as readers know it", examples=['name = "المؤشر"']
    )
    url: Annotated[str, AfterValidator(web_address)] = Field(
        description="address of the site", examples=['url = "https://example.org"']
    )
    language: Annotated[str, AfterValidator(values.language)] = Field(
        default="ar", description="decides the direction of the letter, and its words"
    )
    timezone: Annotated[str, AfterValidator(values.zone)] = Field(
        default="UTC", description="zone of the site, for dates in letters"
    )


class WebSettings(SettingsSection):
    """Where readers find their pages, and what those offer."""

    url: Annotated[str, AfterValidator(https_or_loopback)] = Field(
        default="", description="base of the reader pages, https; without it everything is done by mail"
    )
    lists: Annotated[list[ListName], BeforeValidator(listed)] = Field(
        default=["readers"], min_length=1, description="what one can subscribe to on the pages"
    )
    trusted_proxies: Annotated[list[Annotated[str, AfterValidator(values.network)]], BeforeValidator(listed)] = Field(
        json_schema_extra=BY_HAND,
        default=[
            "127.0.0.1",
            "::1",
        ],
        description="who may say, in `X-Forwarded-For`, whom they speak for; addresses or networks",
    )
    frame_ancestors: Annotated[list[Annotated[str, AfterValidator(values.origin)]], BeforeValidator(listed)] = Field(
        default=[], description="sites that may show `/embed` in a frame; without it only the site itself"
    )
    keep_client: bool = Field(
        default=False, description="keep network address and browser of the person in the record of consent"
    )
    letters_an_hour: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="confirmation letters an hour at most, in total; half of it for one domain of addresses, a "
        "fifth for who asks by mail",
    )
    letters_an_hour_per_network: int = Field(
        default=30,
        ge=1,
        le=1_000_000,
        description="confirmation letters an hour asked for from one network (/24, IPv6 /64)",
    )
    pending_days: int = Field(
        default=7,
        ge=2,
        le=90,
        description="days after which a sign-up that nobody confirmed is deleted, with its links; a wish that waits "
        "for its letter waits no longer either",
    )
    share_font: Annotated[str, AfterValidator(plain_line)] = Field(
        json_schema_extra=BY_HAND,
        default="",
        description="a font file of the workspace (TrueType or OpenType, best a bold one) for the headline on share "
        "pictures; without it the fonts of [theme], as far as this machine has them, then others",
    )
    metrics: Annotated[str, AfterValidator(values.token)] = Field(
        default="",
        description="the token that opens `/metrics`, and the details of `/health`, best in `secrets/web.metrics`; "
        "without it there is no `/metrics`",
    )


class TrackingSettings(SettingsSection):
    """Whether it is counted how often the links of letters are asked for; never by whom."""

    clicks: Literal["off", "stories", "provider"] = Field(
        default="off",
        description="`stories`: the links of stories, sponsors and elements lead over the reader pages, which count "
        "each of them by the hour and know no reader; `provider`: the links lead over the provider's server, and what "
        "it reports is added to the same numbers, without the reader; `off`: nobody counts",
    )


class RhythmSettings(SettingsSection):
    """How often readers get a letter, and what the automatic ones look like."""

    default: RhythmName = Field(
        default="weekly", description="of who does not choose, also in imported files: `instant`, `daily` or `weekly`"
    )
    offered: Annotated[list[RhythmName], BeforeValidator(listed)] = Field(
        default=["instant", "daily", "weekly"],
        min_length=1,
        description="how often readers can get letters, as the pages offer it",
    )
    daily_template: TemplateName = Field(
        default="digest", description="looks of the daily letter: a style of [theme], or a template of your own"
    )
    instant_template: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$")] = Field(
        default="", description="looks of the letter for one article; without it the style of [theme]"
    )

    @model_validator(mode="after")
    def _default_is_offered(self) -> RhythmSettings:
        if self.default not in self.offered:
            raise ValueError(f"the default {self.default} is not among those offered")
        return self


class TopicSettings(SettingsSection):
    """What a reader can choose to get or not."""

    title: Annotated[str, AfterValidator(plain_line)] = Field(description="what readers choose by")
    sections: Annotated[list[Annotated[str, AfterValidator(plain_line)]], BeforeValidator(listed)] = Field(
        default=[], description="sections of the site that belong to it; without them the one of the same name"
    )


class ListSettings(SettingsSection):
    """What the letters of one list say and look like, where they differ from those of the others."""

    name: Annotated[str, AfterValidator(values.optional_line)] = Field(
        default="", description="name of the newsletter in the letters of this list; without it that of [newsletter]"
    )
    from_: Annotated[str, AfterValidator(optional_mailbox)] = Field(
        alias="from",
        default="",
        description="`Name <address>` that its letters come from; without it that of [sender]. Who unsubscribes or "
        "confirms by mail writes to the address of [sender] all the same",
    )
    reply_to: Annotated[str, AfterValidator(optional_mailbox)] = Field(
        default="", description="where answers to its letters go; without it, and without a `from` here, as [sender]"
    )
    rhythm: Literal["instant", "daily", "weekly", ""] = Field(
        default="", description="of who does not choose; without it the default of [rhythms]"
    )
    accent: Annotated[str, AfterValidator(values.optional_colour)] = Field(
        default="", description="colour of links, rules and buttons; without it that of [letter]"
    )
    template: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$")] = Field(
        default="", description="looks of its new issues: a style of [theme], or a template of your own"
    )


Topics = Annotated[
    dict[Annotated[str, AfterValidator(values.number)], Annotated[TopicSettings, BeforeValidator(_topic)]],
    AfterValidator(_apart),
]
"""The topics of a list by their number."""


class ComposeSettings(SettingsSection):
    """Which articles an issue takes by itself."""

    most: int = Field(default=20, ge=1, le=200, description="stories that an issue takes by itself")
    per_section: int = Field(
        default=0, ge=0, le=200, description="stories of each section at most; 0: as many as there are"
    )
    days: int = Field(
        default=14, ge=1, le=3650, description="nothing older is taken, also by daily and instant letters"
    )
    exclude: Annotated[list[str], BeforeValidator(listed)] = Field(
        default=[], description="sections and tags (or ids of articles) that are not taken"
    )
    pin_sticky: bool = Field(default=True, description="what the site holds above the others leads")
    candidates: Annotated[int, BeforeValidator(values.candidates)] = Field(
        default=values.CANDIDATES,
        ge=0,
        le=1000,
        description="articles at the end of a draft to choose from, the newest of what no issue has carried; `true` is"
        " 40, `false` or 0 none",
    )


class SubjectTrialSettings(SettingsSection):
    """How the `subjects` of an issue are tried (A/B test): on a part of its readers, before the others get one."""

    share: float = Field(
        default=0.2, ge=0.01, le=0.5, description="of the readers who get one of the subjects first, all together"
    )
    least: int = Field(
        default=500,
        ge=1,
        le=1_000_000,
        description="readers for each subject at least; where a list has too few, all get the first subject",
    )
    wait: Annotated[str, AfterValidator(values.test_time)] = Field(
        default="2h", description="from the last of those letters to the decision, in minutes or hours"
    )
    decide: Literal["itself", "ask"] = Field(
        default="itself",
        description="`itself`: the better subject goes to the others then; `ask`: an editor says, with "
        "`newsletter sends decide`",
    )


class ScheduleSettings(SettingsSection):
    """What happens by itself, in the zone of the site."""

    weekly: Annotated[str, AfterValidator(values.weekly)] = Field(
        default="", description="day and local time of the draft, for example `thursday 10:00`"
    )
    daily: Annotated[str, AfterValidator(values.clock)] = Field(
        default="", description="local time of the daily letter, for example `18:00`"
    )
    instant: int = Field(
        default=0, ge=0, le=1440, description="minutes from one look for new articles to the next; 0 is never"
    )
    lists: Annotated[list[ListName], BeforeValidator(listed)] = Field(
        default=["readers"], min_length=1, description="the lists that this is done for"
    )
    week_starts: Annotated[str, Field(pattern=rf"^({values.WEEKDAYS})$")] = Field(
        default="monday", description="what counts as one week for `newsletter weekly`"
    )


class DatabaseSettings(SettingsSection):
    """Where everything is kept."""

    url: Annotated[str, AfterValidator(values.database)] = Field(
        default="",
        description="SQLite or PostgreSQL, as a URL; without it the SQLite file `newsletter.db` beside newsletter.toml",
    )


class CollectSettings(SettingsSection):
    """Where articles come from, and how they are fetched."""

    sources: Annotated[list[Annotated[str, AfterValidator(plain_line)]], BeforeValidator(listed)] = Field(
        default=[],
        description="what `collect`, `weekly` and the schedule read: best the front page of the site, which leads to "
        "the rest; also sections, feeds, sitemaps and files; paths start at the workspace",
    )
    allow_private_hosts: Annotated[list[str], BeforeValidator(listed)] = Field(
        json_schema_extra=BY_HAND, default=[], description="hosts that may be fetched although they are not public"
    )


class DeskSettings(SettingsSection):
    """Where editors find the desk, the page they make and send issues on (docs/en/desk.md)."""

    url: Annotated[str, AfterValidator(values.secure_origin)] = Field(
        json_schema_extra=BY_HAND,
        default="",
        description="address of the desk behind a proxy with TLS, https and without a path; people sign in there. "
        "Without it the desk is for whoever starts it, on that machine alone",
    )
    trusted_proxies: Annotated[list[Annotated[str, AfterValidator(values.network)]], BeforeValidator(listed)] = Field(
        json_schema_extra=BY_HAND,
        default=[
            "127.0.0.1",
            "::1",
        ],
        description="who may say, in `X-Forwarded-For`, whom they speak for; addresses or networks",
    )
    approval: bool = Field(
        json_schema_extra=BY_HAND,
        default=False,
        description="an issue goes out only when somebody else than its last editor has approved the letter as it is",
    )
    language: Literal["", "ar", "en"] = Field(
        default="", description="of the desk itself; without it that of [newsletter] where it is Arabic, else English"
    )


class PublishSettings(SettingsSection):
    """How issues are published on the newsroom's own WordPress (`newsletter publish --to wordpress`)."""

    status: Literal["draft", "publish"] = Field(
        default="draft", description="what a new post is: `draft`, or `publish`, which the command asks about"
    )
    type: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,20}$")] = Field(
        default="post", description="type of the post, as WordPress calls it"
    )
    categories: Annotated[list[Annotated[str, AfterValidator(plain_line)]], BeforeValidator(listed)] = Field(
        default=[], description="slugs of categories that the site has, for a new post"
    )
    slug: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?$")] = Field(
        default="nashra-issue",
        description="what the address of a post ends with, before the number of its issue; it is also found by that",
    )
    picture_above: bool = Field(
        default=True,
        description="the theme shows a post's featured picture above it, so that the picture that leads is not in the "
        "text once more",
    )


class AlertSettings(SettingsSection):
    """Who is told when something stops, fails or is in doubt, and how."""

    mail: Annotated[list[Annotated[str, AfterValidator(mailbox)]], BeforeValidator(listed)] = Field(
        default=[], description="mail addresses that alerts go to"
    )
    command: Annotated[str, AfterValidator(values.command)] = Field(
        default="",
        description="a program with its arguments, called without a shell; the alert comes on its standard input as "
        "JSON, and in `ALERT_SUBJECT` and `ALERT_TEXT`",
    )
    url: Annotated[str, AfterValidator(values.hook)] = Field(
        default="",
        description="address that the alert is posted to as JSON (with `text`, as chats want it), https; a secret can "
        "stand in `secrets/alerts.url`",
    )
    backup_days: int = Field(
        default=8, ge=0, le=3650, description="days after which the newest copy in `backups/` is too old; 0: never"
    )
