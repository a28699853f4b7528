"""newsletter.toml changed by a program: one value at a time, checked before it is written, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from newsletter.errors import SettingsError
from newsletter.text.toml_editing import SettingsTextError, TomlPath, TomlValue, edited
from newsletter.workspace.config import FILE, Settings, load
from subscribers.wholefile import write_whole

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """The text of newsletter.toml as it was read, and as it is to be."""

    path: Path
    text: str
    """Without a byte order mark."""
    read_as: bytes
    """What the file held when it was read; it is not written over anything else."""

    @classmethod
    def read(cls, root: Path) -> SettingsFile:
        """Read it.

        Args:
            root: The workspace.

        Raises:
            SettingsError: It cannot be read.
        """
        path = root / FILE
        try:
            data = path.read_bytes()
            return cls(path, data.decode("utf-8").removeprefix(_BOM), data)
        except UnicodeDecodeError:
            raise SettingsError("is not UTF-8 text", where=str(path), mend="save it as UTF-8") from None
        except OSError as error:
            raise SettingsError(
                f"cannot be read ({error.strerror})", where=str(path), mend="make it a file that you may read"
            ) from None

    @property
    def mark(self) -> str:
        """Names what the file held, so that a page can say which text it saw."""
        return hashlib.sha256(self.read_as).hexdigest()[:32]

    def changed(self, changes: Mapping[TomlPath, TomlValue | None]) -> SettingsFile:
        """With other values; nothing is written.

        Args:
            changes: What is to stand where; None takes a key out.

        Raises:
            SettingsError: One of them cannot be changed without touching other lines.
        """
        try:
            return replace(self, text=edited(self.text, changes))
        except SettingsTextError as error:
            raise SettingsError(
                f"{error} stands there in a way that a program cannot change alone",
                where=str(self.path),
                mend="change it in the file",
            ) from None

    def checked(self, environment: Mapping[str, str]) -> Settings:
        """The settings as they will be, with secrets and environment.

        Args:
            environment: Of the process.

        Raises:
            SettingsError: They would not be understood.
        """
        return load(self.path.parent, environment, self.text)

    def save(self, environment: Mapping[str, str]) -> SettingsFile:
        """Check it and write it, whole or not at all, with the mode that the file has.

        Args:
            environment: Of the process.

        Returns:
            The file as it is now.

        Raises:
            SettingsError: It would not be understood, somebody else changed the file meanwhile, or the disk does not
                take it. The file is then as it was.
        """
        self.checked(environment)
        data = f"{_BOM if self.read_as.startswith(_BOM.encode()) else ''}{self.text}".encode()
        real = self.path.resolve()  # a link stays one
        try:
            if real.read_bytes() != self.read_as:
                raise SettingsError(
                    "was changed by somebody else meanwhile", where=str(self.path), mend="look at it, and do it again"
                )
            write_whole(real, data, mode=real.stat().st_mode & 0o7777)
        except OSError as error:
            raise SettingsError(
                f"cannot be written ({error.strerror})", where=str(self.path), mend="check the disk"
            ) from None
        return replace(self, read_as=data)
