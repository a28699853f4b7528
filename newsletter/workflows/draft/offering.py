"""What a draft may be offered and what it shows of it: articles, their pictures, the notes on what is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import library
from newsletter.errors import IssueError, SourceError
from newsletter.issues import Manuscript, candidates, compose, repeats
from newsletter.issues.compose import ComposeRules
from newsletter.issues.lines import REPEATS, UNSHOWN
from newsletter.models import Holding, Section
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from newsletter.models import Story
    from newsletter.wiring import Workspace

_LOOK_BACK = timedelta(days=30)
"""How long before the oldest free article an issue may have told its story."""


def unused(workspace: Workspace, list_name: str, *, snapshot: Snapshot | None = None) -> list[Holding]:
    """What no issue of this list has carried to its weekly readers and none holds as a story, newest first.

    Args:
        workspace: The workspace.
        list_name: The list.
        snapshot: Of the workspace; None takes one now.

    Raises:
        UnknownList: No such list.
    """
    snapshot = snapshot or Snapshot.take(workspace)
    target = snapshot.list_named(list_name)
    with workspace.database.read() as connection:
        carried = library.carried_to(connection, target.id, "weekly")
        holdings = [
            replace(one, carried_in=())
            for one in library.holdings(connection)
            if one.id not in carried and not one.withdrawn
        ]
        return library.unused(connection, holdings, [issue for issue in snapshot.issues if issue.list == list_name])


def divided(
    sections: Sequence[Section], rules: ComposeRules, again: Collection[Story]
) -> tuple[list[Section], list[Section]]:
    """Sections of what the rules let in, and of what stays behind.

    Args:
        sections: With the candidates as their blocks.
        rules: How many of all, and of each section.
        again: Stories that stay behind, since each tells what another one tells.
    """
    chosen, left, count = [], [], 0
    for section in sections:
        fitting = [one for one in section.blocks if one not in again]
        room = len(fitting)
        if rules.per_section:
            room = min(room, rules.per_section)
        if rules.most:
            room = min(room, max(rules.most - count, 0))
        count += room
        chosen.append(replace(section, blocks=tuple(fitting[:room])))
        left.append(replace(section, blocks=tuple(one for one in section.blocks if one not in fitting[:room])))
    return [one for one in chosen if one.blocks], [one for one in left if one.blocks]


def leading(workspace: Workspace, sections: Sequence[Section]) -> list[Section]:
    """The sections with what shall lead, as the boxes beside the posts say, at the beginning.

    Args:
        workspace: The workspace.
        sections: Of a draft that has no story so far.
    """
    with workspace.database.read() as connection:
        known = library.of_stories(connection, [one for section in sections for one in section.stories])
    first = {story for story, one in known.items() if one.box.letter == "lead"}
    if not first:
        return list(sections)
    moved = [replace(one, blocks=tuple(sorted(one.blocks, key=lambda block: block not in first))) for one in sections]
    return sorted(moved, key=lambda one: not first.intersection(one.stories))


def told_again(workspace: Workspace, stories: Sequence[Story]) -> list[Story]:
    """Those of the stories that tell what one before them tells.

    Args:
        workspace: The workspace.
        stories: In the order in which they are told.
    """
    with workspace.database.read() as connection:
        known = library.of_stories(connection, stories)
    places = {one.id: at for at, one in enumerate(known.values())}
    again = repeats.of(list(known.values()))
    groups: dict[int, int] = {}
    found = []
    for story in sorted(known, key=lambda one: places[known[one].id]):
        number = known[story].id
        if groups.setdefault(again.get(number, number), number) != number:
            found.append(story)
    return found


def offer_for(
    workspace: Workspace, list_name: str, rules: ComposeRules, snapshot: Snapshot, *, waiting: Collection[int] = ()
) -> repeats.Offer:
    """What a draft of a list may be offered, newest first, each story once: none that an issue of the list has.

    How much an issue takes does not matter here.

    Args:
        workspace: The workspace.
        list_name: The list.
        rules: What they keep out is not offered.
        snapshot: Of the workspace.
        waiting: Ids of articles that are candidates already.
    """
    now = workspace.now()
    target = snapshot.list_named(list_name)
    free = compose.choose(
        unused(workspace, list_name, snapshot=snapshot), replace(rules, most=0, per_section=0), now=now
    )
    earliest = min(map(compose.when, free), default=now) - _LOOK_BACK
    with workspace.database.read() as connection:
        since = library.holdings(connection, since=earliest)
        stories = {one: issue.number for issue in snapshot.issues if issue.list == list_name for one in issue.stories}
        held = {one.id: f"issue {stories[story]}" for story, one in library.of_stories(connection, stories).items()}
        carried = library.carried_to(connection, target.id, "weekly")
    numbers = {one.id: next((key for key in one.carried_in if key.isdecimal()), "") for one in since}
    taken = {number: f"issue {numbers[number]}" if numbers.get(number) else "what went out" for number in carried}
    return repeats.each_story_once(free, since, taken=taken | held, waiting=waiting)


def as_sections(holdings: Sequence[Holding], *, first: int) -> tuple[tuple[Section, ...], Mapping[str, str]]:
    """Articles as sections of stories, and the local pictures to be copied for them; a lost picture is left out.

    Args:
        holdings: The articles.
        first: Number of the first picture.
    """
    made = compose.draft(holdings, number=1, newsletter="", list_name="")
    moved, copies = compose.with_local_pictures(made, first=first)
    lost = {name for name, source in copies.items() if not Path(source).is_file()}
    sections = tuple(
        replace(section, blocks=tuple(replace(one, image="") if one.image in lost else one for one in section.stories))
        for section in moved.sections
    )
    return sections, {name: source for name, source in copies.items() if name not in lost}


def look_for_pictures(copies: Mapping[str, str]) -> None:
    """See that pictures are where they were.

    Args:
        copies: Name of each in the issue to its path.

    Raises:
        SourceError: One is gone.
    """
    for source in copies.values():
        if not Path(source).is_file():
            raise SourceError(
                "the picture of an article is gone", where=source, mend="put it back, or collect the article again"
            )


def last_picture(folder: Path) -> int:
    """The highest number that a picture of the issue has: a name that is there is not given again.

    Args:
        folder: Of the issue.
    """
    pictures = folder / compose.PICTURES
    names = [path.name for path in pictures.iterdir()] if pictures.is_dir() else []
    numbers = [int(number) for name in names if (number := name.partition("-")[0]).isdecimal()]
    return max(len(names), *numbers, 0)


def shown_of(
    workspace: Workspace, holdings: Sequence[Holding], rules: ComposeRules, *, fixed: int = 0, has_stories: bool
) -> list[Holding]:
    """Those that a draft may show of what could wait in it, the newest; sticky ones first.

    Args:
        workspace: The workspace.
        holdings: All of them.
        rules: What an issue takes by itself.
        fixed: Candidates that stay whatever comes.
        has_stories: Whether the draft has stories. One without goes as it grew: it shows what would be taken.
    """
    most = workspace.settings.compose.candidates
    ordered = sorted(holdings, key=compose.when, reverse=True)
    if rules.pin_sticky:
        ordered.sort(key=lambda one: not one.article.sticky)
    if most and not has_stories:
        most = max(most, rules.most)
        first = [one.id for one in compose.choose(ordered, rules, now=workspace.now())]
        ordered.sort(key=lambda one: one.id not in first)
    kept = {one.id for one in ordered[: max(most - fixed, 0)]}
    return [one for one in holdings if one.id in kept]


def untouched(
    manuscript: Manuscript, there: candidates.Candidates | None, known: Mapping[Story, Holding]
) -> dict[int, Holding]:
    """The articles of the candidates that stand as they were written, by the line on which each begins.

    Args:
        manuscript: The draft's file.
        there: Its candidates, if it has any.
        known: The article of each story among them.
    """
    if there is None:
        return {}
    lines, found = manuscript.lines, dict[int, Holding]()
    last = {span.first: span.last for span in there.spans}
    for story, holding in known.items():
        text = "".join(lines[story.line - 1 : last[story.line]]).replace("\r\n", "\n").replace("\r", "\n")
        if text.strip("\n") == candidates.text_of(compose.story_of(holding.article, image=story.image)):
            found[story.line] = holding
    return found


def nothing_new(offer: repeats.Offer) -> SourceError:
    """The error that there is nothing a new issue could be made of.

    Args:
        offer: What there is, all of it told already.
    """
    if not offer.repeats:
        return SourceError("the library holds nothing new", mend="collect first: newsletter collect PATH_OR_URL")
    what = f"what is new repeats a story that there is already ({offer.told})"
    return SourceError(what, mend="name it if it shall be told again: newsletter compose ID")


def notes_of(unshown: int, offer: repeats.Offer) -> list[str]:
    """What a draft says of articles that are not among its candidates.

    Args:
        unshown: Articles that could wait in it too.
        offer: With those that repeat others.
    """
    notes = [UNSHOWN.format(count=f"{unshown:,}")] if unshown else []
    return [*notes, REPEATS.format(pairs=offer.told)] if offer.repeats else notes


def switched_off() -> IssueError:
    """The error that the settings want no candidates."""
    return IssueError(
        "no candidates are wanted", where="newsletter.toml: [compose] candidates", mend="set it to true, or to a number"
    )
