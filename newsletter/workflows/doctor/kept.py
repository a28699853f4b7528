"""What is kept: the database, its copies, room on the disk, and the newsroom's own templates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.sharing import NoFontError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import joined, said
from newsletter.workflows.doctor.models import Check, Examined, SkippedCheck
from newsletter.workflows.status import judging
from newsletter.workflows.status.reading import disks_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.workflows.doctor.examination import Examination

SUPPORTED_UNTIL = {
    12: datetime(2024, 11, 21, tzinfo=UTC),
    13: datetime(2025, 11, 13, tzinfo=UTC),
    14: datetime(2026, 11, 12, tzinfo=UTC),
    15: datetime(2027, 11, 11, tzinfo=UTC),
    16: datetime(2028, 11, 9, tzinfo=UTC),
    17: datetime(2029, 11, 8, tzinfo=UTC),
    18: datetime(2030, 11, 14, tzinfo=UTC),
}
"""Last day of a major version of PostgreSQL (https://www.postgresql.org/support/versioning/)."""
GENERIC = ("serif", "sans-serif", "system-ui", "monospace", "cursive", "fantasy", "ui-sans-serif", "ui-serif")
"""Families that every mail program has (CSS Fonts Module Level 4 section 2.1)."""
_OWN = ("email/", "web/", "locale/")


def database(case: Examination) -> Iterator[Examined]:
    """Whether it answers, is ours, and is of this version."""
    from newsletter.storage.database import HEAD

    found = case.version()
    where = case.workspace.any_database
    upgrade = "newsletter database upgrade"
    if found is None and where.is_sqlite and case.workspace.memory.remembered() is not None:
        words = "it has no tables, and is not the database that this workspace had"
        yield Examined(
            "database", "fail", words, "put that one back; what there is to do: newsletter database adopt --help"
        )
        return
    if found is None and where.is_sqlite:
        yield Examined("database", "ok", "it is empty; the first command that needs it makes the tables")
        return
    if found != HEAD:
        words = (
            said("its schema is {found}, this version of the program has {ours}", found=found, ours=HEAD)
            if found
            else "it is empty"
        )
        if where.is_sqlite:
            yield Examined(
                "database", "warn", said("{words}; the next command upgrades it, after a copy", words=words), upgrade
            )
        else:
            yield Examined("database", "fail", words, upgrade)
        return
    for one in case.findings("restored", "database"):
        yield Examined("database", "fail", one.told, one.next)
        return
    kind = "SQLite" if where.is_sqlite else "PostgreSQL"
    told = said("{kind} answers, schema {version}", kind=kind, version=found)
    if case.file is not None:
        told = joined((told, said("{size} MB", size=f"{case.file.stat().st_size / 1e6:,.1f}")), ", ")
    yield Examined("database", "ok", told)


def integrity(case: Examination) -> Iterator[Examined]:
    """Whether SQLite's file is whole and written as it must be; which PostgreSQL it is."""
    case.version()
    with case.workspace.any_database.read() as connection:
        yield _whole(connection) if case.file is not None else _server(connection, case)


def _whole(connection: Connection) -> Examined:
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        words = said("the file is damaged: {fault}", fault=found[0].splitlines()[-1])
        return Examined("integrity", "fail", words, "stop everything, and restore the newest copy in backups/")
    mode = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())
    if mode != "wal":
        words = said(
            "the file is whole, but in journal mode {mode}: who reads and who writes wait for each other", mode=mode
        )
        mend = (
            "the next command sets WAL by itself; if it comes back, the file lies where that cannot be (a network disk)"
        )
        return Examined("integrity", "warn", words, mend)
    return Examined("integrity", "ok", "the file is whole, and in WAL mode")


def _server(connection: Connection, case: Examination) -> Examined:
    text = str(connection.exec_driver_sql("SHOW server_version").scalar()).partition(" ")[0]
    first = text.partition(".")[0]
    major = int(first) if first.isdecimal() else 0
    until = SUPPORTED_UNTIL.get(major)
    if 0 < major < min(SUPPORTED_UNTIL) or (until is not None and case.now() > until):
        words = said("PostgreSQL {version} gets no more corrections", version=text)
        return Examined("integrity", "warn", words, "upgrade the server to a version that its makers look after")
    return Examined("integrity", "ok", said("PostgreSQL {version}, which its makers look after", version=text))


def backup(case: Examination) -> Iterator[Examined]:
    """The age of the newest copy."""
    state = case.state()
    if not state.is_sqlite and state.backup_at is None:
        raise SkippedCheck(
            "none by: newsletter database backup --to DIR; what else copies PostgreSQL cannot be seen from here"
        )
    for one in case.findings("backup"):
        yield Examined("backup", "warn", one.told, one.next)
        return
    if state.backup_at is not None:
        yield Examined(
            "backup",
            "ok",
            said("the newest copy is of {when}", when=in_zone(state.backup_at, case.workspace.zone)),
        )
    elif state.sends and state.backup_days:
        yield Examined("backup", "warn", "there is no copy of the database", "newsletter database backup")
    else:
        yield Examined("backup", "ok", "there is no copy, and nothing has gone yet that could be lost")


def disk(case: Examination) -> Iterator[Examined]:
    """Room on every disk that the workspace is written on; asked without the database."""
    import shutil

    settings = case.found.settings
    outbox = settings.outbox if settings is not None else case.root
    file = case.file if settings is not None else None
    found = disks_of(case.root, file, outbox, case.instruments.disk_usage or shutil.disk_usage)
    for one in judging.full_disks(found):
        words = one.told
        yield Examined("disk", "fail", words, one.next)
        return
    free = [
        said("{size} GB free for the {place}", size=f"{one.free / 1e9:,.1f}", place=said(one.place)) for one in found
    ]
    yield Examined("disk", "ok", joined(free, ", ") if free else "it does not say how much is free")


def templates(case: Examination) -> Iterator[Examined]:
    """Whether every template is one, also the newsroom's own, and every catalogue of its languages."""
    from jinja2 import TemplateSyntaxError

    from newsletter.letters.catalogue import words as catalogue
    from newsletter.letters.templates import environment

    filled = environment(case.root / "templates")
    names = [name for name in filled.list_templates() if name.endswith(".j2") and not name.startswith("shipped/")]
    own = {
        str(one.relative_to(case.root / "templates")) for one in (case.root / "templates").rglob("*") if one.is_file()
    }
    for name in names:
        assert filled.loader is not None
        try:
            source, path, _ = filled.loader.get_source(filled, name)
            # Parsing finds what a damaged installation has; the newsroom's own are held to known filters too.
            _ = filled.compile(source, name, path) if name in own else filled.parse(source, name, path)
        except TemplateSyntaxError as error:
            place = f"templates/{name}:{error.lineno}"
            mend = (
                said("correct {place}", place=place)
                if name in own
                else "install the program anew; its own template is damaged"
            )
            yield Examined(
                "templates", "fail", said("{place}: {fault}", place=place, fault=error.message), mend, about=name
            )
            return
        except (UnicodeDecodeError, OSError) as error:
            words = said("templates/{name} cannot be read ({fault})", name=name, fault=type(error).__name__)
            yield Examined("templates", "fail", words, "save it as UTF-8, readable by you", about=name)
            return
    languages = sorted({case.settings.publication.language} if case.found.settings is not None else {"ar"})
    try:
        for language in languages:
            for domain in ("letter", "pages", "alerts"):
                catalogue(filled, language, domain)
    except NashraError as error:
        yield Examined(
            "templates",
            "fail",
            said("templates/{name}: {fault}", name=error.where, fault=error.what),
            error.mend,
            about=error.where,
        )
        return
    strange = sorted(one for one in own if not one.startswith(_OWN))
    if strange:
        words = said("templates/{name} is in a folder that nobody looks into", name=strange[0])
        yield Examined("templates", "warn", words, "move it into templates/email, templates/web or templates/locale")
        return
    told = said("all {number} can be read", number=len(names))
    if own:
        told = joined((told, said("{number} of them the newsroom's own", number=len(own))), ", ")
    yield Examined("templates", "ok", told)


def fonts(case: Examination) -> Iterator[Examined]:
    """Whether fonts that are named have one behind them that every mail program has."""
    about = case.settings.publication
    named = {
        "[letter] fonts": about.fonts,
        "[theme] headings": about.theme.headings,
        "[theme] text": about.theme.text,
    }
    for place, value in named.items():
        families = [one.strip(" '\"").lower() for one in value.split(",")]
        if value and value not in {"sans", "serif"} and families[-1] not in GENERIC:
            words = said(
                "{place} ends with {family}: who has none of these gets whatever the mail program takes",
                place=place,
                family=families[-1],
            )
            yield Examined(
                "fonts",
                "warn",
                words,
                said('end it with a family that everybody has: "{value}, sans-serif"', value=value),
            )
            return
    has_own = any(value and value not in {"sans", "serif"} for value in named.values())
    yield Examined("fonts", "ok", "every list has a family that everybody has" if has_own else "those of the program")


def share_pictures(case: Examination) -> Iterator[Examined]:
    """Whether this machine can draw the pictures that others show when somebody shares a letter."""
    from newsletter.workflows.share_pictures import make_sure

    try:
        (case.instruments.drawable or make_sure)(case.workspace)
    except NoFontError as error:
        words: str = "there are none: the library FriBidi is missing, which joins Arabic letters"
        mend = "install libfribidi0, or what your system calls it, and start the commands that run anew"
        if error.where:
            words = "there are none: what [web] share_font names is no font that can be read"
            mend = "name a TrueType or OpenType file of the workspace"
        elif error.letters:
            words = said("there are none: no font of this machine has {letters}", letters=error.letters)
            mend = "install fonts-noto-core, or name a font file under [web] share_font"
        yield Examined("share-pictures", "warn", words, mend)
    else:
        yield Examined("share-pictures", "ok", "they can be drawn here")


CHECKS = (
    Check(("database",), database, ("database",), late="fail", seconds=20),
    Check(("integrity",), integrity, ("database",), seconds=60, late="skipped"),
    Check(("backup",), backup, ("database", "alerts")),
    Check(("disk",), disk),
    Check(("templates",), templates, seconds=30),
    Check(("fonts",), fonts, ("letter", "theme")),
    Check(("share-pictures",), share_pictures, ("newsletter", "web", "letter", "theme"), seconds=20),
)
