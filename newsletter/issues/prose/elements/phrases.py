"""What elements say in HTML and in plain text alike."""

from __future__ import annotations

from newsletter.issues.prose.parts import ProseSetup, Scheduled


def name_and_role(title: str) -> tuple[str, str]:
    """The name of a person and what they are, parted by the first comma.

    Args:
        title: What stands behind the name of the element.
    """
    at = min((title.index(sign) for sign in "،," if sign in title), default=len(title))
    return title[:at].strip(), title[at + 1 :].strip()


def when(scheduled: Scheduled, setup: ProseSetup) -> str:
    """Day and hours of an event in the newsroom's words, calendar and digits.

    Args:
        scheduled: As its editor wrote it.
        setup: Of the letter.
    """
    day = setup.date(scheduled.starts)
    if not scheduled.timed:
        return day
    hours = f"{scheduled.starts:%H:%M}" + (f" – {scheduled.ends:%H:%M}" if scheduled.ends is not None else "")
    return str(setup.say("{day}, {hours}", day=day, hours=setup.digits(hours)))
