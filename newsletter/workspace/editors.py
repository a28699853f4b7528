"""The people of a desk behind a proxy: ``secrets/desk.toml``, readable by its owner, changed by one at a time."""

from __future__ import annotations

import contextlib
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newsletter.fields import plain_line
from newsletter.text.sentences import said
from newsletter.workspace import passwords
from newsletter.workspace.layers import PEOPLE
from newsletter.workspace.private_file import PrivateFile, unwritable
from newsletter.workspace.secret_files import SECRETS, secret_file

ROLES = ("edit", "send")
"""What can be given to somebody; who has neither looks only, and who sends edits too."""
_MOST_NAME = 60
_LOCK = ".desk.lock"
_HEAD = """\
# The people of the desk, written by: newsletter desk person add. Keep it secret. Passwords and recovery codes are not
# in it, only what they are compared with; `secret` is that of the one-time codes.
"""


@dataclass(frozen=True, slots=True)
class NamedEditor:
    """Somebody who signs in at the desk."""

    name: str
    roles: tuple[str, ...]
    password: str
    """As `newsletter.workspace.passwords.hashed` gives it."""
    secret: str
    """Of the one-time codes."""
    recovery: tuple[str, ...] = ()
    """Digests of the recovery codes that are not used yet."""
    last_step: int = 0
    """The step of the last one-time code that was taken."""

    @property
    def stamp(self) -> str:
        """Another one once the password or the second factor is another: sign-ins of before are over then."""
        import hashlib

        return hashlib.sha256(f"{self.name}\0{self.password}\0{self.secret}".encode()).hexdigest()


def folded(name: str) -> str:
    """A name as it is compared: without tatweel and vowel signs, in one spelling of each letter, in small letters."""
    plain = unicodedata.normalize("NFC", " ".join(name.split()))[:200]
    return re.sub("[\u0640\u064b-\u0652\u200e\u200f\u2066-\u2069]", "", plain).casefold()


def good_name(name: str) -> str:
    """A name that somebody can have at the desk.

    Raises:
        ValueError: It is empty, too long, or not one line.
    """
    plain = unicodedata.normalize("NFC", " ".join(plain_line(name).split()))
    if not folded(plain):
        raise ValueError(said("a name is wanted"))
    if "@" in plain:
        raise ValueError(said("a name is wanted, not an address"))
    if len(plain) > _MOST_NAME:
        raise ValueError(said("a name of {most} signs at most is wanted", most=_MOST_NAME))
    return plain


def path_of(root: Path) -> Path:
    """Where the people of a workspace's desk stand."""
    return root / SECRETS / PEOPLE


def read(root: Path) -> dict[str, NamedEditor]:
    """The people of the desk by their folded names; none without the file.

    Raises:
        WorkspaceError: The file is readable by others, or damaged.
    """
    found = _file(root).read(lambda values: [_editor(one) for one in _tables(values)])
    return {folded(one.name): one for one in found or ()}


def _file(root: Path) -> PrivateFile:
    return PrivateFile(root, PEOPLE, "the people of the desk", "mend the line, or delete the file and add them again")


@contextmanager
def changed(root: Path) -> Iterator[dict[str, NamedEditor]]:
    """The people of the desk, to be changed by nobody else meanwhile; written when the block ends without an error.

    Raises:
        WorkspaceError: The file cannot be read or written.
    """
    folder = path_of(root).parent
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unwritable(folder, error) from None
    try:
        if os.name == "posix":
            import fcntl

            # Some file systems of the network lock no file.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        editors = read(root)
        before = dict(editors)
        yield editors
        if editors != before:
            _file(root).write("\n".join([_HEAD, *(_table(one) for one in editors.values())]))
    finally:
        os.close(descriptor)


def _table(one: NamedEditor) -> str:
    def quoted(value: object) -> str:
        # JSON's texts are TOML's; a name has no control characters.
        return json.dumps(value, ensure_ascii=False)

    return (
        f"[[person]]\nname = {quoted(one.name)}\nroles = {quoted(list(one.roles))}\npassword = {quoted(one.password)}\n"
        f"secret = {quoted(one.secret)}\nrecovery = {quoted(list(one.recovery))}\nlast_step = {one.last_step}\n"
    )


def _tables(values: Mapping[str, object]) -> list[Mapping[str, object]]:
    people = values.get("person", [])
    if not isinstance(people, list) or not all(isinstance(one, dict) for one in people):
        raise ValueError("each person is a table [[person]]")
    return people


def _editor(table: Mapping[str, object]) -> NamedEditor:
    name, password, secret = (table.get(key) for key in ("name", "password", "secret"))
    roles, recovery, last = table.get("roles"), table.get("recovery", []), table.get("last_step", 0)
    if not (isinstance(name, str) and isinstance(password, str) and isinstance(secret, str) and folded(name)):
        raise ValueError("a person has name, password and secret")
    if not (isinstance(roles, list) and all(role in ROLES for role in roles)):
        raise ValueError(f"the roles of {name} are a list of {' and '.join(ROLES)}")
    if not (isinstance(recovery, list) and all(isinstance(one, str) for one in recovery)):
        raise ValueError(f"the recovery codes of {name} are a list of texts")
    if not isinstance(last, int):
        raise ValueError(f"last_step of {name} is a number")
    if not passwords.is_secret(secret):
        raise ValueError(f"the secret of {name} is no text of base32")
    return NamedEditor(name, tuple(roles), password, secret, tuple(recovery), last)


class EditorsFile:
    """The people of a desk as their file says now, read again only when it was changed.

    Args:
        root: The workspace.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: object = None
        self._editors: dict[str, NamedEditor] = {}

    def now(self) -> Mapping[str, NamedEditor]:
        """Them by their folded names.

        Raises:
            WorkspaceError: The file is readable by others, or damaged.
        """
        try:
            state = secret_file(self._root, PEOPLE).stat()
            seen: object = (state.st_mtime_ns, state.st_size, state.st_ino, state.st_mode)
        except OSError:
            seen = None
        if seen != self._seen or seen is None:
            self._editors = read(self._root)
            self._seen = seen
        return self._editors
