"""Every command in its place: the groups, the panels of the help, and what every command takes."""

from __future__ import annotations

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
    importing,
    latest,
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
from newsletter.cli.app import App, group
from newsletter.cli.output import data
from newsletter.text.sentences import said

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
    importing.import_,
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
    ("The week", (weekly.weekly, latest.latest, scheduling.schedule)),
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


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
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
