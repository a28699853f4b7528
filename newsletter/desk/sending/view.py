"""What the pages of الإرسال show: to whom, when, what was found, and how a send stands. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from newsletter import ledger
from newsletter.check import has_errors
from newsletter.delivery import rhythms_of
from newsletter.desk.frame import either
from newsletter.desk.week.problems import told
from newsletter.ledger import activity, approvals
from newsletter.rhythms import schedule
from newsletter.text import dates
from newsletter.workflows import approving, variants
from newsletter.workflows import plan as plans
from subscribers import store

if TYPE_CHECKING:
    from markupsafe import Markup

    from newsletter.desk.request import DeskRequest
    from newsletter.ledger import Send, SendCounts
    from newsletter.report.page.wording import PageWords
    from newsletter.wiring import Workspace
    from newsletter.workflows.plan import Plan
    from newsletter.workflows.variants import Variant

TAKE_BACK = timedelta(seconds=10)
"""How long a letter that goes now waits, so that it can be taken back."""
_DAYS = 28
"""Days ahead that a letter can be planned for."""
_EACH = 3
"""Letters for chosen topics that have a row of their own; the others share one."""
BAR = 1000
"""Width of the bar in its own units."""


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """Readers who get the same letter."""

    readers: Markup
    letter: Markup
    number: int
    outside: bool = False
    """Whether this send does not go to them."""


def words_of(request: DeskRequest) -> PageWords:
    """The words of the desk."""
    return request.desk.pages.words


def audience_rows(words: PageWords, workspace: Workspace, plan: Plan) -> list[AudienceRow]:
    """Who gets which letter, the most first; and at the end who chose another rhythm.

    Args:
        words: Of the desk.
        workspace: The workspace.
        plan: Of a send that is not there yet.
    """
    weekly = plan.rhythm == "weekly"
    got = [one for one in plan.variants if one.letter is not None and one.audience]
    whole = [one for one in got if not one.late and not one.cut.declined]
    late = [one for one in got if one.late]
    cut = sorted((one for one in got if not one.late and one.cut.declined), key=lambda one: -one.audience)
    own = cut if len(cut) <= _EACH + 1 else cut[:_EACH]
    others = cut[len(own) :]
    rows = [
        AudienceRow(
            words.say("Weekly, all sections" if weekly else "Everybody, all sections"),
            words.say("The whole letter"),
            one.audience,
        )
        for one in whole
    ]
    rows += [_without(words, one, weekly=weekly) for one in own]
    if others:
        title = words.say("Weekly, other choices" if weekly else "Everybody, other choices")
        letters = words.count("{n} other letter", "{n} other letters", len(others))
        rows.append(AudienceRow(title, letters, _sum(others)))
    if late:
        rows.append(
            AudienceRow(
                words.say("Who began to read weekly only now"), words.say("And what they would miss"), _sum(late)
            )
        )
    if weekly and (number := outside(workspace, plan)):
        rows.append(
            AudienceRow(
                words.say("Chose daily letters, or at once"),
                words.say("They got the stories on their day"),
                number,
                True,
            )
        )
    return rows


def _without(words: PageWords, one: Variant, *, weekly: bool) -> AudienceRow:
    topics = either(words, one.cut.without)
    title = words.say("Weekly, without {topics}" if weekly else "Everybody, without {topics}", topics=topics)
    stories = len(one.cut.issue.stories) if one.cut.issue is not None else 0
    return AudienceRow(title, words.count("{n} story", "{n} stories", stories), one.audience)


def _sum(some: Sequence[Variant]) -> int:
    return sum(one.audience for one in some)


def stays(workspace: Workspace) -> bool:
    """Whether letters stay on this machine, in the outbox: no provider is chosen yet."""
    return workspace.settings.sender.kind == "outbox"


def outside(workspace: Workspace, plan: Plan) -> int:
    """Readers of the list in the rhythms that a send leaves out."""
    with workspace.database.read() as connection:
        every = variants.by_rhythm(connection, plan.target.id, ledger.ALL, workspace.now())
    return sum(number for rhythm, number in every.items() if rhythm not in rhythms_of(plan.rhythm))


def nothing_for(words: PageWords, workspace: Workspace, plan: Plan) -> list[Markup]:
    """Who gets nothing, and why, each as a short sentence with its number."""
    now = workspace.now()
    with workspace.database.read() as connection:
        found = next(one for one in store.list_stats(connection, now=now, since=now) if one.list.id == plan.target.id)
    told = []
    if found.paused:
        told.append(words.count("{n} paused", "{n} paused", found.paused))
    if plan.skipped:
        told.append(words.count("{n} chose none of its sections", "{n} chose none of its sections", plan.skipped))
    if found.suppressed:
        told.append(words.count("{n} must not be mailed", "{n} must not be mailed", found.suppressed))
    if found.pending:
        told.append(words.count("{n} has not confirmed", "{n} have not confirmed", found.pending))
    return told


def approval_values(request: DeskRequest, plan: Plan, mark: str) -> dict[str, Any]:
    """How the approval of a letter stands, and what this person can do about it.

    Args:
        request: Whose page it is.
        plan: Of the letter.
        mark: Its fingerprint.
    """
    workspace, key, name = request.workspace, str(plan.issue.number), request.editor.name
    with workspace.database.read() as connection:
        given = approving.given(workspace, connection, key, mark)
        earlier = approvals.approvals(connection, key)
        writer = approving.writer(workspace, connection, key)
        since = max((one.at for one in earlier), default=None)
        asked = activity.read(connection, acts=["ask-approval"], about=key, since=since, limit=1)
    needed = workspace.settings.desk.approval
    return {
        "needed": needed,
        "given": given,
        "voided": earlier[0] if earlier and given is None else None,
        "shown": approving.shown(mark) if mark else "",
        "mark": mark,
        "is_writer": bool(writer) and writer == name,
        "may": request.editor.may("send") and given is None and writer != name and bool(mark),
        "asked": asked[0] if asked and given is None else None,
    }


def days(words: PageWords, workspace: Workspace) -> list[tuple[str, str]]:
    """The days that a letter can be planned for: as the form names them, and in words, in the site's zone."""
    now = workspace.now().astimezone(workspace.zone)
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)
    found = []
    for ahead in range(_DAYS):
        day = noon + timedelta(days=ahead)
        found.append((f"{day:%Y-%m-%d}", day_words(words, day.replace(tzinfo=workspace.zone))))
    return found


def day_words(words: PageWords, moment: datetime) -> str:
    """Name of the day, day and month, without the year.

    Args:
        words: Of the desk.
        moment: Any moment of that day, timezone-aware.
    """
    from babel.dates import format_date

    about = words.publication
    day = moment.astimezone(ZoneInfo(about.timezone)).date()
    name = format_date(day, "EEEE", dates.locale_of(about.language))
    return f"{name} {words.day_of(day)}"


def zone_words(words: PageWords) -> str:
    """The place by whose clock moments are told."""
    from babel.dates import get_timezone_location

    about = words.publication
    found = get_timezone_location(ZoneInfo(about.timezone), dates.locale_of(about.language), return_city=True)
    return str(found) if about.timezone != "UTC" else "UTC"


def hours(words: PageWords) -> list[tuple[str, str]]:
    """Every half hour of a day."""
    about = words.publication
    names = (f"{half // 2:02}:{half % 2 * 30:02}" for half in range(48))
    return [(name, dates.in_digits(name, about.language, about.digits)) for name in names]


def proposed(workspace: Workspace) -> datetime:
    """When a letter would go that nobody has chosen an hour for: the schedule's next moment, or tomorrow at ten."""
    now = workspace.now()
    for one in schedule.upcoming(now, workspace.zone, workspace.settings.schedule):
        if one.job == "weekly":
            return one.moment.astimezone(workspace.zone)
    tomorrow = now.astimezone(workspace.zone) + timedelta(days=1)
    return tomorrow.replace(hour=10, minute=0, second=0, microsecond=0)


def until(words: PageWords, moment: datetime, now: datetime) -> Markup:
    """How long it is until a moment, in words."""
    minutes = max(0, int((moment - now).total_seconds() + 59) // 60)
    whole, left = divmod(minutes, 60)
    count, rest = divmod(whole, 24)
    if count:
        first = words.count("in {n} day", "in {n} days", count)
        more = words.count("and {n} hour", "and {n} hours", rest) if rest else ""
    elif whole:
        first = words.count("in {n} hour", "in {n} hours", whole)
        more = words.count("and {n} minute", "and {n} minutes", left) if left else ""
    else:
        first, more = words.count("in {n} minute", "in {n} minutes", minutes), ""
    return first + (" " if more else "") + more


def problems_told(words: PageWords, plan: Plan) -> dict[str, Any]:
    """What the check found: errors and warnings in words."""
    return {
        # Letters for chosen topics have the problems of the whole one, each in their own words.
        "errors": list(dict.fromkeys(told(words, one) for one in plan.problems if one.level == "error")),
        "warnings": list(dict.fromkeys(told(words, one) for one in plan.problems if one.level == "warning")),
        "blocked": has_errors(plan.problems),
    }


def plan_data(workspace: Workspace, plan: Plan) -> dict[str, Any]:
    """A plan for programs."""
    counts: Mapping[str, int] = plan.by_rhythm
    return {
        "issue": plan.issue.number,
        "list": plan.target.name,
        "rhythm": plan.rhythm,
        "state": plan.earlier.state if plan.earlier is not None else None,
        "audience": plan.audience,
        "skipped": plan.skipped,
        "by_rhythm": dict(counts),
        "letters": [
            {"name": one.name, "without": list(one.cut.without), "audience": one.audience}
            for one in plan.variants
            if one.letter is not None
        ],
        "errors": [one.code for one in plan.problems if one.level == "error"],
        "warnings": [one.code for one in plan.problems if one.level == "warning"],
        "fingerprint": plans.fingerprint(workspace, plan) if plan.earlier is None else "",
    }


def bar_parts(account: SendCounts, *, rtl: bool) -> Iterator[tuple[str, float, float]]:
    """The parts of the bar of a send: what they are, where they begin and how wide they are, in units of the bar."""
    whole = max(account.total - account.skipped, 1)
    begin = 0.0
    for name in ("submitted", "unknown", "refused"):
        wide = BAR * getattr(account, name) / whole
        if wide:
            yield name, round(BAR - begin - wide if rtl else begin, 2), round(wide, 2)
        begin += wide


def standing(request: DeskRequest, send: Send) -> dict[str, Any]:
    """How a send stands: its numbers, its bar, its pace.

    Args:
        request: Whose page it is.
        send: The send.
    """
    workspace, words = request.workspace, words_of(request)
    with workspace.database.read() as connection:
        send = ledger.send(connection, send.id) or send
        account = ledger.account(connection, send.id)
    out = account.submitted + account.refused + account.unknown
    pace = request.desk.sending.pace(send.id, out)
    left = round(account.open / pace) if pace else 0
    now = workspace.now()
    taken_back = send.state == "scheduled" and send.send_at is not None and send.send_at - send.created <= 2 * TAKE_BACK
    return {
        "send": send,
        "account": account,
        "out": out,
        "whole": account.total - account.skipped,
        "pace": round(pace) if pace >= 1 else 0,
        "left": words.count("about {n} second left", "about {n} seconds left", left)
        if left < 90
        else words.count("about {n} minute left", "about {n} minutes left", round(left / 60)),
        "has_left": bool(left) and send.state == "running",
        "bar": list(bar_parts(account, rtl=words.rtl)),
        "bar_width": BAR,
        "take_back": taken_back,
        "seconds": max(0, int((send.send_at - now).total_seconds() + 0.999)) if send.send_at is not None else 0,
        "day": day_words(words, send.send_at) if send.send_at is not None else "",
        "until": until(words, send.send_at, now) if send.send_at is not None else "",
        "state": "leaving" if taken_back else send.state,
    }
