"""A backup of a workspace in another folder: database, files and, apart from them, the secrets.

The database is copied before the files: what they tell of sends is then never older than the database, and an older
database is what is noticed. They get a ``database.toml`` that has seen one generation more, so that whoever puts them
back is asked to say so before a letter goes (``newsletter database adopt``).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsletter import __version__, ledger
from newsletter.errors import WorkspaceError
from newsletter.ledger.cursors import BACKUP
from newsletter.storage.copied import CopiedDatabase, copy_file
from newsletter.storage.identity import identity, make_identity
from newsletter.workflows import kept_backups
from newsletter.workflows.kept_backups import MADE_BY, MANIFEST
from newsletter.workspace import packing
from newsletter.workspace.remembered import FILE as MEMORY
from newsletter.workspace.remembered import RememberedDatabase
from subscribers.wholefile import sync_file, sync_folder, write_whole

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

FILES: Final = "workspace.tar"
LEAST_SPARE: Final = 16_000_000
"""Bytes that are to be left on the disk of backups."""
Tell = Callable[[str], None]

RESTORE: Final = """\
A backup of a newsletter, made by `newsletter database backup --to`. To put it back into a folder NEW:

  mkdir NEW && tar --no-same-owner -C NEW -xf {files}
{database}
  put the secrets back (--with-secrets kept them in *-secrets-*.tar): tar --no-same-owner -C NEW -xf FILE
  chmod 700 NEW/secrets && chmod 600 NEW/secrets/*      (without secrets/keys.toml links in old letters are dead)
  cd NEW && newsletter database adopt     (nothing is sent before; it tells what is in doubt)
  newsletter status
"""
_INTO: Final = {
    "newsletter.db": "  cp newsletter.db NEW/newsletter.db      (or where [database] url says)",
    "newsletter.dump": "  createdb NAME && pg_restore --no-owner --exit-on-error --dbname=NAME newsletter.dump\n"
    "  write the URL of that database into NEW/secrets/database.url",
}


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What a backup would hold, and what it would remove."""

    path: Path
    """The folder it would be."""
    at: datetime
    files: tuple[packing.BackupFile, ...]
    needed: int
    """Bytes, about."""
    secrets: tuple[str, ...]
    """What is left out because it is secret, by name."""
    going: tuple[kept_backups.KeptBackup, ...]
    """Older backups that would be removed."""
    same_disk: bool
    """Whether it lies on the disk of the workspace."""


@dataclass(frozen=True, slots=True)
class BackupOutcome:
    """A backup that was made and opened again."""

    plan: BackupPlan
    database: CopiedDatabase
    sizes: Mapping[str, int]
    """Bytes of each of its files."""
    packed: int
    """Files of the workspace in it."""
    removed: tuple[Path, ...] = ()
    stuck: tuple[WorkspaceError, ...] = ()
    """Why older ones could not be removed."""
    secrets: Path | None = None
    """Where the secrets are kept; None when nobody asked for that."""
    secrets_new: bool = False
    """Whether they were written now, and not the same there already."""


@dataclass(slots=True)
class _Places:
    """Where a backup and the secrets go, looked at."""

    to: Path
    secrets_to: Path | None
    left_out: list[Path] = field(default_factory=list)


def plan_backup(workspace: Workspace, to: Path, *, keep: int = 0, secrets_to: Path | None = None) -> BackupPlan:
    """Look at what a backup would hold, without writing anything there.

    Args:
        workspace: An open workspace.
        to: The folder of backups.
        keep: How many are to be there afterwards; 0 removes none.
        secrets_to: The folder that the secrets are to be kept in.

    Raises:
        NashraError: It cannot be made there.
    """
    places = _places(workspace, to, secrets_to)
    return _plan(workspace, places, keep, _id(workspace))


def back_up(
    workspace: Workspace,
    to: Path,
    *,
    keep: int = 0,
    secrets_to: Path | None = None,
    tell: Tell = lambda _words: None,
) -> BackupOutcome:
    """Make a backup, whole or not at all, also while letters go; older ones go only when it is there.

    Args:
        workspace: An open workspace.
        to: The folder of backups.
        keep: How many are to be there afterwards; 0 removes none.
        secrets_to: The folder that the secrets are to be kept in; None leaves them where they are.
        tell: Told what is being done.

    Raises:
        NashraError: It cannot be made; what was there is as it was.
    """
    places = _places(workspace, to, secrets_to)
    with kept_backups.alone(places.to) as held:
        id_ = _id(workspace)
        if held:
            kept_backups.sweep(places.to, id_)
        plan = _plan(workspace, places, keep, id_)
        with _disk_words(places.to):
            kept_at, new = _keep_secrets(workspace, places, plan.at)
            outcome = _made(workspace, plan, id_, tell)
        removed, stuck = [], []
        for one in plan.going:
            try:
                kept_backups.remove(one)
                removed.append(one.path)
            except WorkspaceError as error:
                stuck.append(error)
    with workspace.database.write() as connection:
        ledger.advance_cursor(connection, BACKUP, int(plan.at.timestamp()))
    return replace(outcome, removed=tuple(removed), stuck=tuple(stuck), secrets=kept_at, secrets_new=new)


def _made(workspace: Workspace, plan: BackupPlan, id_: str, tell: Tell) -> BackupOutcome:
    part = kept_backups.unfinished(plan.path.parent, plan.path.name, id_)
    part.mkdir(mode=0o700)
    try:
        name = "newsletter.db" if workspace.database.is_sqlite else "newsletter.dump"
        tell("copying and checking the database")
        copied = _copied(workspace, part / name)
        tell("copying and checking the files")
        packed = packing.pack(part / FILES, plan.files, {MEMORY: _memory(workspace, copied, plan.at)})
        restore = RESTORE.format(files=FILES, database=_INTO[name])
        write_whole(part / "RESTORE.txt", restore.encode("utf-8"), mode=0o600)
        sizes = {one: (part / one).stat().st_size for one in (name, FILES, "RESTORE.txt")}
        tell("waiting for the disk")
        write_whole(part / MANIFEST, _manifest(plan, copied, part, sizes).encode("utf-8"), mode=0o600)
        for one in sizes:
            sync_file(part / one)
        sync_folder(part)
        part.rename(plan.path)
        sync_folder(plan.path.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return BackupOutcome(plan, copied, sizes, packed)


def _copied(workspace: Workspace, path: Path) -> CopiedDatabase:
    if workspace.database.is_sqlite:
        return copy_file(workspace.database, path)
    from newsletter.storage.dumping import dump

    return dump(workspace.database, path)


def _manifest(plan: BackupPlan, copied: CopiedDatabase, part: Path, sizes: Mapping[str, int]) -> str:
    import hashlib

    digests = {}
    for name in sizes:
        with (part / name).open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    said = {
        "made_by": MADE_BY,
        "version": __version__,
        "at": plan.at.isoformat(),
        "id": copied.id,
        "database": "sqlite" if "newsletter.db" in sizes else "postgresql",
        "revision": copied.revision,
        "generation": copied.generation,
        "rows": dict(copied.rows),
        "files": {name: {"bytes": sizes[name], "sha256": digests[name]} for name in sizes},
    }
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def _memory(workspace: Workspace, copied: CopiedDatabase, at: datetime) -> str:
    known = workspace.memory.remembered()
    last = known.at if known is not None else None
    return RememberedDatabase(copied.id, workspace.database.where, copied.generation + 1, last, at).text()


def _id(workspace: Workspace) -> str:
    with workspace.database.read() as connection:
        found = identity(connection)
    if found is None:
        with workspace.database.write() as connection:
            found = make_identity(connection)
    return found.id


# ---- where to


def _places(workspace: Workspace, to: Path, secrets_to: Path | None) -> _Places:
    root = Path(os.path.realpath(workspace.root))
    folder = _folder(to, root, "backups")
    places = _Places(folder, None if secrets_to is None else _folder(secrets_to, root, "the secrets"))
    apart = places.secrets_to
    if apart is not None and (apart.is_relative_to(folder) or folder.is_relative_to(apart)):
        raise WorkspaceError(
            "secrets and backups are to be in folders apart",
            where=str(apart),
            mend="name another folder: who finds a backup must not find the keys beside it",
        )
    database = Path(workspace.database.where) if workspace.database.is_sqlite else None
    if database is not None:
        places.left_out += [database, *(Path(f"{database}{end}") for end in ("-wal", "-shm", "-journal"))]
        places.left_out.append(database.parent / "backups")
    places.left_out += [workspace.root / name for name in (*packing.SECRET_NAMES, "backups", ".desk", ".share", MEMORY)]
    places.left_out.append(workspace.settings.outbox)
    return places


def _folder(named: Path, root: Path, what: str) -> Path:
    folder = Path(os.path.realpath(named))
    if not folder.exists():
        # Not made: where a disk should be that is not there, all backups would come to lie on the wrong one.
        raise WorkspaceError(
            f"there is no such folder for {what}", where=str(named), mend="make it, or mount the disk it lies on"
        )
    if not folder.is_dir():
        raise WorkspaceError("this is a file, not a folder", where=str(named), mend="name a folder")
    if folder.is_relative_to(root):
        raise WorkspaceError(
            f"{what} would lie within the workspace itself, and be lost with it",
            where=str(named),
            mend="name a folder elsewhere, best on another disk or machine",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WorkspaceError(
            "nothing may be written into this folder", where=str(named), mend="let this account write to it"
        )
    return folder


def _plan(workspace: Workspace, places: _Places, keep: int, id_: str) -> BackupPlan:
    if not workspace.database.is_sqlite:
        from newsletter.storage.dumping import dump_program

        dump_program(workspace.database)  # before anything is written
    at = workspace.now().astimezone(UTC).replace(microsecond=0)
    files = tuple(packing.files_of(workspace.root, places.left_out))
    needed = _database_bytes(workspace) + sum(one.size + 1024 for one in files)
    _, _, free = shutil.disk_usage(places.to)
    if free < needed + LEAST_SPARE:
        raise WorkspaceError(
            f"{_megabytes(free)} are free there; the backup takes about {_megabytes(needed)}, and "
            f"{_megabytes(LEAST_SPARE)} are to stay free",
            where=str(places.to),
            mend="free some space, or name another folder",
        )
    there = kept_backups.kept(places.to, id_)
    going = tuple(there[: max(0, len(there) + 1 - keep)]) if keep else ()
    secret = tuple(name for name in packing.SECRET_NAMES if (workspace.root / name).exists())
    same = places.to.stat().st_dev == workspace.root.stat().st_dev
    return BackupPlan(_path(workspace, places.to, at), at, files, needed, secret, going, same)


def _path(workspace: Workspace, folder: Path, at: datetime) -> Path:
    return _unused(folder, f"{_name(workspace)}-{at:%Y%m%d-%H%M%SZ}", "{}")


def _unused(folder: Path, stem: str, end: str) -> Path:
    """A name that nothing has yet; of two in one second, the later one stands behind the other in order of names."""
    names = (stem + end.format(number) for number in ("", *range(2, 1000)))
    return next(folder / one for one in names if not os.path.lexists(folder / one))


def _name(workspace: Workspace) -> str:
    # As long as a name of a file may be, with what is put around it.
    name = workspace.root.resolve().name.lstrip(".").encode("utf-8", "surrogateescape")[:180]
    return name.decode("utf-8", "ignore") or "newsletter"


def _database_bytes(workspace: Workspace) -> int:
    if workspace.database.is_sqlite:
        file = Path(workspace.database.where)
        return sum(one.stat().st_size for one in (file, Path(f"{file}-wal")) if one.exists())
    with workspace.database.read() as connection:
        whole = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    return int(whole) // 3  # a dump has no indexes, and is compressed


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


# ---- the secrets


def _keep_secrets(workspace: Workspace, places: _Places, at: datetime) -> tuple[Path | None, bool]:
    """Keep the secrets apart, unless the newest there are the same; old ones stay: old letters need them."""
    folder = places.secrets_to
    if folder is None:
        return None, False
    wanted = [workspace.root / name for name in packing.SECRET_NAMES]
    others = [one for one in workspace.root.iterdir() if one not in wanted]
    files = list(packing.files_of(workspace.root, others))
    stem = f"{_name(workspace)}-secrets-"
    part = folder / f".{stem}unfinished.part"
    with _disk_words(folder):
        part.unlink(missing_ok=True)
        try:
            packing.pack(part, files)
            there = sorted(one for one in folder.glob("*.tar") if one.name.startswith(stem))
            if there and there[-1].read_bytes() == part.read_bytes():
                return there[-1], False
            path = _unused(folder, f"{stem}{at:%Y%m%d-%H%M%SZ}", "{}.tar")
            part.rename(path)
            sync_folder(folder)
        finally:
            part.unlink(missing_ok=True)
    return path, True


# ---- the disk


@contextlib.contextmanager
def _disk_words(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"the backup cannot be written ({error.strerror or error}); those that were there are as they were",
            where=str(folder),
            mend="free some space, or name another folder",
        ) from None
