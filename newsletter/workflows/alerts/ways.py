"""The ways by which an alert reaches somebody: a letter, a program, an address on the web.

One way that fails hides no other, and none of them ever breaks what is being sent.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.errors import NashraError
from newsletter.workflows.status.findings import without_addresses

if TYPE_CHECKING:
    from newsletter.models import Letter
    from newsletter.senders import Sender
    from newsletter.wiring import Workspace

COMMAND_SECONDS, URL_SECONDS, SENDMAIL_SECONDS = 30.0, 10.0, 30.0
SENDMAIL = (Path("/usr/sbin/sendmail"), Path("/usr/lib/sendmail"))
"""Where a mail server of the machine itself is called (Filesystem Hierarchy Standard 3.0, section 4.10)."""
_OUTPUT = 200
"""Characters of what a program says that are kept."""


@dataclass(frozen=True, slots=True)
class AlertOutcome:
    """What came of an alert by one way."""

    way: str
    """``mail``, ``command`` or ``url``."""
    sent: bool
    words: str = ""
    """Why it did not go, or by which other road it went; no address, no secret."""


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """An alert in words, in the language of the site."""

    subject: str
    text: str
    """Plain text."""
    letter: Letter
    """The same as a letter."""
    data: Mapping[str, Any]
    """The same as JSON."""


def tell_all(
    workspace: Workspace, message: AlertMessage, *, broken: bool = False, keep: bool = True
) -> list[AlertOutcome]:
    """Send a message by every way that ``[alerts]`` names.

    Args:
        workspace: An open workspace.
        message: What to tell.
        broken: The provider takes nothing at this moment: a letter goes by another road at once.
        keep: Write a letter that cannot go into the outbox.
    """
    said = workspace.settings.alerts
    outcomes = []
    if said.mail:
        outcomes.append(_guarded("mail", lambda: _mailed(workspace, message.letter, broken=broken, keep=keep)))
    if said.command:
        outcomes.append(_guarded("command", lambda: _run(said.command, message, workspace.root)))
    if said.url:
        outcomes.append(_guarded("url", lambda: _posted(workspace, message.data)))
    return outcomes


def _guarded(way: str, act: Callable[[], str]) -> AlertOutcome:
    try:
        return AlertOutcome(way, True, act())
    except NashraError as error:
        return AlertOutcome(way, False, without_addresses(error.what))
    except Exception as error:
        # Whatever it is, the other ways are tried. Its words can hold an address, or the secret of a chat.
        return AlertOutcome(way, False, type(error).__name__)


def _mailed(workspace: Workspace, letter: Letter, *, broken: bool, keep: bool) -> str:
    """Send the letter to everybody named; by the provider, else by the machine's own mail server, else as a file."""
    # A mail server of this machine may well hand letters on; files do not.
    stays = workspace.provider.options is None and not workspace.provider.leaves(None)
    failure = "the provider takes nothing now" if broken else "letters stay on this machine" if stays else ""
    remaining = [_bare(one) for one in workspace.settings.alerts.mail]
    while remaining and not failure:
        try:
            _carried(workspace.sender, letter, remaining[0])
        except NashraError as error:
            failure = without_addresses(error.what)
        else:
            remaining.pop(0)
    if not remaining:
        return ""
    try:
        for address in remaining:
            _by_sendmail(letter, address)
    except OSError as error:
        raise NashraError(f"{failure}; {error}{_kept(workspace, letter, remaining) if keep else ''}") from None
    return f"by the mail server of this machine ({failure})"


def _carried(sender: Sender, letter: Letter, address: str) -> None:
    """Hand a letter to a sender; nothing is written into the database, which may be what is broken.

    Raises:
        SendError: It was not taken.
    """
    from newsletter.errors import SendError
    from newsletter.senders import Parcel

    carrier = sender.load(letter)
    try:
        parcel = Parcel(0, f"alert-{secrets.token_hex(8)}.0", address, {})
        answer = carrier.begin([parcel], secrets.token_hex(16)).finish()
    finally:
        carrier.close()
    state, reason = answer.apart.get(0, (answer.state, answer.reason))
    if state != "submitted":
        raise SendError(f"the letter is {state}" + (f": {reason}" if reason else ""))


def _bare(mailbox: str) -> str:
    from newsletter.text.mailbox import split_mailbox

    return split_mailbox(mailbox)[1]


def _by_sendmail(letter: Letter, address: str) -> None:
    """Hand a letter to the machine's own mail server.

    Raises:
        OSError: There is none, or it does not take the letter.
    """
    from newsletter.letters.mime import cut

    program = next((one for one in SENDMAIL if os.access(one, os.X_OK)), None)
    if program is None:
        raise FileNotFoundError("no sendmail on this machine")
    values = {"to": address.encode("ascii"), "message_id": f"alert-{secrets.token_hex(8)}".encode("ascii")}
    content = b"".join(cut(letter, {}).fill(values)).replace(b"\r\n", b"\n")
    # The address stands behind "--", so that none is taken for an option.
    code, _ = _called([str(program), "-i", "-f", _bare(letter.sender), "--", address], content, SENDMAIL_SECONDS)
    if code:
        raise OSError(f"sendmail ended with {code}")


def _kept(workspace: Workspace, letter: Letter, addresses: list[str]) -> str:
    """Write the letter as a file, so that it is kept though it reaches nobody; says where it lies."""
    from newsletter.letters.mime import SLOT_WIDTHS
    from newsletter.senders import registry
    from newsletter.senders.provider import Opening

    local = next(one for one in registry.providers() if one.options is None and not one.leaves(None))
    said = workspace.settings.sender
    opening = Opening(workspace.root, workspace.settings.outbox, said.fsync, said.batch, SLOT_WIDTHS)
    sender = local.open(None, opening)
    try:
        for address in addresses:
            _carried(sender, letter, address)
    except NashraError:
        return ""
    return f"; the letter lies in {workspace.settings.outbox}"


def _run(command: str, message: AlertMessage, root: Path) -> str:
    import shlex

    content = json.dumps(message.data, ensure_ascii=False).encode("utf-8")
    more = {"ALERT_SUBJECT": message.subject, "ALERT_TEXT": message.text}
    try:
        code, output = _called(shlex.split(command), content, COMMAND_SECONDS, more, root)
    except OSError as error:
        raise NashraError(f"the program cannot be started ({error.strerror or type(error).__name__})") from None
    if code:
        raise NashraError(f"the program ended with {code}" + (f": {output}" if output else ""))
    return ""


def _called(
    words: list[str],
    content: bytes,
    seconds: float,
    more: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> tuple[int, str]:
    """Run a program without a shell; its exit code and the beginning of what it says.

    Raises:
        OSError: It cannot be started, or takes too long; then it is ended with all it started.
    """
    # Our settings can hold keys; none of them is the program's business.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NASHRA_")}
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, **{name: value.replace("\0", "") for name, value in (more or {}).items()}},
        cwd=folder,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(content, timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise TimeoutError(f"it took longer than {seconds:.0f} s") from None
    said = without_addresses(output[: 4 * _OUTPUT].decode("utf-8", "replace"))
    return process.returncode, said[:_OUTPUT]


def _posted(workspace: Workspace, data: Mapping[str, Any]) -> str:
    """Post the alert as JSON; nothing is followed, and no private host is asked that the settings do not name."""
    import httpx2

    from newsletter.senders.provider import LOOPBACK
    from newsletter.sources.http.connection import AddressGuard, DeadlineError, FetchDeadline, ForbiddenError
    from newsletter.sources.http.transport import guarded_client
    from newsletter.sources.http.vetting import resolve

    url = workspace.settings.alerts.url
    allow = frozenset(host.lower().rstrip(".") for host in workspace.settings.collect.allow_private_hosts)
    clock = FetchDeadline()
    loopback = urlsplit(url).hostname in LOOPBACK
    client = guarded_client(AddressGuard(clock, resolve, loopback, allow))
    try:
        with clock.until(time.monotonic() + URL_SECONDS), client.stream("POST", url, json=dict(data)) as answer:
            status = answer.status_code
    except ForbiddenError as error:
        raise NashraError(f"{error}; name it in [collect] allow_private_hosts") from None
    except (httpx2.HTTPError, DeadlineError, OSError) as error:
        raise NashraError(f"{urlsplit(url).hostname} did not answer ({type(error).__name__})") from None
    finally:
        client.close()
    if not 200 <= status < 300:
        raise NashraError(f"{urlsplit(url).hostname} answered {status}")
    return ""
