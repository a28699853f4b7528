"""From a frozen send to letters at the provider: claim, ask who is still eligible, submit, record; and resume.

The order of writes is the promise. A delivery is ``queued`` until everything but the last byte is with the provider;
then one committed UPDATE, which only the holder of the lease can make, says ``submitting``; then the last byte goes,
and the answer is recorded. So a process that dies leaves either a batch whose last byte never went, which is simply
tried again, or one in doubt, which the sender settles by looking or the ledger keeps as ``unknown``.
"""

from __future__ import annotations

import contextlib
import gc
import secrets
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from newsletter import ledger, media
from newsletter.delivery import probing, warming
from newsletter.delivery.answering import MOST_UNKNOWN_IN_A_ROW
from newsletter.delivery.counting import let_out
from newsletter.delivery.freezing import AudienceChangedError, PeriodTakenError, freeze, freeze_letter
from newsletter.delivery.probing import LettersWaitingError, SendPausedError, is_braked
from newsletter.delivery.processes import HelperProcesses
from newsletter.delivery.run import Run
from newsletter.delivery.setup import NO_LIMIT, WAITS, DeliverySetup, Progress, StateCounts
from newsletter.errors import HeldSendError, SendError
from newsletter.ledger import Send, SendCounts
from newsletter.ledger.models import BEGUN_THROUGH
from newsletter.letters.mime import SLOT_WIDTHS
from newsletter.models import Letter
from newsletter.rhythms.audience import audience, rhythms_of
from newsletter.senders import Parcel
from newsletter.storage.retry import Retrying
from subscribers import store, test_link

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "MOST_UNKNOWN_IN_A_ROW",
    "NO_LIMIT",
    "SLOT_WIDTHS",
    "WAITS",
    "AudienceChangedError",
    "DeliverySetup",
    "LettersWaitingError",
    "PeriodTakenError",
    "Progress",
    "Run",
    "SendPausedError",
    "SenderChangedError",
    "StateCounts",
    "agree_to_sender",
    "audience",
    "freeze",
    "freeze_letter",
    "is_braked",
    "pause_for_sender",
    "rhythms_of",
    "run",
    "send_test",
    "sender_changed",
]


class SenderChangedError(HeldSendError):
    """A send is to go on through another provider or account than it was frozen for."""


def sender_changed(setup: DeliverySetup, send: Send) -> bool:
    """Whether a send was frozen for another provider or account than the settings name now.

    Args:
        setup: What every delivery needs.
        send: Any send; those of older versions do not say what they were frozen for.
    """
    return bool(setup.account and send.sender) and setup.account != send.sender


def pause_for_sender(setup: DeliverySetup, send: Send) -> str:
    """Pause a send that was begun through another provider or account, until an editor says how it goes on.

    Args:
        setup: What every delivery needs.
        send: A send for which ``sender_changed`` is true.

    Returns:
        The reason, for people.
    """
    reason = f"{BEGUN_THROUGH} «{send.sender}», and the settings say «{setup.account}» now"
    with setup.database.write() as connection:
        ledger.brake(connection, send.id, by="provider", reason=reason, probe_in=None)
    return reason


def agree_to_sender(setup: DeliverySetup, connection: Connection, send: Send) -> Send:
    """Let a send go on through the sender of the settings, also when that is why it rests; the send as it is then.

    Args:
        setup: What every delivery needs.
        connection: A writing transaction.
        send: The send.
    """
    if not sender_changed(setup, send):
        return send
    ledger.change_sender(connection, send, setup.account)
    agreed = ledger.send(connection, send.id)
    if agreed is not None and agreed.state == "paused" and agreed.paused_by == "provider" and agreed.probe_at is None:
        ledger.move(connection, agreed, "running")
        agreed = ledger.send(connection, send.id)
    return agreed or send


def run(
    setup: DeliverySetup,
    send: Send,
    progress: Progress,
    over: threading.Event | None = None,
    *,
    at_once: bool = True,
) -> SendCounts:
    """Deliver everything of a send that is still open, and close it when nothing is.

    Any number of processes may run the same send at once, and each runs as many submissions at once as its sender
    has connections. What was interrupted is continued, with the letter as it was frozen.

    Args:
        setup: What every delivery needs.
        send: A send that runs, or that its provider has stopped: that is tried with one letter first, and goes on
            when this one is taken.
        progress: Told what becomes of the letters.
        over: Set by somebody else when nothing new is to be begun.
        at_once: Try a send that was stopped also before its time, by an editor's word.

    Returns:
        How many deliveries of the send are in each state then.

    Raises:
        SendPausedError: The provider takes nothing; the send is paused, and tried again by itself.
        SenderChangedError: It was begun through another provider or account, and is paused by that.
        SendError: The provider or the outbox takes nothing more; everything is kept for the next run. Or the database
            does not know of letters that went, and an editor is to say how to go on.
        DatabaseError: The ledger cannot be written; the same.
    """
    if sender_changed(setup, send):
        raise SenderChangedError(
            f"issue {send.issue} rests: {pause_for_sender(setup, send)}",
            mend="set them back, or go on with: newsletter send --with-this-sender",
        )
    with _fewer_collections(), _remembered(setup, send):
        retrying = Retrying(setup.database, patience=setup.patience, sleep=setup.sleep)
        if retrying.read(store.anybody_uncounted):
            retrying.write(lambda connection: let_out(connection, send.id))
        if _goes(setup, retrying, send, progress, over, at_once=at_once):
            # A worker comes back by itself.
            ours = Run(setup, send, progress, waits=over is None)
            helpers = _helpers(setup, retrying, send, ours) if over is None else None
            _work(ours, setup.sender.connections, over, helpers)
            if (paused := retrying.read(lambda connection: probing.paused(connection, send.id))) is not None:
                raise paused
        return retrying.read(lambda connection: ledger.account(connection, send.id))


def _goes(
    setup: DeliverySetup,
    retrying: Retrying,
    send: Send,
    progress: Progress,
    over: threading.Event | None,
    *,
    at_once: bool,
) -> bool:
    """Whether a send goes on: one that its provider has stopped does when a letter of it is taken.

    Raises:
        SendPausedError: It does not.
    """
    if send.paused_by == "warm-up":
        retrying.write(lambda connection: warming.resume(setup, connection, send.id))
    paused = retrying.read(lambda connection: probing.paused(connection, send.id, tried=False))
    if paused is None:
        return True
    if not retrying.write(lambda connection: probing.take(setup, connection, send.id, at_once=at_once)):
        raise paused
    _work(Run(setup, send, progress, probes=True), 1, over)

    def outcome(connection: Connection) -> probing.SendPausedError | None:
        # All who were left may have gone meanwhile, so that nobody is there to try it with.
        if ledger.waiting(connection, send.id) is None:
            ledger.go_on(connection, send.id)
        return probing.paused(connection, send.id)

    if (still := retrying.write(outcome)) is not None:
        raise still
    return over is None or not over.is_set()


def _remembered(setup: DeliverySetup, send: Send) -> contextlib.AbstractContextManager[None]:
    """What is to be written down outside the database while letters go."""
    if setup.memory is None:
        return contextlib.nullcontext()
    retrying = Retrying(setup.database, patience=setup.patience, sleep=setup.sleep)
    return setup.memory.delivering(retrying, send, setup.now, setup.sender.name)


@contextlib.contextmanager
def _fewer_collections() -> Iterator[None]:
    """A batch makes thousands of objects that die together, with no circle among them: the collector, which comes
    after every 700, would look at them for a tenth of the whole time (measured)."""
    with _collecting.lock:
        _collecting.runs += 1
        if _collecting.runs == 1:
            _collecting.before = gc.get_threshold()
            gc.set_threshold(max(_collecting.before[0], 50_000) if gc.isenabled() else 0, *_collecting.before[1:])
    try:
        yield
    finally:
        with _collecting.lock:
            _collecting.runs -= 1
            if not _collecting.runs:
                gc.set_threshold(*_collecting.before)


class _Collecting:
    """How often the collector comes when no send is under way, while some are: a worker runs several at once."""

    lock = threading.Lock()
    runs = 0
    before = (700, 10, 10)


_collecting = _Collecting()


def _helpers(setup: DeliverySetup, retrying: Retrying, send: Send, ours: Run) -> HelperProcesses | None:
    """The other processes of this send, none of them started; None when there are to be none."""
    if setup.processes < 2 or not setup.helper or send.audience < setup.helped_from:
        return None
    if retrying.read(lambda connection: ledger.account(connection, send.id)).open < setup.helped_from:
        return None
    return HelperProcesses([*setup.helper, str(send.id)], setup.processes - 1, ours)


def _work(ours: Run, threads: int, over: threading.Event | None, helpers: HelperProcesses | None = None) -> None:
    """Let threads work until nothing is left for them, with helpers from the moment on when letters are taken."""
    # Events, since a join that a signal strikes takes its thread for ended on Python 3.11 (bpo-45274).
    ends: list[threading.Event] = []
    try:
        for _ in range(threads):
            end = threading.Event()
            threading.Thread(target=ours.work, args=(end,), daemon=True).start()
            ends.append(end)
        for end in ends:
            while not end.wait(None if over is None and helpers is None else 0.1):
                if over is not None and over.is_set():
                    ours.over.set()
                if helpers is not None and ours.has_taken:
                    helpers.start()
    except BaseException:
        # Ctrl-C strikes here and nowhere else: what is under way comes to its end, nothing new is begun.
        ours.over.set()
        if helpers is not None:
            helpers.stop()
        for end in ends:
            end.wait()
        if helpers is not None:
            helpers.wait()
        raise
    if helpers is not None:
        helpers.stop()
        helpers.wait()
    if ours.failure is not None:
        raise ours.failure


def send_test(setup: DeliverySetup, letter: Letter, address: str) -> str:
    """Send the letter to one address without writing it into the ledger; its links to leave and to choose are nobody's.

    Pictures that it names at the reader pages are put there first, for good when its issue went out before, also by a
    send that the database does not know; those of test letters of long ago go.

    Args:
        setup: What every delivery needs.
        letter: As it was rendered.
        address: Where it goes, normalised.

    Returns:
        The name of the letter, the left side of its Message-ID.

    Raises:
        SendError: The provider did not take it.
        WorkspaceError: The stamps of what was sent cannot be read.
    """
    name = f"test-{secrets.token_hex(8)}.0"
    if letter.rendered.hosted:
        # After a restore, letters in inboxes may name what only this test letter brings back.
        went = setup.memory is not None and bool(setup.memory.stamps.of_issue(letter.issue))
        with setup.database.write() as connection:
            media.put(connection, letter.rendered.hosted, now=setup.now(), frozen=went)
            media.remove_unused(connection, now=setup.now())
    carrier = setup.sender.load(letter)
    try:
        slots = dict.fromkeys(SLOT_WIDTHS, test_link.NOBODY.encode())
        parcel = Parcel(0, name, address, slots)
        answer = carrier.begin([parcel], secrets.token_hex(16)).finish()
    finally:
        carrier.close()
    state, reason = answer.apart.get(0, (answer.state, answer.reason))
    if state != "submitted":
        raise SendError(f"the test letter to {address} is {state}" + (f": {reason}" if reason else ""))
    return name
