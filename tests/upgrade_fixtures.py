"""Makes tests/data/upgrade/*.tar.xz: workspaces that an older version left in the middle of a send, on both databases.

Run by hand with the code of that version, never by the tests (docs: tests/data/upgrade/README.md):

    git worktree add --detach /tmp/old COMMIT
    PYTHONPATH=/tmp/old:/tmp/old/tests python -P tests/upgrade_fixtures.py /tmp/made tests/data/upgrade/NAME.tar.xz

One issue went to twelve readers; the second died after five letters (SIGKILL); the third is a draft. Everything in it
is invented, its keys were made for it, and no path of the machine that made it stands inside.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from pathlib import Path

READERS = 12
KILLED_AT = 6
"""The letter of the second issue that did not come to lie in the outbox."""
PLACE = "/srv/nashra"
"""What stands in place of the folder in which it was made."""
ARTICLES = {
    1: (
        "الميناء يفتح رصيفه الجديد أمام قوارب الصيد",
        "بدأت القوارب الصغيرة ترسو منذ الفجر عند الرصيف الذي انتظره الصيادون عشر سنوات.",
        "وطالب البحارة بإنارة أفضل وبمخزن للشباك قبل أن تشتد رياح الشتاء.",
    ),
    2: (
        "المكتبة البلدية تسهر حتى منتصف الليل",
        "مدّدت المكتبة ساعاتها طوال موسم الامتحانات، وخصصت قاعة للقراءة الصامتة.",
        "ويقول الطلبة إن البيوت تضيق بإخوتهم، وإن الشاي هنا مجاني.",
    ),
    3: (
        "موسم الزيتون يبدأ مبكرًا هذا العام",
        "نزل الفلاحون إلى الحقول قبل موعدهم بأسبوعين بعد خريف جاف.",
        "وتوقعت المعاصر زيتًا قليلًا قويّ الطعم، وأسعارًا أعلى من الموسم الماضي.",
    ),
    4: (
        "ورشة لترميم القوارب الخشبية القديمة",
        "يتعلم عشرون شابًا كيف تُصلح الألواح على يد آخر نجّاري المرفأ.",
        "وستنزل السفينة الأولى إلى الماء في الربيع، إن صمد الخشب.",
    ),
    5: (
        "سباق الشراع يعود إلى الخليج بعد غياب",
        "أعلن النادي البحري أن المتنافسين سينطلقون يوم الجمعة من أمام المنارة.",
        "وسُجّل حتى الآن أربعون فريقًا، نصفها من مدن مجاورة.",
    ),
    6: (
        "السوق العتيقة تستعيد بوابتها",
        "أعاد الحرفيون البوابة إلى مكانها بعد أشهر قضتها في مخزن البلدية.",
        "واحتفل التجار بتوزيع الحلوى على المارة حتى أذان المغرب.",
    ),
}


def article(number: int) -> str:
    title, summary, more = ARTICLES[number]
    day = f"2026-11-{22 + number}T08:00:00+01:00"
    url = f"https://almawja.example.org/2026/11/{number}/"
    head = f'title = "{title}"\nurl = "{url}"\nsection = "أخبار"\npublished = {day}\nsummary = "{summary}"\n'
    return f"+++\n{head}+++\n\n{summary}\n\n{more}\n"


def run(*words: str | Path) -> None:
    from command import here  # of the old version

    done = here(*words)
    assert done.code == 0, (words, done)


def die_in_the_middle(root: Path) -> None:
    """Send the second issue in a process that is killed when it gives a letter its name in the outbox."""
    child = os.fork()
    if not child:
        from newsletter.cli import main

        counter = itertools.count(1)

        def audit(name: str, arguments: tuple[object, ...]) -> None:
            if name == "os.rename" and "outbox/new" in str(arguments[1]) and next(counter) == KILLED_AT:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.dont_write_bytecode = True
        sys.addaudithook(audit)
        sys.argv = ["newsletter", "-C", str(root), "send", "2", "--yes", "--here"]
        main()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), status


def moved(root: Path) -> None:
    """Let the rows say that all of it was made in a folder of a server."""
    connection = sqlite3.connect(root / "newsletter.db")
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    for name in names:
        for column in connection.execute(f'PRAGMA table_info("{name}")').fetchall():
            if column[2].startswith(("TEXT", "VARCHAR")):
                change = (
                    f'UPDATE "{name}" SET "{column[1]}" = replace("{column[1]}", ?, ?) WHERE instr("{column[1]}", ?)'
                )
                connection.execute(change, (str(root.parent), "/srv", str(root.parent)))
    connection.commit()
    connection.close()


def settled(root: Path) -> None:
    """Leave one file, without a log beside it."""
    connection = sqlite3.connect(root / "newsletter.db")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()


def dumped(root: Path, target: Path) -> None:
    """The same on PostgreSQL, as statements that any connection can run."""
    from servers import own_server

    with own_server() as server:
        url = server.database()
        plain = url.replace("+psycopg", "")
        run("-C", root, "database", "copy", "--to", plain)
        program = server._pg_ctl.with_name("pg_dump")
        flags = ("--format=plain", "--inserts", "--rows-per-insert=50", "--no-owner", "--no-privileges")
        text = subprocess.run([program, *flags, plain], check=True, capture_output=True, text=True).stdout
    lines = [one for one in text.splitlines() if not one.startswith(("\\", "--", "SET transaction_timeout"))]
    target.write_text(re.sub(r"\n{2,}", "\n", "\n".join(lines)) + "\n", "utf-8")


def make(folder: Path, archive: Path) -> None:
    root = folder / "nashra"
    site = ("--name", "الموجة", "--url", "https://almawja.example.org", "--web", "https://news.almawja.example.org")
    run("init", root, *site, "--timezone", "Africa/Algiers")
    path = root / "newsletter.toml"
    path.write_text(
        path.read_text("utf-8").replace("[sender]\n", "[sender]\nbatch = 4\nlease = 5\nfsync = false\n"), "utf-8"
    )
    for number in ARTICLES:
        (folder / f"{number}.md").write_text(article(number), "utf-8")
    run("-C", root, "collect", *(folder / f"{number}.md" for number in ARTICLES))
    run("-C", root, "subscribers", "add", *(f"reader{number}@example.net" for number in range(READERS)))
    for number, slug in ((1, "first"), (2, "second"), (3, "third")):
        run("-C", root, "compose", "--latest", "2", "--slug", slug)
        if number == 1:
            run("-C", root, "send", "1", "--yes", "--here")
        elif number == 2:
            die_in_the_middle(root)
    time.sleep(6)  # until the lease of the dead process is over
    moved(root)
    dumped(root, folder / "nashra.sql")
    settled(root)
    memory = root / "database.toml"
    memory.write_text(re.sub(r'where = ".*"', f'where = "{PLACE}/newsletter.db"', memory.read_text("utf-8")), "utf-8")
    # Letters of the first issue: two are enough to press their links.
    letters = sorted((root / "outbox" / "new").glob("*.eml"), key=lambda one: one.stat().st_mtime)
    for one in letters[2:READERS]:
        one.unlink()
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for one in sorted((*root.rglob("*"), folder / "nashra.sql")):
            if one.is_file():
                assert str(folder).encode() not in one.read_bytes(), one
                told = tar.gettarinfo(one, str(one.relative_to(folder)))
                told.uid = told.gid = told.mtime = 0
                told.uname = told.gname = ""
                with one.open("rb") as file:
                    tar.addfile(told, file)
    print(archive, archive.stat().st_size, len(letters))


if __name__ == "__main__":
    made = Path(sys.argv[1])
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    make(made, Path(sys.argv[2]).absolute())
