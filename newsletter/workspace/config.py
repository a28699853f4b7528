"""The settings of a workspace: newsletter.toml, files of secrets, ``.env`` and the environment, read once.

Later layers win: the file, then ``secrets/<section>.<key>``, then ``.env``, then ``NASHRA_<SECTION>__<KEY>``
of the environment. Whatever is wrong is told once: where, which key, what was found, what is wanted.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from newsletter.errors import SettingsError, WorkspaceError
from newsletter.models import Publication, Theme
from newsletter.rhythms.schedule import WEEKDAYS, Schedule
from newsletter.rhythms.topics import Topic
from newsletter.senders import registry
from newsletter.text.mailbox import split_mailbox
from newsletter.workspace.complaints import complaints, named_by
from newsletter.workspace.layers import SettingsLayer, env_file_layer, environment_layer, file_layer, secrets_layer
from newsletter.workspace.secret_files import SECRETS

if TYPE_CHECKING:
    from newsletter.workspace.letter_schema import SmallLetterSettings, WaysSettings
    from newsletter.workspace.schema import Schema, SenderSettings
    from newsletter.workspace.section_schema import (
        AlertSettings,
        CollectSettings,
        ComposeSettings,
        DeskSettings,
        ListSettings,
        PublishSettings,
        RhythmName,
        RhythmSettings,
        SubjectTrialSettings,
        TopicSettings,
        TrackingSettings,
        WebSettings,
    )

FILE = "newsletter.toml"
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a workspace can be told, checked."""

    publication: Publication
    sender: SenderSettings
    """How letters leave; ``from_`` has its domain in A-label form."""
    ways: WaysSettings
    """What letters offer beyond their stories."""
    letters: Mapping[str, SmallLetterSettings]
    """The newsroom's own words in small letters, by the kind of letter; one without a section is missing."""
    options: Mapping[str, Any]
    """The section of each provider that has one, by the provider's name; None for one without."""
    web: WebSettings
    """``url`` is the base of the reader pages without a slash at its end; empty when there are none."""
    hosts_pictures: bool
    """Whether letters name their pictures at the reader pages instead of carrying them."""
    tracking: TrackingSettings
    """Whether clicks are counted; see `newsletter.clicks.counting`."""
    rhythms: RhythmSettings
    lists: Mapping[str, ListSettings]
    """What the letters of a list say otherwise than those of the others; a list without a section is missing."""
    topics: Mapping[str, tuple[Topic, ...]]
    """What readers of each list can choose, in the order of the numbers."""
    compose: ComposeSettings
    ab_test: SubjectTrialSettings
    """How subjects are tried, where an issue has several."""
    schedule: Schedule
    collect: CollectSettings
    publish: PublishSettings
    alerts: AlertSettings
    desk: DeskSettings
    """``url`` is an origin as browsers spell it; empty when the desk is on this machine alone."""
    outbox: Path
    database_url: str
    """SQLAlchemy URL."""

    @property
    def provider_options(self) -> Any:
        """The section of the provider that letters go through; None when it has none."""
        return self.options[self.sender.kind]

    @property
    def address(self) -> str:
        """The bare address letters come from."""
        return split_mailbox(self.sender.from_)[1]

    def publication_of(self, list_name: str) -> Publication:
        """Who publishes, as the letters of a list say it.

        Args:
            list_name: The list; one without settings of its own has those of all.
        """
        own = self.lists.get(list_name)
        if own is None:
            return self.publication
        about = self.publication
        return replace(about, name=own.name or about.name, accent=own.accent or about.accent)

    def sender_of(self, list_name: str) -> str:
        """``Name <address>`` that the letters of a list come from."""
        own = self.lists.get(list_name)
        return own.from_ if own is not None and own.from_ else self.sender.from_

    def reply_to_of(self, list_name: str) -> str:
        """Where answers to the letters of a list go; empty when they go to where these come from."""
        own = self.lists.get(list_name)
        if own is None or not (own.reply_to or own.from_):
            return self.sender.reply_to
        return own.reply_to

    def rhythm_of(self, list_name: str) -> RhythmName:
        """The rhythm on a list of who does not choose."""
        own = self.lists.get(list_name)
        return own.rhythm if own is not None and own.rhythm else self.rhythms.default

    def template_of(self, list_name: str) -> str:
        """Looks of a new issue of a list; empty when it has the usual ones."""
        own = self.lists.get(list_name)
        return own.template if own is not None else ""

    def has_own_sender(self, list_name: str) -> bool:
        """Whether a list says itself who its letters come from."""
        own = self.lists.get(list_name)
        return own is not None and bool(own.from_)


def find_workspace(start: Path) -> Path:
    """The nearest folder from ``start`` upwards that holds newsletter.toml.

    Raises:
        WorkspaceError: None up to the root of the file system; it names one right below, if there is one.
    """
    start = start.absolute()
    if not start.is_dir():
        raise WorkspaceError("there is no such folder", where=str(start), mend="check what follows -C")
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise WorkspaceError(
        f"no {FILE} here or in a folder above",
        where=str(start),
        mend=_way_into(start),
    )


def _way_into(start: Path) -> str:
    """How to get from a folder without a workspace into one: most often a person forgot to go in."""
    with contextlib.suppress(OSError):
        if below := sorted(one.parent.name for one in start.glob(f"*/{FILE}")):
            return f"go into the folder of your newsletter first: cd {shlex.quote(below[0])}"
    return "go into the folder of your newsletter with cd, or begin a new one: newsletter init"


def load(root: Path, environment: Mapping[str, str], text: str | None = None) -> Settings:
    """Read and check the settings of the workspace at ``root``.

    Args:
        root: The folder that holds newsletter.toml.
        environment: The process environment; only names that start with ``NASHRA_`` are looked at.
        text: What newsletter.toml is to say, before it is written there; None reads the file.

    Raises:
        SettingsError: One problem for each line of its text: where, key, what was found, what is wanted.
    """
    from pydantic import ValidationError

    layers = list(_layers(root, environment, text))
    merged = _merged(layers)
    try:
        checked = _schema().model_validate(merged)
    except ValidationError as error:
        raise SettingsError("\n".join(complaints(error, layers, root / FILE, _schema()))) from None
    return _settings(checked, root, layers)


def _merged(layers: Sequence[SettingsLayer]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, values in layer.values.items():
            before = merged.get(section, {})
            if isinstance(before, dict):  # else the file has a key where a section belongs: told later
                merged[section] = {**before, **values} if isinstance(values, dict) else values
    return merged


def _layers(root: Path, environment: Mapping[str, str], text: str | None) -> Iterator[SettingsLayer]:
    yield file_layer(root / FILE, text)
    yield secrets_layer(root / SECRETS, _schema().model_fields)
    yield env_file_layer(root / ".env")
    yield environment_layer(environment, lambda name: f"environment: {name}")


@dataclass(frozen=True, slots=True)
class SettingsFound:
    """What could be read of settings in which something may be wrong."""

    settings: Settings | None
    """With whatever is wrong as if nobody had written it; None when not even that gives settings."""
    faults: tuple[str, ...] = ()
    """What is wrong, one line each."""
    unread: frozenset[str] = frozenset()
    """Sections of which something was left out, so that what is said of them may not be what somebody meant."""


def load_what_can_be(root: Path, environment: Mapping[str, str]) -> SettingsFound:
    """Read settings as ``load`` does, and leave out what is wrong instead of giving up.

    Args:
        root: As for ``load``.
        environment: As for ``load``.
    """
    sections = frozenset(_schema().model_fields)
    layers: list[SettingsLayer] = []
    faults: list[str] = []
    unread: set[str] = set()
    ways: tuple[Callable[[], SettingsLayer], ...] = (
        lambda: file_layer(root / FILE),
        lambda: secrets_layer(root / SECRETS, sections, faults, unread),
        lambda: env_file_layer(root / ".env"),
        lambda: environment_layer(environment, lambda name: f"environment: {name}"),
    )
    for way in ways:
        try:
            layers.append(way())
        except (SettingsError, OSError) as error:
            faults.append(str(error))
            unread |= sections
            if not layers:
                # Without the file itself everything would be missing.
                return SettingsFound(None, tuple(faults), sections)
    settings = _without_faults(_merged(layers), layers, root, faults, unread)
    return SettingsFound(settings, tuple(dict.fromkeys(faults)), frozenset(unread & sections))


_TOGETHER = ("sender.fallback", "letter.pictures", "tracking.clicks")
"""Settings that are good alone, and want others beside them."""


def _without_faults(
    merged: dict[str, Any], layers: list[SettingsLayer], root: Path, faults: list[str], unread: set[str]
) -> Settings | None:
    from pydantic import ValidationError

    while True:
        try:
            return _settings(_schema().model_validate(merged), root, layers)
        except ValidationError as error:
            faults += complaints(error, layers, root / FILE, _schema())
            wrong = [tuple(map(str, one["loc"])) for one in error.errors()]
            unread |= {loc[0] for loc in wrong}
            left_out = [_left_out(merged, loc) for loc in wrong]
            if not any(left_out):
                return None  # what is missing cannot be left out
        except SettingsError as error:
            # Of settings that do not go together: each alone is good.
            faults.append(str(error))
            named = [key for key in _TOGETHER if (name := named_by(key, layers)) and str(error).startswith(name)]
            wrong = [tuple(key.split(".")) for key in named or _TOGETHER]
            unread |= {loc[0] for loc in wrong}
            left_out = [_left_out(merged, loc) for loc in wrong]
            if not any(left_out):
                return None


def _left_out(merged: dict[str, Any], loc: Sequence[str]) -> bool:
    """Take the key out that a fault is about; whether there was one."""
    section = merged.get(loc[0])
    if len(loc) > 1 and isinstance(section, dict) and loc[1] in section:
        merged[loc[0]] = {name: value for name, value in section.items() if name != loc[1]}
        return True
    if loc[0] in merged and (len(loc) == 1 or not isinstance(section, dict)):
        del merged[loc[0]]
        return True
    return False


def _schema() -> type[Schema]:
    """The schema of the whole file; imported when it is needed, since pydantic takes its time."""
    from newsletter.workspace.schema import schema as made

    return made()


def database_url(url: str, root: Path) -> str:
    """The SQLAlchemy URL for one as it may stand in the settings.

    Args:
        url: The database's URL: ``sqlite:///PATH`` or ``postgresql://…``.
        root: The workspace; a relative path starts here, wherever the command was called.

    Raises:
        SettingsError: It is neither.
    """
    from pydantic import ValidationError

    from newsletter.workspace.section_schema import DatabaseSettings

    try:
        checked = DatabaseSettings(url=url).url
    except ValidationError as error:
        words = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise SettingsError(words, where="the URL of a database") from None
    return f"{_SQLITE}{root / checked.removeprefix(_SQLITE)}" if checked.startswith(_SQLITE) else checked


def _settings(checked: Schema, root: Path, layers: list[SettingsLayer]) -> Settings:
    about, letter, theme = checked.newsletter, checked.letter, checked.theme
    other = checked.sender.fallback
    if other and (key := registry.provider(other).lacks(getattr(checked, other))):
        named = named_by("sender.fallback", layers)
        raise SettingsError(f'{named}: "{other}" wants [{other}] set up, and it has no {key}')
    if letter.pictures == "hosted" and not checked.web.url:
        named = named_by("letter.pictures", layers)
        raise SettingsError(f'{named}: "hosted" wants reader pages that serve them, and [web] has no url')
    _clicks_can_be_counted(checked, layers)
    return Settings(
        publication=Publication(
            **about.model_dump(),
            **{**letter.model_dump(exclude={"pictures"}), "links": tuple(letter.links.items())},
            theme=Theme(**{**theme.model_dump(), "social": tuple(theme.social.items())}),
        ),
        sender=checked.sender,
        options={name: getattr(checked, name, None) for name in registry.names()},
        ways=checked.ways,
        letters={str(kind): words for kind, words in checked.letters.items()},
        web=checked.web,
        hosts_pictures=letter.pictures != "inline" and bool(checked.web.url),
        tracking=checked.tracking,
        rhythms=checked.rhythms,
        lists=checked.lists,
        topics={name: _topics(topics) for name, topics in checked.topics.items()},
        compose=checked.compose,
        ab_test=checked.ab_test,
        schedule=_schedule(checked),
        collect=checked.collect,
        publish=checked.publish,
        alerts=checked.alerts,
        desk=checked.desk,
        outbox=root / checked.sender.outbox,
        database_url=database_url(checked.database.url or f"{_SQLITE}newsletter.db", root),
    )


def _clicks_can_be_counted(checked: Schema, layers: list[SettingsLayer]) -> None:
    """Refuse counting where it would count nothing, or where a reader could not switch it off.

    Raises:
        SettingsError: It would.
    """
    by = checked.tracking.clicks
    if by == "off":
        return
    named = f'{named_by("tracking.clicks", layers)}: "{by}"'
    if not checked.web.url:
        raise SettingsError(f"{named} wants reader pages, where links lead on and readers can say no; [web] has no url")
    if not checked.ways.preferences:
        raise SettingsError(
            f"{named} wants letters that lead to the preferences, where readers can say no; write [ways] preferences = "
            "true"
        )
    kind = checked.sender.kind
    if by == "provider" and not registry.provider(kind).reports_clicks:
        able = ", ".join(one.name for one in registry.providers() if one.reports_clicks)
        raise SettingsError(
            f'{named} wants a sender that reports clicks ({able}), and [sender] kind is {kind}; "stories" needs none'
        )
    reports = registry.provider(kind).reports
    if by == "provider" and (reports is None or reports(getattr(checked, kind)) is None):
        raise SettingsError(f"{named} wants the reports of {kind}, and [{kind}] lacks what they are verified by")


def _topics(checked: Mapping[str, TopicSettings]) -> tuple[Topic, ...]:
    return tuple(
        Topic(int(number), topic.title, tuple(topic.sections or [topic.title]))
        for number, topic in sorted(checked.items())
    )


def _schedule(checked: Schema) -> Schedule:
    said = checked.schedule
    day, _, at = said.weekly.partition(" ")
    return Schedule(
        weekly=(WEEKDAYS.index(day), time.fromisoformat(at)) if said.weekly else None,
        daily=time.fromisoformat(said.daily) if said.daily else None,
        instant=said.instant or None,
        week_starts=WEEKDAYS.index(said.week_starts),
        lists=tuple(dict.fromkeys(said.lists)),
    )
