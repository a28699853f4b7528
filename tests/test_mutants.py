"""The runner of mutants: which faults it sows, and that its lists are of the code as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mutants import run
from mutants.operators import mutations

SOURCE = '''"""What it says at the top is no behaviour."""
MOST = 80
Pair = tuple[int | str, ...]
TABLE = {"leave": ("left", "goodbye"), "ask": ("pending", None)}


def kept(items, limit=MOST):
    """Nor is this."""
    found = []
    for item in items:
        if item is None or item.size < 1:
            continue
        found.append(f"{item.size + 1}")
        if not limit:
            break
    total = len(found) - 2
    if total:
        raise ValueError("too many")
    return found[:limit]
'''


def test_faults_are_small_and_each_has_a_name_of_its_own() -> None:
    found = mutations("shop.py", SOURCE)
    told = [one.name.removeprefix("shop.py::") for one in found]
    assert told == [
        "module: 80 → 81",
        "module: 80 → 79",
        "module: 'left' → 'pending'",
        "module: 'goodbye' → ''",
        "module: 'pending' → 'left'",
        "kept: item is None or item.size < 1 → not (item is None or item.size < 1)",
        "kept: item is None or item.size < 1 → item is None and item.size < 1",
        "kept: item is None → item is not None",
        "kept: item.size < 1 → item.size <= 1",
        "kept: item.size < 1 → item.size > 1",
        "kept: 1 → 2",
        "kept: 1 → 0",
        "kept: continue → break",
        "kept: found.append(f'{item.size + 1}') → pass",
        "kept: not limit → limit",
        "kept: break → continue",
        "kept: len(found) - 2 → len(found) + 2",
        "kept: 2 → 3",
        "kept: 2 → 1",
        "kept: total → not (total)",
        "kept: raise ValueError('too many') → pass",
        "kept: return found[:limit] → return None",
    ]
    for one in found:
        changed = one.apply(SOURCE.encode()).decode()
        assert changed != SOURCE
        compile(changed, one.path, "exec")
        # Names stay when lines move.
        moved = {again.name for again in mutations("shop.py", "\n\n" + SOURCE)}
        assert one.name in moved


def test_a_fault_stands_in_its_place_also_behind_arabic() -> None:
    source = 'TITLE = "عدد"; MOST = 3\n'
    texts = [one.apply(source.encode()).decode() for one in mutations("x.py", source)]
    assert texts == ['TITLE = "عدد"; MOST = 4\n', 'TITLE = "عدد"; MOST = 2\n']


def test_the_sample_hangs_on_the_names_alone() -> None:
    every = mutations("shop.py", SOURCE)
    drawn = run.sample(every, 5, "1")
    assert len(drawn) == 5
    assert run.sample(every[::-1], 5, "1") == drawn
    assert set(run.sample(every, 4, "1")) < set(drawn)
    assert run.sample(every, 5, "2") != drawn


def test_every_room_has_files_and_tests_of_its_own() -> None:
    for room in run.rooms().values():
        assert room.tests
        for test in room.tests:
            assert (run.ROOT / "tests" / test.partition("::")[0]).is_file(), test
        if room.files:
            assert run.found(room)
    tried = [run.sample(run.found(room), run.MOST, "1") for room in run.rooms().values()]
    assert sum(map(len, tried)) >= 150


def test_the_faults_written_by_hand_are_of_the_code_as_it_is() -> None:
    rooms = run.rooms()
    for room, mutation in run.named():
        assert room in rooms
        source = (run.ROOT / mutation.path).read_bytes()
        compile(mutation.apply(source), mutation.path, "exec")


def test_whatever_may_survive_is_there_and_has_a_reason() -> None:
    names = {one.name for room in run.rooms().values() for one in run.found(room)}
    for name, reason in run.survivors().items():
        assert name in names, f"survivors.toml names what is gone: {name}"
        assert len(reason) > 20


@pytest.mark.parametrize("folder", ["tests", "benchmarks"])
def test_nothing_outside_the_repository_is_read(folder: str) -> None:
    for path in sorted((run.ROOT / folder).rglob("*.py")):
        if "node_modules" in path.parts:
            continue
        depth = len(path.relative_to(run.ROOT).parts) - 1
        climbed = re.findall(r"__file__\)(?:\.resolve\(\))?\.parents\[(\d+)\]", path.read_text("utf-8"))
        assert all(int(number) <= depth for number in climbed), f"{path} climbs out of the repository"


def test_survivors_and_a_share_that_is_too_small_fail_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "HERE", tmp_path)
    room = run.Room("shop", (), ())
    tasks = [run.Task(room, one) for one in mutations("shop.py", SOURCE)[:20]]

    def fates(survived: int) -> dict[run.Task, run.Fate]:
        return {task: "survived" if number < survived else "killed" for number, task in enumerate(tasks)}

    (tmp_path / "survivors.toml").write_text("", "utf-8")
    assert run.report(fates(0)) == 0
    assert run.report(fates(1)) == 1
    assert "survivors.toml does not say why: shop.py:2 shop.py::module: 80 → 81" in capsys.readouterr().out
    listed = "".join(f"[[survivor]]\nmutation = '''{task.mutation.name}'''\nreason = 'equal'\n" for task in tasks[:2])
    (tmp_path / "survivors.toml").write_text(listed, "utf-8")
    assert run.report(fates(1)) == 0
    assert "no longer survives" in capsys.readouterr().out
    # Listed or not: one in ten is too many.
    assert run.report(fates(2)) == 1
    assert "90.0% were noticed; 95% must be" in capsys.readouterr().out
