"""Why letters came back or did not go, and why readers left. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from newsletter.report.page.charts import Bar, bars, table
from newsletter.report.page.parts import ReportBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from newsletter.report.models import DeliveryCounts
    from newsletter.report.page.wording import PageWords


def bounces(total: DeliveryCounts, say: PageWords) -> ReportBlock | None:
    """Letters that came back, by the kind of bounce; None when nobody told of any."""
    if not total.bounced:
        return None
    names = {
        "hard": say.say("The mailbox does not exist"),
        "invalid": say.say("The address is none"),
        "soft": say.say("The mailbox is full, or away for the moment"),
        "blocked": say.say("Refused, and nobody says whose fault it is"),
        "policy": say.say("Refused for what we are or send"),
    }
    rows = [(names.get(kind, say.html(kind)), number) for kind, number in _falling(total.bounces)]
    notes = []
    if total.bounced_later:
        notes.append(say.say("Of these, told to have arrived first: {n}.", n=say.amount(total.bounced_later)))
    if total.bounces.get("policy"):
        notes.append(say.say("What is refused for what we send says nothing of the readers: look at the sender's DNS."))
    finding = say.count("{n} letter came back.", "{n} letters came back.", total.bounced)
    # One that bounced in two ways is in two rows, and one letter.
    whole = total.bounced
    return _block(say.say("What came back"), finding, rows, say.say("Bounced"), Markup(" ").join(notes), say, whole)


def leaving(total: DeliveryCounts, say: PageWords) -> ReportBlock | None:
    """Readers who left after the letter, with their reasons; None when nobody did."""
    from newsletter.report.models import NO_REASON, OWN_WORDS

    if not total.left:
        return None
    names = {
        "too many": say.say("Too many letters"),
        "not interesting": say.say("Not interesting to me"),
        "never subscribed": say.say("I never subscribed"),
        "other": say.say("Something else"),
        OWN_WORDS: say.say("In words of their own"),
        NO_REASON: say.say("Told no reason"),
    }
    rows = [(names.get(reason, say.html(reason)), number) for reason, number in _falling(total.leaving)]
    finding = say.count("{n} reader left after this letter.", "{n} readers left after this letter.", total.left)
    return _block(say.say("Who left, and why"), finding, rows, say.say("Left afterwards"), Markup(), say)


def not_gone(total: DeliveryCounts, say: PageWords) -> ReportBlock | None:
    """Letters that were not taken by the provider; None when all were."""
    missing = total.refused + total.skipped + total.cancelled + total.unknown
    if not missing:
        return None
    kinds = (
        (say.say("Left out: no longer subscribed, paused or not to be mailed"), total.skipped),
        (say.say("Refused by the provider"), total.refused),
        (say.say("Cancelled"), total.cancelled),
        (say.say("In doubt"), total.unknown),
    )
    rows = sorted(((name, number) for name, number in kinds if number), key=lambda pair: -pair[1])
    finding = say.count("{n} letter did not go.", "{n} letters did not go, or nobody knows.", missing)
    block = _block(say.say("What did not go"), finding, rows, say.say("Letters"), Markup(), say)
    if not total.reasons:
        return block
    head = [say.say("As it was told"), say.say("Letters")]
    cells = [[_told(reason), say.amount(number)] for reason, number in _falling(total.reasons)]
    told = table(say.say("As it was told"), head, cells, say)
    return ReportBlock(block.title, block.finding, block.chart, note=block.note, table=block.table + told)


def _told(reason: str) -> Markup:
    # The provider's words, or ours for the ledger: in no language of the page.
    return Markup('<bdi dir="auto">{}</bdi>').format(reason)


def _falling(numbers: object) -> list[tuple[str, int]]:
    pairs: list[tuple[str, int]] = [pair for pair in dict(numbers).items() if pair[1]]  # type: ignore[call-overload]
    return sorted(pairs, key=lambda pair: -pair[1])


def _block(
    title: Markup,
    finding: Markup,
    rows: Sequence[tuple[Markup, int]],
    unit: Markup,
    note: Markup,
    say: PageWords,
    whole: int = 0,
) -> ReportBlock:
    """A block of numbers that are shares of a whole; without one, of their sum."""
    whole = whole or sum(number for _, number in rows)
    if not rows:
        return ReportBlock(title, finding, note=note)
    cells = [[name, say.amount(number), say.html(say.percent(number, whole))] for name, number in rows]
    return ReportBlock(
        title,
        finding,
        bars([Bar(name, number) for name, number in rows], say),
        note=note,
        table=table(title, [say.say("Reason"), unit, say.say("Share")], cells, say),
    )
