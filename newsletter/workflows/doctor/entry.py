"""Who comes in: who can read secrets and readers' addresses on this machine, and how old keys are."""

from __future__ import annotations

import os
import shlex
import stat
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from newsletter.senders import registry
from newsletter.text.sentences import counted, joined, said
from newsletter.workflows.doctor.models import Check, Examined, SkippedCheck
from newsletter.workspace.config import FILE
from newsletter.workspace.folder import read_keys
from newsletter.workspace.layers import KEYS
from newsletter.workspace.secret_files import SECRETS

if TYPE_CHECKING:
    from newsletter.workflows.doctor.examination import Examination

OLD = timedelta(days=730)
"""Age of a provider's key after which a new one is advised: whoever left the newsroom may still have it."""
_NOT_FOR_GIT = (SECRETS, ".env", "newsletter.db", "newsletter.db-wal", "backups", "outbox", "database.toml")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def _posix() -> None:
    if os.name != "posix":
        raise SkippedCheck("this system has no modes of files")


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def secrets(case: Examination) -> Iterator[Examined]:
    """Modes of the files of secrets, and whether the keys of links can be read."""
    folder, env = case.root / SECRETS, case.root / ".env"
    keys = read_keys(case.root)  # says itself what is wrong with that file
    _posix()
    files = sorted(one for one in folder.iterdir() if one.is_file())
    # A file of settings holds secrets only when one of ours stands in it.
    open_ones = [one for one in (*files, *([env] if _holds_secrets(env) else [])) if _mode(one) & _OTHERS]
    if open_ones:
        named = ", ".join(str(one.relative_to(case.root)) for one in open_ones)
        mend = f"chmod 600 {shlex.join(map(str, open_ones))}"
        yield Examined("secrets", "fail", said("others on this machine can read {files}", files=named), mend)
    elif _mode(folder) & _OTHERS:
        words = "others on this machine can see which secrets there are"
        yield Examined("secrets", "warn", words, f"chmod 700 {shlex.quote(str(folder))}")
    else:
        number = len(keys.tokens)
        yield Examined(
            "secrets",
            "ok",
            counted("for you alone; links are signed, {n} key", "for you alone; links are signed, {n} keys", number),
        )


def _holds_secrets(path: Path) -> bool:
    try:
        names = {
            line.split("=")[0].strip().removeprefix("export ").upper() for line in path.read_text("utf-8").splitlines()
        }
    except (OSError, UnicodeDecodeError):
        return False
    secret = {f"NASHRA_{one.upper().replace('.', '__')}" for one in registry.secret_keys()}
    return bool(names & (secret | {"NASHRA_DATABASE__URL", "NASHRA_ALERTS__URL", "NASHRA_WEB__METRICS"}))


def settings_file(case: Examination) -> Iterator[Examined]:
    """Whether newsletter.toml holds secrets that others can read, or that git keeps."""
    _posix()
    path = case.root / FILE
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        raise SkippedCheck("it cannot be read; the line Settings says more") from None
    held = sorted(secrets_in(values))
    if not held:
        yield Examined("settings-file", "ok", "holds no secret")
        return
    words, mend = (
        said("holds a secret ({key})", key=held[0]),
        said("move it into the file secrets/{key}, for you alone", key=held[0]),
    )
    if _mode(path) & _OTHERS:
        yield Examined(
            "settings-file", "fail", said("{words}, and others on this machine can read it", words=words), mend
        )
    else:
        yield Examined(
            "settings-file", "warn", said("{words}, which goes wherever the file is copied", words=words), mend
        )


def secrets_in(values: Mapping[str, Any]) -> Iterator[str]:
    """The settings in newsletter.toml itself that are secrets, by name.

    Args:
        values: What the file says.
    """
    for name in sorted(registry.secret_keys() | {"web.metrics"}):
        section, _, key = name.partition(".")
        part = values.get(section)
        if isinstance(part, dict) and part.get(key):
            yield name
    part = values.get("database")
    url = part.get("url") if isinstance(part, dict) else None
    if isinstance(url, str) and _has_password(url):
        yield "database.url"


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:
        return False


def private(case: Examination) -> Iterator[Examined]:
    """Whether others on this machine can read what holds addresses of readers."""
    _posix()
    places = [case.root / "backups"]
    if case.found.settings is not None:
        # The folder itself may be seen: what is in it lies one deeper.
        places += [case.settings.outbox / name for name in ("new", "cur", "tmp")]
        if (file := case.file) is not None:
            places += [file, file.with_name(f"{file.name}-wal"), file.parent / "backups"]
    seen = [one for one in dict.fromkeys(places) if one.exists()]
    reads = stat.S_IRGRP | stat.S_IROTH
    # A folder that nobody may enter keeps what is in it, whatever the modes there are.
    open_ones = [one for one in seen if _mode(one) & reads and _mode(one.parent) & (stat.S_IXGRP | stat.S_IXOTH)]
    if open_ones:
        words = said("others on this machine can read {place}, which holds addresses", place=open_ones[0])
        letters = "700" if open_ones[0].is_dir() else "600"
        yield Examined("private", "warn", words, f"chmod {letters} {shlex.quote(str(open_ones[0]))}")
    else:
        yield Examined("private", "ok", "for you alone, where they are kept here")


def keys(case: Examination) -> Iterator[Examined]:
    """How old keys are, by the files that hold them."""
    folder = case.root / SECRETS
    if not folder.is_dir():
        raise SkippedCheck("there is no folder of secrets; the line Secret files says more")
    secret = registry.secret_keys()
    ages = {one.name: one.stat().st_mtime for one in folder.iterdir() if one.is_file() and one.name in secret}
    own = (folder / KEYS).stat().st_mtime if (folder / KEYS).exists() else 0.0
    since = (
        said("the keys of links are of {day}", day=f"{datetime.fromtimestamp(own, UTC):%Y-%m-%d}")
        if own
        else "there are no keys of links"
    )
    for name, at in sorted(ages.items()):
        age = case.now() - datetime.fromtimestamp(at, UTC)
        if age > OLD:
            words = said("secrets/{name} has been the same for {days} days", name=name, days=f"{age.days:,}")
            yield Examined("keys", "warn", words, "make a new key at the provider, and delete the old one there")
            return
    told = [
        said("secrets/{name} of {day}", name=name, day=f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}")
        for name, at in sorted(ages.items())
    ]
    yield Examined("keys", "ok", joined([since, *told], ", "))


def git(case: Examination) -> Iterator[Examined]:
    """Whether git keeps what must not be kept there."""
    found = case.instruments.run(("git", "-C", str(case.root), "ls-files", "--", *_NOT_FOR_GIT))
    if found is None:
        raise SkippedCheck("the workspace is in no git repository, or there is no git here")
    kept = [line for line in found.splitlines() if line]
    if kept:
        words = said("git keeps {files}, and so does everybody who has a copy", files=", ".join(kept[:3]))
        mend = said("git rm --cached {file}; then make new keys, since the old ones stay in its history", file=kept[0])
        yield Examined("git", "fail", words, mend)
    else:
        yield Examined("git", "ok", "keeps neither secrets nor addresses")


CHECKS = (
    Check(("secrets",), secrets),
    Check(("keys",), keys),
    Check(("settings-file",), settings_file),
    Check(("private",), private),
    Check(("git",), git),
)
