"""Mixed directions: what isolating costs a letter, a text and a hostile string.

    python benchmarks/bench_bidi.py [--before REVISION]

Rendering: issues of 50 stories (those of bench_letters.py: two thirds have names, scores, numbers, links or bold) by
this tree and by the tree of a revision, in turns, each in a process of its own that keeps its imports and templates.
Without ``--before`` it is the parent of the last commit that changed newsletter/text/bidi; without a git history only
this tree is measured. Text: 1,000 characters of mixed Arabic, and of Arabic that needs nothing, beside a bare search
for words, which nothing that reads the text can undercut. Hostile: strings of 40,000 characters, as text and as HTML.
Times are milliseconds of a process's own CPU, medians of single runs (hostile: of one run, nothing kept between them).
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE))

import re

from newsletter.text import bidi

WANTED_TEXT, WANTED_HOSTILE = 1.5, 300.0
"""Milliseconds: for 1,000 characters of mixed text, and for a hostile string of 40,000."""
LENGTH = 40_000
MIXED = (
    "أعلنت Nova Systems أمس إطلاق شبكة 5G في 12 ولاية، بسرعة 1.2 Gbit/s وبسعر $5M للمتر (نحو 675 DZD/USD)، بعد فوزها "
    "3-1 على Acme Inc. في مناقصة 2025-2026؛ وقالت «We are ready» عبر https://example.org/a/5 و@nova_tv. "
    "هل ترتفع الأسهم بـ+2.5% أم تبقى عند 14,200؟ "
)
QUIET = "وقال الوزير إن المدينة كلها، من الميناء إلى الجبل، تستعد لاستقبال ضيوفها في هذا الموسم الجديد «بقلب مفتوح». "
WORKER = """
import sys, time, gc
sys.path.insert(0, "benchmarks")
import bench_letters as b, newsletter, pathlib
assert pathlib.Path(newsletter.__file__).resolve().parents[1] == pathlib.Path.cwd().resolve()
templates = b.environment()
for line in sys.stdin:
    theme, number = line.split()
    issue = b.issue(int(number), 50, theme)
    gc.collect()
    gc.disable()
    start = time.process_time()
    b.render(issue, b.PUBLICATION, templates, marker=b.MARKER, leave_url=b.LEAVE_URL, date=b.NOW)
    print((time.process_time() - start) * 1000, flush=True)
    gc.enable()
"""


def filled(part: str) -> str:
    return (part * (LENGTH // len(part) + 1))[:LENGTH]


def hostile() -> dict[str, str]:
    """Strings that a careless pattern reads in the square of their length, or follows too deep."""
    parts = {
        "one word": "a",
        "digits": "1",
        "digits and hyphens": "1-",
        "digits and blanks": "1 ",
        "groups of three": "000 ",
        "signs and digits": "+1",
        "currency": "$1",
        "percent": "1%",
        "open brackets": "(a ",
        "closed brackets": "a) ",
        "only brackets": "(",
        "brackets and quotes": '("[«“',
        "straight quotes": '"a ',
        "apostrophes": "'9",
        "initials": "J. ",
        "sentences": "a b c. ",
        "commas": "a, ",
        "colons": "a: ",
        "equals": "a = ",
        "half addresses": "a.b@",
        "half links": "https://",
        "links with brackets": "https://a/((",
        "link ends": "www.a.,:;!",
        "hashtags": "#ا_",
        "both scripts": "ا a ",
        "both scripts close": "اa",
        "arabic and digits": "ا1",
        "particles": "بـ5G و",
        "kashidas": "ـ",
        "arabic-indic groups": "٠٠ ",
        "persian groups": "۰۰-",
        "marks": "e\u0301\u0301\u0301",
        "only marks": "\u0301",
        "family emoji": "👨\u200d",
        "isolates": "\u2066a\u2069 ",
        "isolates side by side": "\u2067ا\u2069\u20661\u2069",
        "isolates never closed": "\u2066a",
        "closing isolates": "a\u2069",
        "embeddings": "\u202ea",
        "lines": "a\n1\n",
        "dots": "a.",
        "underscores": "_1",
        "slashes": "/a",
    }
    made = {name: filled(part) for name, part in parts.items()}
    half = LENGTH // 2
    made["isolates in isolates"] = "\u2066" * half + "\u2069" * half
    made["both isolates in each other"] = "\u2066a\u2067ا" * (LENGTH // 8) + "\u2069" * (LENGTH // 4)
    made["brackets in brackets"] = "(" * half + "a" + ")" * half
    made["a bracket at the end"] = filled("a (1 ") + ")"
    return made


def milliseconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return (time.process_time() - start) * 1000


def texts(turns: int) -> bool:
    """A line for each kind of text; whether mixed text is as fast as wanted."""
    times: dict[str, list[float]] = {"mixed": [], "mixed, HTML": [], "quiet": [], "bare search": []}
    for turn in range(turns):
        # Another text in every turn: what was decided is remembered.
        mixed, quiet = (f"{turn} {part * 9}"[:1000] for part in (MIXED, QUIET))
        other = mixed.replace("أمس", f"أمس{turn} ")[:1000]
        times["mixed"].append(milliseconds(lambda text=mixed: bidi.isolate(text)))  # type: ignore[misc]
        times["mixed, HTML"].append(milliseconds(lambda text=other: bidi.to_html(text)))  # type: ignore[misc]
        times["quiet"].append(milliseconds(lambda text=quiet: bidi.isolate(text)))  # type: ignore[misc]
        times["bare search"].append(milliseconds(lambda text=mixed: re.findall(r"\w+|\S", text)))  # type: ignore[misc]
    print("1,000 characters:")
    for name, found in times.items():
        wanted = f"   (wanted {WANTED_TEXT})" if name.startswith("mixed") else ""
        print(f"  {name:14}{statistics.median(found):8.3f} ms, least {min(found):.3f}{wanted}")
    return statistics.median(times["mixed"]) <= WANTED_TEXT


def strings() -> bool:
    """The slowest hostile strings; whether all are as fast as wanted."""
    found: list[tuple[float, str]] = []
    for name, text in hostile().items():
        for base in ("rtl", "ltr"):
            for way in (bidi.isolate, bidi.to_html):
                bidi._runs.cache_clear()
                try:
                    found.append((milliseconds(lambda: way(text, base)), f"{name}, {base}, {way.__name__}"))  # noqa: B023
                except RecursionError:
                    found.append((float("inf"), f"{name}, {base}, {way.__name__}: too deep"))
    found.sort(reverse=True)
    print(f"{LENGTH:,} hostile characters, {len(found)} ways (wanted {WANTED_HOSTILE:.0f} ms), the slowest:")
    slow = sum(taken > WANTED_HOSTILE for taken, _ in found)
    for taken, name in found[: max(slow, 4)]:
        print(f"  {taken:8.1f} ms  {name}")
    return found[0][0] <= WANTED_HOSTILE


def before(revision: str) -> str:
    """The revision to compare with, or nothing when there is no history."""
    if revision:
        return revision
    log = subprocess.run(
        ["git", "log", "-1", "--no-merges", "--format=%P", "--", "newsletter/text/bidi"],
        cwd=TREE,
        capture_output=True,
        text=True,
        check=False,
    )
    return log.stdout.split()[0] if log.returncode == 0 and log.stdout.strip() else ""


def unpacked(revision: str, room: str) -> Path:
    """The tree of a revision, in a folder of its own."""
    archive = subprocess.run(["git", "archive", revision], cwd=TREE, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(room, filter="data")
    return Path(room)


def rendering(revision: str, turns: int) -> bool:
    """A line for each theme; whether this tree renders as fast as the other, give or take a twentieth."""
    with tempfile.TemporaryDirectory() as room:
        trees = {"now": TREE} | ({"before": unpacked(revision, room)} if revision else {})
        workers = {
            name: subprocess.Popen(
                [sys.executable, "-c", WORKER], cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for name, tree in trees.items()
        }
        print(f"render of 50 stories, ms (before: {revision[:12] or 'no git history, not measured'})")
        print(f"  {'theme':10}" + "".join(f"{name:>9}{'least':>8}" for name in workers))
        fast = True
        for theme in ("weekly", "digest", "bulletin"):
            times: dict[str, list[float]] = {name: [] for name in workers}
            for turn in range(turns + 1):
                for name, worker in workers.items():
                    assert worker.stdin is not None
                    assert worker.stdout is not None
                    worker.stdin.write(f"{theme} {turn + 1}\n")
                    worker.stdin.flush()
                    times[name].append(float(worker.stdout.readline()))
            # The first one loads the templates.
            kept = {name: found[1:] for name, found in times.items()}
            print(
                f"  {theme:10}"
                + "".join(f"{statistics.median(found):9.2f}{min(found):8.2f}" for found in kept.values())
            )
            if "before" in kept:
                fast = fast and statistics.median(kept["now"]) <= 1.05 * statistics.median(kept["before"])
        for worker in workers.values():
            worker.communicate()
    return fast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", default="", metavar="REVISION", help="revision to render with in turns")
    parser.add_argument("--turns", type=int, default=31)
    parser.add_argument("--strict", action="store_true", help="fail when something is slower than wanted")
    asked = parser.parse_args()
    fast = [texts(asked.turns), strings(), rendering(before(asked.before), asked.turns)]
    if asked.strict and not all(fast):
        raise SystemExit("slower than wanted")


if __name__ == "__main__":
    main()
