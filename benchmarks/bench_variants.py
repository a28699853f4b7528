"""What topics cost: letters made for each combination that occurs, whoever many readers there are.

    python benchmarks/bench_variants.py

Readers decline random topics of an issue with two stories in each of eight sections. "letters" is rendering and
checking every variant, "freeze" writing down letters and deliveries in one transaction. The floor in the same run is
one plain render of the whole letter; a letter for each reader would cost that many times as much.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import Integer, cast

from newsletter import issues
from newsletter.models import Issue, Prose, Section, Story
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import letter, plan
from newsletter.workspace import folder as workspaces
from subscribers import actions, store
from subscribers.store.tables import subscription

SECTIONS = ("أخبار", "رياضة", "ثقافة", "اقتصاد", "رأي", "علوم", "صحة", "بيئة")
NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
TOPICS = (0, 3, 5, 8)
MOST_GROWTH = 2.0
"""Times longer that all letters of eight topics may take for ten times the readers: counting them is all that grows."""


def issue() -> Issue:
    """Sixteen stories in eight sections."""
    stories = [
        Story(
            f"حديقة البلدة تفتح بابها رقم {number} بعد عام من العمل",
            f"https://example.org/{number}/",
            "فتحت الحديقة أبوابها صباح اليوم أمام الأهالي، وقال القائمون عليها إن الدخول يبقى مجانيا طوال السنة.",
        )
        for number in range(16)
    ]
    sections = tuple(Section(title, tuple(stories[at * 2 : at * 2 + 2])) for at, title in enumerate(SECTIONS))
    return Issue(1, "أسبوع في الموجة", opening=(Prose("أعزاءنا القراء."),), sections=sections)


@contextmanager
def newsroom(folder: Path, readers: int, topics: int) -> Iterator[Workspace]:
    """A workspace with so many readers who decline random ones of so many topics."""
    root = folder / f"{readers}-{topics}"
    workspaces.make(
        root,
        name="الموجة",
        url="https://example.org",
        sender="news@example.org",
        web="https://news.example.org",
        language="ar",
        timezone="UTC",
    )
    path = root / "newsletter.toml"
    lines = "".join(f'{number} = "{title}"\n' for number, title in enumerate(SECTIONS[:topics], 1))
    path.write_text(f"{path.read_text('utf-8')}\n[topics.readers]\n{lines}", "utf-8")
    csv = root / "readers.csv"
    csv.write_text("email\n" + "".join(f"reader{number}@example.net\n" for number in range(readers)), "utf-8")
    with open_workspace(root, {}) as workspace:
        with workspace.database.write() as connection:
            store.add_list(connection, "readers", "الموجة", now=NOW)
            actions.import_file(connection, csv, "readers", now=NOW, keys=workspace.keys.suppression)
            # A multiplicative hash of the id: every combination, none of them in any order.
            mask = (subscription.c.subscriber_id * 2654435761 / 65536) % (1 << topics)
            connection.execute(subscription.update().values(declined_topics=cast(mask, Integer)))
        issues.write(issue(), root / "issues" / "one")
        yield workspace


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU, since other work may go on beside, and what came of it."""
    start = time.process_time()
    result = act()
    return time.process_time() - start, result


def measure(workspace: Workspace, readers: int, topics: int) -> float:
    """One line of the table; seconds that the letters took."""
    one = issues.read(workspace.root / "issues" / "one" / "issue.md")
    letter.of_issue(workspace, one)
    floor = min(timed(lambda: letter.of_issue(workspace, one))[0] for _ in range(5))
    seconds, planned = timed(lambda: plan.make(workspace, one, list_name="", rhythm="weekly"))
    freezing, send = timed(lambda: plan.freeze_plan(workspace, planned))
    assert send.audience == readers
    count = sum(variant.letter is not None for variant in planned.variants)
    each = seconds / count
    print(
        f"{readers:9,}{topics:8}{count:9}{seconds:9.2f}{each * 1000:9.1f}{floor * 1000:11.1f}{freezing:10.2f}",
        flush=True,
    )
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=100_000, help="readers in the largest workspace, 10,000 or more")
    parser.add_argument("--strict", action="store_true", help="fail when letters grow with readers")
    asked = parser.parse_args()
    print(f"{'readers':>9}{'topics':>8}{'letters':>9}{'made s':>9}{'ms each':>9}{'render ms':>11}{'freeze s':>10}")
    made: dict[tuple[int, int], float] = {}
    sizes = [size for size in (1_000, 10_000, 100_000, 1_000_000) if size <= asked.most]
    with tempfile.TemporaryDirectory() as folder:
        for topics in TOPICS:
            for readers in sizes:
                with newsroom(Path(folder), readers, topics) as workspace:
                    made[readers, topics] = measure(workspace, readers, topics)
    grown = {topics: made[sizes[-1], topics] / made[sizes[-2], topics] for topics in TOPICS}
    told = ", ".join(f"{topics} topics {growth:.1f}x" for topics, growth in grown.items())
    print(f"letters for {sizes[-1]:,} readers beside {sizes[-2]:,}: {told}")
    if asked.strict and grown[TOPICS[-1]] > MOST_GROWTH:
        raise SystemExit("letters grow with readers")


if __name__ == "__main__":
    main()
