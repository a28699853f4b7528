"""The command ``newsletter``: arguments in, one verb, words out, an exit code.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the check found errors, 4 some letters were refused or are unknown,
5 nothing sent though something was due, 75 stopped in the middle (run it again).
Nothing heavy is imported before a command needs it, so ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import (
    activity,
    answering,
    approving,
    backing_up,
    composing,
    connecting,
    deciding,
    deliverability,
    desking,
    diverting,
    editing,
    examining,
    hygiene,
    lists,
    looking,
    people,
    posting,
    publishing,
    reporting,
    restoring,
    scheduling,
    sending,
    sends,
    service,
    serving,
    setting_up,
    speaking,
    sponsors,
    status,
    subjects,
    subscribing,
    suppressing,
    theming,
    undoing,
    unknown,
    weekly,
    wordpress,
    working,
)
from newsletter.cli.app import FOUND_ERRORS, NOTHING_SENT, App, group
from newsletter.cli.output import data, discard_stdout, flush, say
from newsletter.errors import HeldSendError, NotApprovedError, file_limit_error
from newsletter.text.sentences import said
from subscribers.errors import Complaint

__all__ = ["app", "main"]

app = App(
    "newsletter",
    no_args_is_help=False,
    help="""Send the week of a newsroom that writes from right to left to its readers.

    A first letter, from nothing:

    \b
      newsletter init
      newsletter collect
      newsletter compose --latest 5
      newsletter edit
      newsletter open
      newsletter subscribers import readers.csv
      newsletter send
    """,
)
_DATABASE = group(
    "database",
    "The workspace's database: bring it up to date, copy it, take a restored one.",
    setting_up.upgrade,
    backing_up.backup,
    setting_up.copy,
    restoring.adopt,
)
_SUBSCRIBERS = group(
    "subscribers",
    "Subscribers of the lists: add, import, show, leave, erase …",
    subscribing.add,
    subscribing.import_,
    subscribing.list_,
    people.export,
    people.show,
    people.stats,
    people.leave,
    suppressing.suppress,
    suppressing.unsuppress,
    group("hygiene", "", hygiene.ask, alone=hygiene.hygiene),
    group("bounces", "", suppressing.accept, suppressing.dismiss, alone=suppressing.bounces),
    people.erase,
    people.sync,
    answering.inbox,
    posting.letters,
)
_LISTS = group(
    "lists",
    "",
    lists.add,
    lists.rename,
    lists.close,
    lists.open_,
    alone=lists.lists,
)
_SENDS = group(
    "sends",
    "The sends of the workspace: list, show, pause, resume, cancel, settle what is unknown.",
    sends.show,
    sends.pause,
    sends.resume,
    undoing.cancel,
    undoing.refreeze,
    deciding.decide,
    unknown.unknown,
    diverting.divert,
    sends.list_,
)
_SPONSORS = group(
    "sponsors",
    "Sponsors booked in sponsors.toml: list, check, put into an issue, report.",
    sponsors.list_,
    sponsors.check,
    sponsors.place,
    sponsors.report,
)
_DESK = group(
    "desk",
    "",
    group(
        "person",
        "Who signs in at a desk behind a proxy: add, list, give roles or a new password, remove.",
        desking.add,
        desking.list_,
        desking.roles,
        desking.password,
        desking.remove,
    ),
    alone=desking.desk,
)
_WORDPRESS = group(
    "wordpress",
    "Your own WordPress: make the plugin for it, connect it to publish there.",
    wordpress.plugin,
    connecting.connect,
)
_SERVICE = group(
    "service",
    "This workspace as services of systemd: write the units, remove them; what stands before the pages.",
    service.install,
    service.remove,
    service.proxy,
)
# In the order of the help, which is the order in which they are used; Typer puts groups behind commands.
for panel, parts in (
    ("Setting up", (setting_up.init, setting_up.demo, _DATABASE)),
    ("The week", (weekly.weekly, weekly.latest, scheduling.schedule)),
    (
        "Making an issue",
        (
            *(editing.collect, composing.articles, composing.compose, subjects.subjects),
            *(looking.edit, looking.open_, editing.check, editing.preview, theming.theme, _SPONSORS, _DESK),
        ),
    ),
    ("Subscribers", (_LISTS, _SUBSCRIBERS)),
    (
        "Sending",
        (
            *(
                approving.approve,
                sending.send,
                reporting.report,
                deliverability.deliverability,
                status.status,
                examining.doctor,
            ),
            *(publishing.publish, activity.log, working.worker, _SENDS),
        ),
    ),
    ("Reader pages", (serving.serve, serving.embed, _SERVICE, _WORDPRESS)),
):
    for part in parts:
        app.add(part, panel)


def _version(wanted: bool) -> None:
    if wanted:
        from newsletter import __version__

        data(f"nashra {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Option("-C", "--directory", metavar="DIR", help="The workspace, or a folder inside it.")
    ] = Path(),
    lang: Annotated[
        str, typer.Option("--lang", metavar="LANG", help="Language of what is said: en or ar. [default: as LANG says]")
    ] = "",
    _: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """What every command takes."""
    if lang and not speaking.asked_for(["--lang", lang]):
        raise typer.BadParameter(
            said("--lang takes {languages}, not {lang}", languages=" or ".join(speaking.SPOKEN), lang=repr(lang))
        )
    context.obj = directory
    if context.invoked_subcommand is None:
        from newsletter.cli.beginning import alone

        alone(directory)


def main() -> None:
    """Run the command; every problem becomes a line for a person and an exit code."""
    _prepare_streams()
    sys.argv[1:] = speaking.typed(sys.argv[1:])
    speaking.choose(sys.argv[1:], os.environ)
    try:
        try:
            app()
        finally:
            flush()
    except Complaint as complaint:
        for line in speaking.complaint_lines(file_limit_error(complaint) or complaint):
            say(said("error: {line}", line=line))
        if isinstance(complaint, NotApprovedError):
            sys.exit(FOUND_ERRORS)
        sys.exit(NOTHING_SENT if isinstance(complaint, HeldSendError) else 1)
    except BrokenPipeError:
        # Whoever read our data has gone; nothing more can be said on that stream.
        discard_stdout()
        sys.exit(1)
    except UnicodeEncodeError:
        if _debugging():
            raise
        say("error: letters of this command line do not fit the locale; run the same command with LC_ALL=C.UTF-8")
        sys.exit(1)
    except Exception as error:
        if _debugging():
            raise
        if (full := file_limit_error(error)) is not None:
            say(said("error: {line}", line=speaking.complained(full)))
            sys.exit(1)
        # Its first line only: PostgreSQL shows the values of a row in the second, addresses too.
        words = str(error).partition("\n")[0]
        kind = type(error).__name__
        say(said("error: a fault in the program, please report it: {kind}: {words}", kind=kind, words=words))
        say("       (NASHRA_DEBUG=1 shows where it happened)")
        sys.exit(1)


def _debugging() -> bool:
    from newsletter.workspace.layers import DEBUG

    return bool(os.environ.get(DEBUG))


def _prepare_streams() -> None:
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Closed by whoever called us (``>&-``): what is said there goes nowhere.
            nowhere = Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115  stays open
            setattr(sys, name, nowhere)
        elif name != "stdin":
            # A terminal or pipe with a small character set gets question marks, not a traceback.
            stream.reconfigure(errors="replace")
