"""Make letters and fill them, beside the MJML compiler alone and an ``EmailMessage`` for each subscriber.

    python benchmarks/bench_letters.py

Rendering: issues of 10 and 50 stories in every theme, each time another issue whose texts all differ, with Latin names,
scores, numbers, links and bold in two thirds of the stories. "compiler" is ``mjml.mjml2html`` alone on the very MJML
that our templates gave, measured in turns with ours; nothing that renders through it can be faster. "cold" is the first
letter of a process, with every import and template. Filling: one letter cut once and filled for so many subscribers,
beside the standard library's way.
Times are milliseconds of this process's own CPU (nothing here waits for anything), medians of single runs, with
the least of them beside: neighbours on a busy machine still slow a run down, but cannot speed it up.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from newsletter.letters.mime import LEAVE, cut, slot
from newsletter.letters.render import mjml_of, render, sizes
from newsletter.letters.templates import environment
from newsletter.models import Issue, Letter, Publication, Rendered, Section, Story

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
MARKER = "n0123456789abcdef"
LEAVE_URL = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
PUBLICATION = Publication(
    "الموجة", "https://example.org", timezone="Africa/Algiers", postal_address="14 شارع الميناء، مدينة الواحة"
)
WANTED = {10: 5.0, 50: 15.0}
"""Milliseconds of a whole render, by number of stories."""
WIDTHS = {LEAVE: 52}
HEADLINES = (
    "وزارة التعليم تعمّم تجربة «مدرسة بلا حقائب» على {n} مدرسة",
    "المنتخب يفوز 3-1 على ضيفه ويبلغ النهائيات بعد {n} يومًا",
    "Nova Systems تفتح مركزًا للبرمجة بلغة C++ وتوظّف {n} مهندسًا",
    "حين تتكلّم الجدّات: {n} حكاية من ذاكرة البلدة القديمة",
)
SUMMARIES = (
    "تقول الوزارة في بيانها رقم {n} إن وزن الحقيبة تراجع إلى النصف منذ بداية التجربة، وإن المعلمين والأهالي رحّبوا "
    "بها في أكثر المدن، على أن تشمل باقي المدارس قبل نهاية السنة المقبلة.",
    "سجّل اللاعب رقم {n} هدفين في الدقيقتين 14 و67، وتقدّم فريقه بنسبة 12.5% في ترتيب 2025-2026 قبل أن يختتم "
    "زميله المهرجان في آخر دقيقة أمام جمهور غفير.",
    "أعلنت شركة **Nova Systems** أنها ستوظّف {n} مهندسًا خلال عامين، كما جاء في [بيانها](https://example.org/nova) الذي "
    "نشرته صباح الخميس على موقعها الرسمي.",
)


def issue(number: int, stories: int, template: str) -> Issue:
    """An issue unlike any other: its number stands in every text of it."""
    slug = "%D9%82%D8%B5%D8%A9-" * 8
    made = [
        Story(
            HEADLINES[at % 4].format(n=number * 100 + at),
            f"https://example.org/{number}/{at}/{slug}?utm_source=nashra&utm_medium=email",
            SUMMARIES[at % 3].format(n=number * 100 + at),
            f"https://example.org/media/{number}/{at}-768x512.jpg",
            "مشهد من المدينة",
            "Lina Haddad" if at % 5 == 0 else "هيثم ناصر",
            NOW - timedelta(days=at % 7),
        )
        for at in range(stories)
    ]
    size = max(stories // 5, 1)
    sections = tuple(Section(f"قسم {at}", tuple(made[at : at + size])) for at in range(0, stories, size))
    return Issue(number, f"العدد {number} من الموجة", template=template, sections=sections)


def in_turns(ways: dict[str, Callable[[int], object]], turns: int) -> dict[str, list[float]]:
    """Milliseconds of each way, one after the other in every turn, so that a busy moment strikes them alike."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    gc.disable()
    for turn in range(turns):
        for name, way in ways.items():
            start = time.process_time()
            way(turn)
            times[name].append((time.process_time() - start) * 1000)
        gc.collect()
    gc.enable()
    return times


def rendering(turns: int) -> bool:
    """One line for each theme and size; whether every one is as fast as wanted."""
    from mjml import mjml2html

    templates = environment()
    fast = True
    print(f"{'theme':10}{'stories':>8}{'render ms':>11}{'least':>8}{'compiler':>10}{'wanted':>8}{'bytes':>9}")
    for theme in ("weekly", "digest", "bulletin"):
        for stories, wanted in WANTED.items():
            issues = [issue(number, stories, theme) for number in range(1, turns + 3)]
            sources = [
                mjml_of(one, PUBLICATION, templates, marker=MARKER, leave_url=LEAVE_URL, date=NOW) for one in issues
            ]

            def ours(turn: int, issues: list[Issue] = issues) -> Rendered:
                return render(issues[turn], PUBLICATION, templates, marker=MARKER, leave_url=LEAVE_URL, date=NOW)

            def compiler(turn: int, sources: list[str] = sources) -> str:
                return str(mjml2html(sources[turn], fonts={}))

            size = sizes(ours(turns).html)[0]
            ours(turns + 1)
            times = in_turns({"ours": ours, "compiler": compiler}, turns)
            median = statistics.median(times["ours"])
            fast = fast and median <= wanted
            print(
                f"{theme:10}{stories:8}{median:11.2f}{min(times['ours']):8.2f}"
                f"{statistics.median(times['compiler']):10.2f}{wanted:8.0f}{size:9,}"
            )
    return fast


def cold() -> None:
    """The first letter of a process, from nothing."""
    words = (
        "import sys, time; start = time.perf_counter(); import bench_letters as b;"
        "b.render(b.issue(1, 10, 'weekly'), b.PUBLICATION, b.environment(), marker=b.MARKER, leave_url=b.LEAVE_URL,"
        " date=b.NOW); print((time.perf_counter() - start) * 1000)"
    )
    command = [sys.executable, "-c", words]
    here = Path(__file__).parent
    times = [
        float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=here).stdout) for _ in range(3)
    ]
    print(f"cold, 10 stories, weekly: {min(times):.0f} ms")


def letter() -> Letter:
    """The letter of an ordinary week."""
    made = issue(1, 12, "weekly")
    rendered = render(made, PUBLICATION, environment(), marker=MARKER, leave_url=LEAVE_URL, date=NOW)
    return Letter(
        sender="نشرة الموجة <news@example.org>",
        reply_to="",
        list_id="readers.example.org",
        rendered=replace(rendered, subject="أسبوع في الموجة: ميناء الواحة يستقبل أوّل سفينة"),
        marker=MARKER,
        unsubscribe_url=LEAVE_URL,
        unsubscribe_mail=f"mailto:news@example.org?subject=unsubscribe%20{slot(MARKER, LEAVE)}",
        date=NOW,
    )


def standard_library(one: Letter, number: int, token: str) -> bytes:
    """The same letter for one subscriber as the standard library makes it."""
    mark = slot(one.marker, LEAVE)
    message = EmailMessage(policy=SMTP)
    message["From"] = one.sender
    message["To"] = f"reader{number}@example.net"
    message["Subject"] = one.rendered.subject
    message["Date"] = format_datetime(one.date)
    message["Message-ID"] = f"<1.{number}@example.org>"
    message["List-Id"] = f"<{one.list_id}>"
    message["List-Unsubscribe"] = f"<{one.unsubscribe_url.replace(mark, token)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(one.rendered.text.replace(mark, token), cte="base64")
    message.add_alternative(one.rendered.html.replace(mark, token), subtype="html", cte="base64")
    return message.as_bytes()


def filling(subscribers: int) -> bool:
    """One line for each way; whether ours is a hundred times as fast."""
    one = letter()
    start = time.perf_counter()
    cut_letter = cut(one, WIDTHS)
    cutting = time.perf_counter() - start
    size = 0
    start = time.process_time()
    for number in range(subscribers):
        values = {"to": b"reader%d@example.net" % number, "message_id": b"1.%d" % number, LEAVE: b"%052d" % number}
        size += sum(map(len, cut_letter.fill(values)))
    ours = (time.process_time() - start) / subscribers
    sample = 200
    start = time.process_time()
    for number in range(sample):
        standard_library(one, number, f"{number:052d}")
    theirs = (time.process_time() - start) / sample
    print(f"fill {subscribers:,} letters of {size // subscribers:,} bytes, cut once in {cutting * 1000:.2f} ms")
    print(f"  ours          {ours * 1000:8.4f} ms a subscriber  (wanted 0.01)   {ours * subscribers:8.1f} s in all")
    print(f"  EmailMessage  {theirs * 1000:8.4f} ms a subscriber  ({sample} measured)  {theirs / ours:8.0f} x ours")
    return ours <= 0.01e-3 and theirs / ours >= 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=21)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--strict", action="store_true", help="fail when something is slower than wanted")
    asked = parser.parse_args()
    cold()
    fast = [rendering(asked.turns), filling(asked.subscribers)]
    if asked.strict and not all(fast):
        raise SystemExit("slower than wanted")


if __name__ == "__main__":
    main()
