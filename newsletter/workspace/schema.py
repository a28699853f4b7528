"""What each setting may be: the schema that newsletter.toml, secret files and the environment are checked against.

Only config.py imports this, and late: pydantic costs a tenth of a second that ``--help`` does not pay.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from newsletter.fields import BY_HAND, SettingsSection, listed, mailbox, optional_mailbox, plain_line
from newsletter.senders import registry
from newsletter.workspace import values
from newsletter.workspace.letter_schema import (
    LetterSettings,
    SmallLetterName,
    SmallLetterSettings,
    ThemeSettings,
    WaysSettings,
)
from newsletter.workspace.section_schema import (
    AlertSettings,
    CollectSettings,
    ComposeSettings,
    DatabaseSettings,
    DeskSettings,
    ListName,
    ListSettings,
    NewsletterSettings,
    PublishSettings,
    RhythmSettings,
    ScheduleSettings,
    SubjectTrialSettings,
    Topics,
    TrackingSettings,
    WebSettings,
)

# Every provider there is; and each that carries letters away.
if TYPE_CHECKING:
    SenderKind = str
    FallbackKind = str
else:
    SenderKind = Literal[registry.names()]
    FallbackKind = Literal["", *(one.name for one in registry.providers() if one.account is not None)]
PerMinute = Annotated[float, Field(ge=0.1, le=100_000)]
Selector = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=200)]
"""The name of a DKIM key in DNS (RFC 6376 section 3.1)."""


class SenderSettings(SettingsSection):
    """How letters leave."""

    kind: SenderKind = Field(
        default="outbox",
        description=f"how letters leave: {registry.listed((f'`{one}`' for one in registry.names()), 'or')}",
    )
    from_: Annotated[str, AfterValidator(mailbox)] = Field(
        alias="from", description="`Name <address>`", examples=['from = "نشرة المؤشر <news@example.org>"']
    )
    reply_to: Annotated[str, AfterValidator(optional_mailbox)] = Field(default="", description="where answers go")
    authserv_ids: Annotated[list[Annotated[str, AfterValidator(plain_line)]], BeforeValidator(listed)] = Field(
        default=[],
        description="names of mail servers whose `Authentication-Results` in the mailbox of answers are believed (RFC "
        '8601), for example `["mx.example.org"]`',
    )
    dkim_selectors: Annotated[list[Selector], BeforeValidator(listed)] = Field(
        default=[],
        description="names of the DKIM keys that sign, so that `check --online` can look at them, where the "
        "provider's are not known",
    )
    outbox: Annotated[str, AfterValidator(plain_line)] = Field(
        json_schema_extra=BY_HAND, default="outbox", description="the Maildir, relative to newsletter.toml"
    )
    fsync: bool = Field(
        default=True,
        description="what became of a letter is on the disk before the next one goes (outbox files, and over SMTP "
        "the marks of the ledger); without it a power cut, not a killed process, can make the last "
        "letters go twice",
    )
    lease: float = Field(
        default=30, ge=1, le=3600, description="seconds until another process takes over from one that went silent"
    )
    patience: float = Field(
        default=300,
        ge=1,
        le=86400,
        description="seconds without a letter taken after which a send stops, to be run again later",
    )
    per_second: float = Field(
        default=0,
        ge=0,
        le=100_000,
        description="letters a second at most, over all processes and machines of the database; 0: no limit. A "
        "pause lets one second's worth go at once",
    )
    per_hour: float = Field(
        default=0,
        ge=0,
        le=100_000_000,
        description="letters an hour at most; 0: no limit. A pause lets one minute's worth go at once",
    )
    connections: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="connections to the provider that may be open at once, over all processes and machines of the "
        "database; 0: no limit. Small and test letters have one more for each process",
    )
    processes: Literal["auto"] | Annotated[int, Field(ge=1, le=8)] = Field(
        default="auto",
        description="processes on one machine that `send`, `weekly` and `latest` use for one send: a number, or "
        "`auto`. That is two where letters go over HTTP, the machine has two cores or more, and 500,000 letters or "
        "more are open; else one. Each has connections of its own",
    )
    batch: int = Field(default=100, ge=1, le=1000, description="letters in one submission to the outbox")
    first_batch: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="letters in the first request of a run, which goes alone; each one that is taken lets the next be "
        "twice as large, so that one broken answer leaves little in doubt",
    )
    fallback: FallbackKind = Field(
        default="",
        description="another provider, set up in its own section: what is still queued may go on through it when the "
        "first one takes nothing more; never what is in doubt. Both keep to the same limits",
    )
    fallback_after: Annotated[str, AfterValidator(values.waiting_time)] = Field(
        default="ask",
        description="`ask`: only an editor says so; or how long a send has stood still when workers let it go on "
        "through `fallback` by themselves, such as `30m` or `2h`",
    )
    warm_up: Annotated[int, BeforeValidator(values.first_day)] = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="for an account that mail servers do not know yet: letters on its first day (`true`: 200), twice "
        "as many on each further day on which some go; the rest of a send waits for the next day. 0 or `false`: none",
    )
    pace: Annotated[dict[str, PerMinute], AfterValidator(values.domains)] = Field(
        default={},
        description="letters a minute at most to addresses of one domain, over all processes and machines of the "
        "database; the others do not wait for them. Each domain wants a line of its own: `googlemail.com` is not "
        "`gmail.com`, and other domains at the same provider count for themselves",
        examples=['[sender.pace]\n"gmail.com" = 20'],
    )

    @model_validator(mode="after")
    def _another_one(self) -> SenderSettings:
        if self.fallback and self.fallback == self.kind:
            raise ValueError(f"fallback wants another provider than kind, which is {self.kind} too")
        return self

    @property
    def fallback_seconds(self) -> float | None:
        """Seconds after which workers let a send go on through ``fallback``; None when they never do."""
        return values.seconds(self.fallback_after) if self.fallback and self.fallback_after != "ask" else None


class Schema(SettingsSection):
    """The whole of newsletter.toml, but for the sections of providers."""

    newsletter: NewsletterSettings
    letter: LetterSettings = LetterSettings()
    theme: ThemeSettings = ThemeSettings()
    ways: WaysSettings = WaysSettings()
    letters: dict[SmallLetterName, SmallLetterSettings] = {}
    sender: SenderSettings
    web: WebSettings = WebSettings()
    tracking: TrackingSettings = TrackingSettings()
    rhythms: RhythmSettings = RhythmSettings()
    lists: dict[ListName, ListSettings] = {}
    topics: dict[ListName, Topics] = {}
    compose: ComposeSettings = ComposeSettings()
    ab_test: SubjectTrialSettings = SubjectTrialSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    database: DatabaseSettings = DatabaseSettings()
    collect: CollectSettings = CollectSettings()
    publish: PublishSettings = PublishSettings()
    alerts: AlertSettings = AlertSettings()
    desk: DeskSettings = DeskSettings()


@cache
def schema() -> type[Schema]:
    """The whole of newsletter.toml: the sections that every workspace has, and one of each provider."""
    sections: dict[str, Any] = {}
    for one in registry.providers():
        if one.options is not None:
            options = one.options()
            sections[one.name] = (options, options())
    return create_model("WholeSchema", __base__=Schema, **sections)
