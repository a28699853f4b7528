"""The command that puts an issue where others read it than in their inbox: publish."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.acting import note_act
from newsletter.cli.app import STOPPED, workspace_of
from newsletter.cli.options import AsJson, IssueName, Yes
from newsletter.cli.output import ask, data, is_yes, json_data, on_terminal, say
from newsletter.text.sentences import Sentence, said

if TYPE_CHECKING:
    from newsletter.publish import PublishOutcome


_COMMANDS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal takes for commands; a site's words may hold them."""


def publish(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="wordpress or files.")],
    name: IssueName = "",
    status: Annotated[
        str, typer.Option("--status", help="wordpress: draft or publish. [default: as [publish] says, else draft]")
    ] = "",
    post_type: Annotated[str, typer.Option("--type", help="wordpress: another type than post.")] = "",
    category: Annotated[
        list[str] | None,
        typer.Option("--category", metavar="SLUG", help="wordpress: a category that the site has; several times."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="files: the folder they go to.")] = None,
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="files: the address they will have; remembered in the folder.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over what somebody has changed there.")] = False,
    new: Annotated[
        bool, typer.Option("--new", help="wordpress: another post, where the first was thrown away.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put an issue on the newsroom's own site: one post of WordPress, or the archive as files.

    The post is made of blocks that the site's theme styles, a draft until you say `--status publish`. The same command
    again updates the same post, and writes nothing where nothing has changed. What somebody has changed there is never
    written over without `--force`: the difference is shown. Once published, its status, date, author and categories
    are the site's. Exit code 1: a person is needed; 75: the site cannot be reached, the same command completes it.

    \b
    Examples:
      newsletter publish --to wordpress
      newsletter publish 12 --to wordpress --status publish --category letters
      newsletter publish --to files --out public --url https://letters.example.org
    """
    from newsletter.publish import PublishInterruptedError, PublishTalk, PublishWish, targets

    if to not in targets.names():
        raise typer.BadParameter(
            said("--to takes {targets}, not {to}", targets=" or ".join(targets.names()), to=f"{to!r}")
        )
    if status not in ("", "draft", "publish"):
        raise typer.BadParameter(said("--status takes draft or publish, not {status}", status=f"{status!r}"))
    target = targets.target(to)
    given = {
        "status": status,
        "type": post_type,
        "category": category,
        "out": out,
        "url": url,
        "force": force,
        "new": new,
        "dry-run": dry_run,
        "yes": yes,
    }
    for option, value in given.items():
        if value and option not in target.takes:
            raise typer.BadParameter(said("--{option} means nothing with --to {to}", option=option, to=to))
    wish = PublishWish(
        status=status,  # type: ignore[arg-type]  # looked at above
        post_type=post_type,
        categories=tuple(category) if category else None,
        folder=out,
        url=url,
        force=force,
        anew=new,
        dry_run=dry_run,
    )

    def sure(question: str) -> bool:
        asked = question if isinstance(question, Sentence) else _COMMANDS.sub(" ", question)
        return yes or is_yes(ask(said("{question} Type yes to go on, anything else to stop", question=asked)))

    with workspace_of(context) as workspace:
        try:
            outcome = target.publish(workspace, name, wish, PublishTalk(_say if on_terminal() else _quiet, sure))
        except PublishInterruptedError as stopped:
            say(said("error: {stopped}", stopped=stopped))
            raise typer.Exit(STOPPED) from None
        if outcome.issue and outcome.done in ("created", "updated", "published") and not dry_run:
            note_act(workspace, "publish", outcome.issue)
    _tell(outcome, as_json=as_json)
    if outcome.done == "refused":
        raise typer.Exit(1)


def _harmless(words: str) -> str:
    return _COMMANDS.sub(" ", words)


def _say(words: str) -> None:
    say(words.cleaned(_harmless) if isinstance(words, Sentence) else _harmless(words))


def _quiet(_line: str) -> None:
    """Progress is for somebody who looks on."""


def _tell(outcome: PublishOutcome, *, as_json: bool) -> None:
    if outcome.difference:
        _say(outcome.difference.rstrip("\n"))
    for line in outcome.lines:
        _say(line)
    if as_json:
        json_data(
            {
                "target": outcome.target,
                "done": outcome.done,
                "address": outcome.address or None,
                "difference": outcome.difference or None,
                "lines": list(outcome.lines),
                **outcome.values,
            }
        )
    elif outcome.address:
        data(outcome.address)
