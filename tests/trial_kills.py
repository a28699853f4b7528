"""A send that tries its subjects, in a process of its own that dies by SIGKILL at a chosen step, and goes on then.

    python tests/trial_kills.py [--points N]

The steps are commits of the database, renames of letters, and what is remembered outside the database, told of before
they are made: the freeze, the letters of the sample, the pause, the decision, the letters of the rest. Afterwards every
reader has the letter once, those of the sample with the subject that was drawn for them, all others with one.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from newsroom import START, make, open_newsroom, received

_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["newsletter.workflows.plan", "newsletter.workflows.deciding", "newsroom", "sqlalchemy.dialects.sqlite"]
)

SUBJECTS = ("ميناء الجزائر يفتح أبوابه اليوم", "بعد عام من الانتظار: الميناء يعود")
DAY_ONE, LATER = timedelta(), timedelta(hours=3)
BEGIN, END = "begin", "end"
"""The send until it waits, and from its decision on."""


def newsroom(
    root: Path,
    *,
    readers: int,
    least: int,
    more: str = "",
    settings: str = "",
    subjects: tuple[str, ...] = SUBJECTS,
) -> Path:
    """A workspace with an issue whose subjects are tried.

    Args:
        root: The folder to make.
        readers: Subscribers.
        least: Readers for each subject.
        more: More of ``[ab_test]``.
        settings: More of newsletter.toml.
        subjects: Of issue 12.
    """
    make(root, readers=readers, settings=f"[ab_test]\nshare = 0.01\nleast = {least}\n{more}\n{settings}")
    write_issue(root, subjects)
    return root


def write_issue(root: Path, subjects: tuple[str, ...], *, number: int = 12) -> Path:
    """Write the issue.md of an issue with these subjects."""
    folder = root / "issues" / f"{number:04}-port"
    folder.mkdir(parents=True, exist_ok=True)
    said = ", ".join(f'"{one}"' for one in subjects)
    head = f"subjects = [{said}]" if len(subjects) > 1 else f"subject = {said}"
    text = (
        f'+++\nnumber = {number}\n{head}\npreheader = "قراءة في أسبوع المدينة"\nlist = "readers"\n+++\n\n'
        "كلمة المحرر في هذا العدد.\n\n### [خبر الميناء](https://almawja.example.org/1/)\nملخص قصير للخبر الأول.\n"
    )
    (folder / "issue.md").write_text(text, "utf-8")
    return folder / "issue.md"


def run(root: Path, what: str, *, kill_at: int = 0) -> tuple[int, int]:
    """Do a part of the journey in a child.

    Args:
        root: The workspace.
        what: ``BEGIN`` or ``END``.
        kill_at: The step at which it dies, counted from 1; 0 never.

    Returns:
        Its exit code, -9 when it was killed, and how many steps it came to.
    """
    log = root / "steps.log"
    log.write_bytes(b"")
    child = _SERVER.Process(target=_child, args=(str(root), what, kill_at))
    child.start()
    child.join()
    assert child.exitcode is not None
    return child.exitcode, len(log.read_bytes())


def _child(root: str, what: str, kill_at: int) -> None:
    from sqlalchemy import event

    from newsletter import delivery, ledger
    from newsletter.workflows import deciding
    from newsletter.workflows import plan as plans

    counter = itertools.count(1)
    log = os.open(Path(root) / "steps.log", os.O_WRONLY | os.O_APPEND)

    def step() -> None:
        os.write(log, b".")
        if next(counter) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, _arguments: tuple[object, ...]) -> None:
        if name == "os.rename":
            step()

    now = START + (LATER if what == END else DAY_ONE)
    with open_newsroom(Path(root), lambda: now) as workspace:
        _ = workspace.sender, workspace.keys, workspace.templates
        event.listen(workspace.database.engine, "commit", lambda _connection: step())
        sys.dont_write_bytecode = True  # which renames a file, too
        sys.addaudithook(audit)
        with workspace.database.read() as connection:
            found = ledger.sends(connection)
        if found:
            deciding.decide_due(workspace)
            with workspace.database.read() as connection:
                send = ledger.send(connection, found[0].id)
        else:
            issue = plans.choose(workspace, "12", list_name="", rhythm="weekly")
            send = plans.freeze_plan(workspace, plans.make(workspace, issue, list_name="", rhythm="weekly"))
        assert send is not None
        if send.state == "running":
            delivery.run(workspace.setup_of(send), send, lambda _state, _count: None)


def expire(root: Path) -> None:
    """The dead process's leases have run out."""
    with open_newsroom(root, lambda: START) as workspace, workspace.database.write() as connection:
        connection.exec_driver_sql("UPDATE batch SET lease_until = 1 WHERE lease_until IS NOT NULL")


def faults(root: Path, *, readers: int, each: int) -> list[str]:
    """What is wrong with a send that came to its end: who has none, who has two, or another subject than theirs."""
    from sqlalchemy import select

    from newsletter import ledger
    from newsletter.ledger import trials
    from newsletter.ledger.drawing import ordered
    from subscribers.store.tables import subscriber

    letters = received(root)
    counts = Counter(one.to for one in letters)
    wrong = [f"{one} has {number}" for one, number in counts.items() if number != 1]
    wrong += [f"{readers - len(counts)} have none"] if len(counts) != readers else []
    with open_newsroom(root, lambda: START + LATER) as workspace, workspace.database.read() as connection:
        (send,) = ledger.sends(connection)
        result = trials.of_send(connection, send.id)
        people = {row.id: row.address for row in connection.execute(select(subscriber))}
    if send.state != "finished" or result is None or result.chosen != 1:
        return [*wrong, f"the send is {send.state}, its trial {result}"]
    drawn = ordered(people, send.public_id)[: each * 2]
    wanted = {people[one]: result.words_of(at % 2 + 1) for at, one in enumerate(drawn)}
    rest = result.words_of(result.chosen)
    return wrong + [f"{one.to} has «{one.subject}»" for one in letters if one.subject != wanted.get(one.to, rest)]


def strike(made: Path, root: Path, what: str, kill_at: int, copy: Callable[[Path, Path], None]) -> tuple[bool, int]:
    """Kill one part at a step, go on, and go on to the end; whether it died, and how many steps that part had.

    Args:
        made: The workspace before anything was frozen.
        root: Where it is copied.
        what: The part that is killed.
        kill_at: The step; 0 kills nothing.
        copy: Copies a workspace.
    """
    copy(made, root)
    steps, died = 0, False
    for part in (BEGIN, END):
        code, number = run(root, part, kill_at=kill_at if part == what else 0)
        if part == what:
            steps, died = number, code == -signal.SIGKILL
        if code:
            assert died, f"{part} ended with {code}"
            expire(root)
            assert run(root, part)[0] == 0
    return died, steps


def main() -> int:
    """Kill it at so many points, spread over all steps; exit code 1 when a letter is lost, doubled or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=120)
    points = parser.parse_args().points
    readers, each, bad, struck = 24, 4, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        made = newsroom(Path(folder) / "made", readers=readers, least=each)
        steps = {part: strike(made, Path(folder) / f"count-{part}", part, 0, _copied)[1] for part in (BEGIN, END)}
        every = [(part, at) for part in (BEGIN, END) for at in range(1, steps[part] + 1)]
        chosen = every[:: max(1, len(every) // points)]
        print(f"{steps[BEGIN]} steps until it waits, {steps[END]} from the decision on; killed at {len(chosen)}")
        for part, at in chosen:
            root = Path(folder) / f"{part}-{at}"
            died, _ = strike(made, root, part, at, _copied)
            wrong = faults(root, readers=readers, each=each)
            struck += died
            bad += bool(wrong)
            if wrong:
                print(f"{part}, step {at}: {'; '.join(wrong)}")
            shutil.rmtree(root)
    print(f"{struck} died, {bad} of {len(chosen)} went wrong")
    return int(bool(bad))


def _copied(made: Path, root: Path) -> None:
    shutil.copytree(made, root)


if __name__ == "__main__":
    sys.exit(main())
