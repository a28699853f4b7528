"""Nothing lost and nothing doubled, wherever a send dies; who left meanwhile gets nothing."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import kills
import pytest
from settings_text import add_settings

from newsletter import delivery, ledger
from newsletter.delivery import DeliverySetup
from newsletter.errors import SendError
from newsletter.ledger import SendCounts
from newsletter.letters.mime import LEAVE, slot, to_json
from newsletter.models import Issue, Letter, Rendered
from newsletter.senders import Answer, Carrier, Parcel
from newsletter.wiring import Workspace, open_workspace
from newsletter.workspace import folder as workspaces
from subscribers import actions, store, tokens

MARKER = "n0123456789abcdef"
LINK = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
LETTER = Letter(
    sender="نشرة الموجة <news@example.org>",
    reply_to="",
    list_id="readers.example.org",
    rendered=Rendered("أسبوع", f"<p>كلمة {LINK}</p>", f"كلمة\n{LINK}\n"),
    marker=MARKER,
    unsubscribe_url=LINK,
    unsubscribe_mail="mailto:news@example.org",
    date=datetime(2026, 11, 24, tzinfo=UTC),
)
ISSUE = Issue(1, "عدد")


def make(root: Path, readers: int, *, batch: int) -> list[str]:
    workspaces.make(
        root, name="الموجة", url="https://example.org", sender="news@example.org", web="", language="ar", timezone="UTC"
    )
    # A power cut is not what is tested here; without fsync the many runs are quick.
    add_settings(root, f"[sender]\nbatch = {batch}\nlease = 1\nfsync = false")
    addresses = [f"reader{number}@example.net" for number in range(readers)]
    with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
        store.add_list(connection, "readers", "الموجة", now=workspace.now())
        for address in addresses:
            actions.add_subscriber(connection, address, "readers", now=workspace.now())
    return addresses


def write_issue(root: Path) -> None:
    """Issue 1 of one story, as an editor would have written it."""
    folder = root / "issues" / "1"
    folder.mkdir(parents=True)
    text = '+++\nnumber = 1\nsubject = "أسبوع"\n+++\n\n### [عنوان](https://example.org/a)\nملخص.\n'
    (folder / "issue.md").write_text(text, "utf-8")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    make(tmp_path / "w", 5, batch=2)
    with open_workspace(tmp_path / "w", {}) as workspace:
        yield workspace


def received(root: Path) -> Counter[str]:
    """How many letters lie in the Maildir for each address; each of them must be whole."""
    counts: Counter[str] = Counter()
    for folder in ("new", "cur"):
        for path in (root / "outbox" / folder).iterdir():
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            assert not message.defects
            assert path.name == f"{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
            counts[message["To"]] += 1
    return counts


def run(setup: DeliverySetup, told: Counter[str] | None = None) -> SendCounts:
    with setup.database.read() as connection:
        sends = ledger.sends(connection)
    send = sends[0] if sends else delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")

    def progress(state: str, count: int) -> None:
        if told is not None and count:
            told[state] += count

    return delivery.run(setup, send, progress)


def test_a_send_reaches_everybody_once(workspace: Workspace) -> None:
    told: Counter[str] = Counter()
    assert run(workspace.delivery_setup, told) == SendCounts(submitted=5, reasons={})
    assert told == {"submitted": 5}
    assert received(workspace.root) == Counter(f"reader{number}@example.net" for number in range(5))
    assert run(workspace.delivery_setup) == SendCounts(submitted=5, reasons={})
    assert received(workspace.root).total() == 5
    with workspace.database.read() as connection:
        assert [send.state for send in ledger.sends(connection)] == ["finished"]


def test_every_subscriber_gets_a_link_of_their_own(workspace: Workspace) -> None:
    run(workspace.delivery_setup)
    keys = workspace.keys.tokens
    seen = set()
    with workspace.database.read() as connection:
        people = {person.address: person for person, _ in store.subscribers(connection, 1)}
    for path in (workspace.root / "outbox" / "new").iterdir():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        token = message["List-Unsubscribe"].partition("/leave/")[2].partition(">")[0]
        claim = tokens.read(token, "leave")
        person = people[message["To"]]
        assert claim.public_id == person.public_id
        assert tokens.verify(claim, keys, person.epoch)
        assert token in message.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert token in message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        seen.add(token)
    assert len(seen) == 5


@pytest.mark.slow
def test_wherever_it_dies_the_next_run_completes_it(tmp_path: Path) -> None:
    made = tmp_path / "made"
    addresses = make(made, 3, batch=2)
    frozen = to_json(LETTER)
    killed = 0
    for kill_at in range(1, 200):
        root = tmp_path / str(kill_at)
        shutil.copytree(made, root)
        status = kills.send(root, kill_at=kill_at, frozen=frozen)
        if status == 0:
            break
        assert status == -9
        killed += 1
        with open_workspace(root, {}) as workspace, workspace.database.write() as connection:
            # The dead process's lease has run out.
            connection.exec_driver_sql("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")
        assert kills.send(root, frozen=frozen) == 0
        assert received(root) == Counter(addresses), f"killed at step {kill_at}"
        assert list((root / "outbox" / "tmp").iterdir()) == []
        with open_workspace(root, {}) as workspace, workspace.database.read() as connection:
            (send,) = ledger.sends(connection)
            assert send.state == "finished"
            assert ledger.account(connection, send.id) == SendCounts(submitted=3, reasons={})
    # Freezing, two batches of claim, mark, renames and record, and the end: more steps than these would be a change.
    assert killed >= 15


@pytest.mark.slow
def test_a_send_killed_after_the_first_of_200_letters_is_completed_without_doubles(tmp_path: Path) -> None:
    addresses = make(tmp_path / "w", 200, batch=100)
    frozen = to_json(LETTER)
    assert kills.send(tmp_path / "w", kill_at=2, steps="rename", frozen=frozen) == -9
    assert received(tmp_path / "w").total() == 1
    assert kills.send(tmp_path / "w") == 0
    assert received(tmp_path / "w") == Counter(addresses)


@pytest.mark.slow
def test_a_letter_that_a_mail_program_has_read_counts_as_taken(tmp_path: Path) -> None:
    addresses = make(tmp_path / "w", 4, batch=4)
    assert kills.send(tmp_path / "w", kill_at=3, steps="rename", frozen=to_json(LETTER)) == -9
    new, cur = tmp_path / "w" / "outbox" / "new", tmp_path / "w" / "outbox" / "cur"
    for path in new.iterdir():
        path.rename(cur / f"{path.name}:2,S")
    assert kills.send(tmp_path / "w") == 0
    assert len(list(cur.iterdir())) + len(list(new.iterdir())) == len(addresses)


@pytest.mark.slow
def test_a_resumed_send_does_not_render_again(tmp_path: Path) -> None:
    make(tmp_path / "w", 4, batch=2)
    assert kills.send(tmp_path / "w", kill_at=2, steps="rename", frozen=to_json(LETTER)) == -9
    changed = replace(LETTER, rendered=Rendered("آخر", f"<p>آخر {LINK}</p>", f"آخر {LINK}"))
    assert kills.send(tmp_path / "w", frozen=to_json(changed)) == 0
    subjects = {
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)["Subject"]
        for path in (tmp_path / "w" / "outbox" / "new").iterdir()
    }
    assert subjects == {"أسبوع"}


def test_who_left_after_the_freeze_is_skipped_with_the_reason(workspace: Workspace) -> None:
    setup = workspace.delivery_setup
    delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
    with workspace.database.write() as connection:
        people = {person.address: person for person, _ in store.subscribers(connection, 1)}
        store.set_status(connection, people["reader3@example.net"].id, 1, "left", now=workspace.now())
    account = run(setup)
    assert (account.submitted, account.skipped) == (4, 1)
    assert account.reasons == {"no longer subscribed": 1}
    assert "reader3@example.net" not in received(workspace.root)


def test_a_batch_that_everybody_left_is_settled_without_the_sender(workspace: Workspace) -> None:
    setup = workspace.delivery_setup
    delivery.freeze_letter(setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
    with workspace.database.write() as connection:
        for person, _ in store.subscribers(connection, 1):
            store.set_status(connection, person.id, 1, "left", now=workspace.now())
    assert run(setup) == SendCounts(skipped=5, reasons={"no longer subscribed": 5})


def test_nobody_to_send_to_is_said_and_leaves_nothing(workspace: Workspace) -> None:
    with workspace.database.write() as connection:
        for person, _ in store.subscribers(connection, 1):
            store.set_status(connection, person.id, 1, "left", now=workspace.now())
    with pytest.raises(SendError, match="nobody on the list"):
        delivery.freeze_letter(workspace.delivery_setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
    with workspace.database.read() as connection:
        assert ledger.sends(connection) == []


@pytest.mark.slow
def test_two_processes_share_a_send_without_doubles(tmp_path: Path) -> None:
    import threading

    addresses = make(tmp_path / "w", 120, batch=3)
    with open_workspace(tmp_path / "w", {}) as workspace:
        delivery.freeze_letter(workspace.delivery_setup, ISSUE, LETTER, list_id=1, rhythm="weekly")
    results: list[int] = []
    starters = [threading.Thread(target=lambda: results.append(kills.send(tmp_path / "w"))) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert results == [0, 0, 0]
    assert received(tmp_path / "w") == Counter(addresses)


class Mute(Carrier):
    """A provider that takes a submission and dies before it answers, and cannot be asked afterwards."""

    name = "mute"
    batch_size = 2
    connections = 1
    sockets = 1

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.dies = True

    def load(self, _letter: Letter) -> Mute:
        return self

    def begin(self, parcels: Sequence[Parcel], _request_id: str) -> Mute:
        self.waiting = [parcel.delivery for parcel in parcels]
        return self

    def finish(self) -> Answer:
        self.taken += self.waiting
        if self.dies:
            self.dies = False
            raise SendError("the connection broke")
        return Answer()

    def abandon(self) -> None:
        self.waiting = []

    def settle(self, _names: Collection[str]) -> set[str] | None:
        return None

    def close(self) -> None:
        pass


def test_what_a_provider_cannot_tell_is_unknown_and_never_sent_again(workspace: Workspace) -> None:
    mute = Mute()
    setup = replace(workspace.delivery_setup, sender=mute)
    with pytest.raises(SendError, match="the connection broke"):
        run(setup)
    told: Counter[str] = Counter()
    account = run(setup, told)
    assert (account.submitted, account.unknown) == (3, 2)
    assert told == {"unknown": 2, "submitted": 3}
    assert sorted(mute.taken) == [1, 2, 3, 4, 5]


def test_who_lost_the_lease_lets_no_byte_go(workspace: Workspace) -> None:
    class Slow(Mute):
        """Is overtaken while it hands over the letter."""

        abandoned = 0

        def begin(self, parcels: Sequence[Parcel], request_id: str) -> Mute:
            super().begin(parcels, request_id)
            if not self.abandoned:
                with workspace.database.write() as connection:
                    connection.exec_driver_sql("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")
            return self

        def abandon(self) -> None:
            super().abandon()
            self.abandoned += 1

    slow = Slow()
    slow.dies = False
    account = run(replace(workspace.delivery_setup, sender=slow))
    assert slow.abandoned == 1
    assert account.submitted == 5
    assert sorted(slow.taken) == [1, 2, 3, 4, 5]


def test_an_outbox_that_is_a_file_is_said_and_the_send_goes_on_later(workspace: Workspace) -> None:
    (workspace.root / "outbox").write_text("not a folder")
    with pytest.raises(SendError, match="the outbox cannot be written") as caught:
        run(workspace.delivery_setup)
    assert "run the same command again" in caught.value.mend
    (workspace.root / "outbox").unlink()
    assert run(workspace.delivery_setup).submitted == 5


def test_a_full_disk_stops_the_send_and_nothing_is_lost(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from newsletter.senders.outbox import maildir

    real, writes = os.open, 0

    def full(path: str, flags: int, mode: int = 0o777) -> int:
        nonlocal writes
        new = bool(flags & os.O_EXCL) and "outbox" in Path(path).parts
        writes += new
        if new and writes == 4:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        return real(path, flags, mode)

    monkeypatch.setattr(maildir.os, "open", full)
    with pytest.raises(SendError, match=r"No space left on device\); free some space"):
        run(workspace.delivery_setup)
    assert list((workspace.root / "outbox" / "tmp").iterdir()) == []
    assert received(workspace.root).total() == 2
    monkeypatch.undo()
    assert run(workspace.delivery_setup).submitted == 5
    assert received(workspace.root) == Counter(f"reader{number}@example.net" for number in range(5))


def test_a_test_letter_leaves_no_trace_in_the_ledger(workspace: Workspace) -> None:
    name = delivery.send_test(workspace.delivery_setup, LETTER, "editor@example.org")
    assert received(workspace.root) == {"editor@example.org": 1}
    assert (workspace.root / "outbox" / "new" / f"{name}.eml").exists()
    with workspace.database.read() as connection:
        assert ledger.sends(connection) == []


def test_states_are_counted_and_waiting_is_none() -> None:
    counts = delivery.StateCounts()
    for state, count in (("submitted", 3), ("waiting", 30), ("skipped", 1), ("full", 1), ("submitted", 2)):
        counts(state, count)
    assert counts.states == {"submitted": 5, "skipped": 1}
    assert counts.submitted == 5
    assert delivery.StateCounts().submitted == 0
