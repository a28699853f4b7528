"""The latest posts by themselves: the letters of the rhythms ``instant`` and ``daily``, without an issue folder.

What they bring and to whom is the rule of ``newsletter.rhythms.streams``; each is written down like an issue, under a
key such as ``readers/daily/2026-11-24`` that can be sent once, and can be read in the archive under it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from newsletter import delivery, ledger, library
from newsletter.errors import SendError
from newsletter.issues import compose
from newsletter.ledger import ALL, Mailing
from newsletter.models import Holding, Issue, Problem
from newsletter.rhythms import streams, topics
from newsletter.rhythms.schedule import day_of
from newsletter.rhythms.streams import Stream
from newsletter.rhythms.topics import IssueCut
from newsletter.workflows import cancelling, check, draft, latecomers, recheck, variants
from newsletter.workflows.latest_letters import LatestLetters
from newsletter.workflows.recheck import Recheck
from newsletter.workspace.folder import FIRST_LIST
from subscribers import store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send, SendCounts
    from newsletter.wiring import Workspace
    from subscribers.models import List

Rhythm = Literal["instant", "daily"]

NOTHING_NEW = "nothing is new for them"
"""Why somebody is skipped who was sent everything by another rhythm."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class LatestPlan:
    """A letter of the latest posts as it would be."""

    rhythm: Rhythm
    target: List
    period: str
    """The local date, or the ids of the articles."""
    moment: datetime
    """When everything was looked at, timezone-aware."""
    issue: Issue | None = None
    """As those get it who go on with the stream; None when nothing is new, or the period's letter went."""
    went: str = ""
    """Key of the letter that has this period; how it stands says ``send``."""
    send: Send | None = None
    """Its send, which may be paused, cancelled or refused as well."""
    account: SendCounts | None = None
    """Of that send."""
    mailings: Sequence[Mailing] = ()
    articles: tuple[int, ...] = ()
    """Ids of what flows, newest first."""
    newest: int = 0
    """Whoever gets this letter begins their next one behind this article."""
    audience: int = 0
    skipped: int = 0
    by_variant: Mapping[str, int] = field(default_factory=dict)
    late: tuple[int, ...] = ()
    """Ids of subscribers who were not in the stream's last letter."""
    problems: tuple[Problem, ...] = ()
    """Articles that give no letter, and are left out."""

    @property
    def key(self) -> str:
        """Its key in the ledger."""
        return key_of(self.target.name, self.rhythm, self.period)


@dataclass(frozen=True, slots=True)
class LatestOutcome:
    """What came of a run."""

    latest: LatestPlan
    send: Send | None = None
    account: SendCounts | None = None
    sent_now: int = 0
    looked: Recheck = field(default_factory=Recheck)
    """What the look at the sites brought, right before the letter was frozen."""
    pages: tuple[Problem, ...] = ()
    """What the reader pages do not give of what the letter names there, and did not stop it."""


def key_of(list_name: str, rhythm: str, period: str) -> str:
    """The key of a letter, as ``readers/daily/2026-11-24``.

    Args:
        list_name: The list.
        rhythm: ``instant`` or ``daily``.
        period: The date, or the ids of the articles with ``+`` between them.
    """
    return f"{list_name}/{rhythm}/{period}"


def unfinished(workspace: Workspace, rhythm: Rhythm, list_name: str) -> list[Send]:
    """Letters of this stream that stopped in the middle, oldest first.

    Args:
        workspace: The workspace.
        rhythm: ``instant`` or ``daily``.
        list_name: The list.

    Raises:
        UnknownList: No such list.
    """
    with workspace.database.read() as connection:
        target = store.list_named(connection, list_name)
        return ledger.running(connection, target.id, (rhythm,), stopped=True)


def prepare(
    workspace: Workspace,
    rhythm: Rhythm,
    *,
    list_name: str = FIRST_LIST,
    period: str = "",
    only: Collection[int] | None = None,
) -> LatestPlan:
    """Look at what is new for a stream and make every letter that somebody needs, without writing anything.

    Args:
        workspace: The workspace.
        rhythm: ``instant`` or ``daily``.
        list_name: The list.
        period: The date of a daily letter; empty takes today in the zone of the site.
        only: Ids of articles; all others wait for the next letter. None takes everything that is new.

    Raises:
        UnknownList: No such list.
        ClosedList: Nothing goes out to it.
        RenderError: A template gives no letter.
        SendError: No letter can be made that mail programs show whole.
    """
    now = workspace.now()
    if rhythm == "daily":
        period = period or day_of(now, workspace.zone)
    with workspace.database.read() as connection:
        target = store.open_list_named(connection, list_name)
        nothing = LatestPlan(rhythm, target, period, now)
        if rhythm == "daily" and (went := ledger.holder(connection, target.id, rhythm, period)) is not None:
            return _gone(connection, nothing, went)
        news, flows = _flows(workspace, connection, target.id, rhythm, now)
        flows = flows if only is None else _with_only(flows, only)
        newest = library.newest(connection)
        who = tuple(latecomers.members(connection, target.id, rhythm, now))
    if not flows.flowing:
        return nothing
    made = LatestLetters(workspace, list_name, rhythm, {one.id: one for one in news}, now)
    flowing, issue = made.issue(tuple(one.id for one in flows.flowing))
    nothing = replace(nothing, problems=tuple(made.problems))
    if issue is None:
        return nothing
    latest = replace(nothing, period=period or "+".join(map(str, sorted(flowing))), issue=issue, articles=flowing)
    made.key = latest.key
    flows = replace(flows, flowing=tuple(one for one in flows.flowing if one.id in flowing))
    with workspace.database.read() as connection:
        groups = _groups(connection, target.id, flows, news, who, now)
        mailings, by_variant = _mailings(connection, made, latest, groups)
    audience = sum(count for name, count in by_variant.items() if name not in _UNSENT)
    behind = min((one.id for one in flows.later), default=newest + 1) - 1
    return replace(
        latest,
        newest=behind,
        mailings=mailings,
        audience=audience,
        skipped=sum(by_variant.values()) - audience,
        by_variant=by_variant,
        late=who,
        problems=tuple(made.problems),
    )


def freeze_latest(workspace: Workspace, latest: LatestPlan) -> Send | None:
    """Write down what goes to whom, once for its period; None when nobody reads in this rhythm.

    What flowed has flowed, also when nobody is there: whoever comes tomorrow is not sent the whole month.

    Raises:
        PeriodTakenError: Another run was quicker.
        AudienceChangedError: Readers came, went or chose otherwise meanwhile: prepare it once more.
    """
    assert latest.issue is not None
    subject, target = latest.issue.subject, latest.target
    periods = [ledger.article_period(article) for article in latest.articles]
    periods += [latest.period] if latest.rhythm == "daily" else []
    if not latest.audience and not latest.skipped:
        _pass(workspace, latest, periods)
        return None

    def unchanged(connection: Connection) -> None:
        if tuple(latecomers.members(connection, target.id, latest.rhythm, latest.moment)) != latest.late:
            raise delivery.AudienceChangedError(
                "readers changed their rhythm meanwhile", mend="run the same command again"
            )

    return delivery.freeze(
        workspace.delivery_setup,
        latest.mailings,
        key=latest.key,
        subject=subject,
        list_id=target.id,
        rhythm=latest.rhythm,
        articles=lambda _: latest.articles,
        now=latest.moment,
        periods=periods,
        newest=latest.newest,
        once=True,
        verify=True,
        guard=unchanged,
    )


def run(
    workspace: Workspace,
    rhythm: Rhythm,
    *,
    list_name: str = FIRST_LIST,
    period: str = "",
    only: Collection[int] | None = None,
    deliver_send: Callable[[Send], tuple[SendCounts, int]] | None = None,
) -> LatestOutcome:
    """Finish what stopped in the middle, then send what is new.

    Args:
        workspace: The workspace.
        rhythm: ``instant`` or ``daily``.
        list_name: The list.
        period: As for ``prepare``.
        only: As for ``prepare``.
        deliver_send: Delivers a send and gives its account and how many letters went now.

    Raises:
        SendError: It stopped in the middle, no letter can be made, or the reader pages do not give its pictures; the
            same call goes on.
    """
    cancelling.free_undone(workspace)
    delivered = deliver_send or (lambda send: _delivered(workspace, send))
    for send in unfinished(workspace, rhythm, list_name):
        delivered(send)
    for tries in range(_TRIES):
        latest = prepare(workspace, rhythm, list_name=list_name, period=period, only=only)
        if latest.issue is None:
            return LatestOutcome(latest)
        looked = recheck.recheck(workspace, latest.articles)
        if looked.withdrawn or looked.corrected:
            latest = prepare(workspace, rhythm, list_name=list_name, period=period, only=only)
            if latest.issue is None:
                return LatestOutcome(latest, looked=looked)
        told = served(workspace, latest)
        try:
            frozen = freeze_latest(workspace, latest)
        except delivery.AudienceChangedError:
            if tries == _TRIES - 1:
                raise
            continue
        except delivery.PeriodTakenError:
            with workspace.database.read() as connection:
                return LatestOutcome(_gone(connection, replace(latest, issue=None), latest.key))
        if frozen is None:
            return LatestOutcome(latest, looked=looked, pages=told)
        account, sent_now = delivered(frozen)
        return LatestOutcome(latest, frozen, account, sent_now, looked, told)
    raise AssertionError  # pragma: no cover  the last try returns or raises


def served(workspace: Workspace, latest: LatestPlan) -> tuple[Problem, ...]:
    """Ask the reader pages for a picture of the letter, as before an issue goes, and return what is only a warning.

    Args:
        workspace: The workspace.
        latest: With its letters.

    Raises:
        SendError: They answer, and do not give it (``image-unserved``): every reader would see gaps. The same call goes
            on once that is mended.
    """
    # Nobody gets a letter, nobody misses a picture.
    pictures = [picture for mailing in latest.mailings for picture in mailing.hosted] if latest.audience else []
    told = check.unserved(workspace, pictures)
    for problem in told:
        if problem.level == "error":
            raise SendError(problem.words, where=problem.place, mend=problem.mend)
    return tuple(told)


def _gone(connection: Connection, latest: LatestPlan, key: str) -> LatestPlan:
    """A plan of which a letter has the period already, with how that one stands."""
    sends = ledger.sends_of(connection, key)
    held = max(sends, key=lambda one: (one.state != "cancelled", one.id), default=None)
    counts = ledger.account(connection, held.id) if held is not None else None
    return replace(latest, went=key, send=held, account=counts)


def _delivered(workspace: Workspace, send: Send) -> tuple[SendCounts, int]:
    counts = delivery.StateCounts()
    return delivery.run(workspace.setup_of(send), send, counts, at_once=False), counts.submitted


def _pass(workspace: Workspace, latest: LatestPlan, periods: Sequence[str]) -> None:
    """Let a period go by without a letter."""
    with workspace.database.write() as connection:
        issue_id = ledger.issue_id(connection, latest.key)
        if len(ledger.take(connection, latest.target.id, latest.rhythm, periods, issue_id)) == len(set(periods)):
            library.remember(
                connection,
                latest.articles,
                issue_id=issue_id,
                list_id=latest.target.id,
                rhythms=(latest.rhythm,),
                newest=latest.newest,
            )


def _flows(
    workspace: Workspace, connection: Connection, list_id: int, rhythm: Rhythm, now: datetime
) -> tuple[list[Holding], Stream]:
    """What may still be news, and what of it flows."""
    rules = draft.rules_of(workspace)
    since = compose.oldest(rules, now)
    found = library.holdings(connection, since=since)
    there = [one for one in found if not one.withdrawn and one.box.letter != "no"]
    news = streams.candidates(there, rules, now=now)
    carried = library.carried_to(connection, list_id, rhythm)
    floor = ledger.first_reach(connection, list_id, (rhythm, ALL))
    return news, streams.stream(news, rhythm, carried=carried, floor=floor, now=now)


def _with_only(flows: Stream, only: Collection[int]) -> Stream:
    """The stream with nothing but these articles flowing now; the others wait."""
    waiting = [one for one in flows.flowing if one.id not in only]
    return replace(flows, flowing=tuple(one for one in flows.flowing if one.id in only), later=(*waiting, *flows.later))


def _groups(
    connection: Connection, list_id: int, flows: Stream, news: Sequence[Holding], who: Sequence[int], now: datetime
) -> dict[tuple[int, ...], list[int]]:
    """Those who get something else than what flows, by what they get."""
    flowing = tuple(one.id for one in flows.flowing)
    found: dict[tuple[int, ...], list[int]] = {}
    for member, standing in latecomers.standings(connection, list_id, who, news, now, first=flows.first).items():
        articles = streams.due(flows, news, standing.begins, standing.got)
        if articles != flowing:
            found.setdefault(articles, []).append(member)
    return found


_UNSENT = frozenset({variants.UNCHOSEN, NOTHING_NEW})


def _mailings(
    connection: Connection, made: LatestLetters, latest: LatestPlan, groups: Mapping[tuple[int, ...], list[int]]
) -> tuple[list[Mailing], dict[str, int]]:
    """Every letter with those who get it; who is named one by one comes first, and then the stream takes the rest."""
    list_id, known = latest.target.id, variants.topics_of(made.workspace, latest.target.name)
    everybody = delivery.audience(list_id, latest.rhythm, latest.moment)
    mailings: list[Mailing] = []
    counts: dict[str, int] = {}
    apart: list[int] = []
    for number, (articles, members) in enumerate(groups.items(), 1):
        _, issue = made.issue(articles)
        bits = topics.present(issue, known) if issue is not None else 0
        choices, declined = latecomers.by_choice(connection, list_id, members, bits)
        apart += declined.values()
        for choice, some in choices.items():
            cut = topics.cut(issue, known, choice, lead=False) if issue is not None else IssueCut(0, None)
            why = NOTHING_NEW if issue is None else variants.UNCHOSEN
            name = f"late-{number}{cut.variant}"
            mailings += [
                made.mailing(cut, query, name=name + ending, why=why)
                for ending, query in latecomers.queries(some, everybody)
            ]
            told = name if cut.issue is not None else why
            counts[told] = counts.get(told, 0) + len(some)
    assert latest.issue is not None
    bits = topics.present(latest.issue, known)
    masks = store.declination_counts(connection, list_id, rhythms=(latest.rhythm,), now=latest.moment, topics=bits)
    masks = latecomers.without(masks, apart, bits)
    for cut in topics.cuts(latest.issue, known, masks, lead=False):
        audience = variants.audience_of(list_id, latest.rhythm, latest.moment, (bits, cut.declined))
        mailings.append(made.mailing(cut, audience, name=cut.variant, why=variants.UNCHOSEN))
        told = cut.variant if cut.issue is not None else variants.UNCHOSEN
        counts[told] = counts.get(told, 0) + masks.get(cut.declined, 0)
    return mailings, counts
