"""Templates: where they are (the workspace's own first, then the shipped ones) and the environment that fills them."""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import sys
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

from subscribers.wholefile import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.bccache import Bucket

_COMPILED: dict[str, tuple[str, CodeType]] = {}
"""By a template's name and file: the checksum of its text, and what that was compiled to, for every environment here.

They have the same options and so compile alike; the templates of one letter take a quarter of a second (measured)."""
_SHIPPED = "shipped-"
"""Begins the keys of templates that came with the program."""


def templates_dir() -> Path:
    """The shipped templates: inside the package when it was installed from a wheel, else beside it."""
    package = Path(__file__).resolve().parents[1]
    in_wheel = package / "_templates"
    return in_wheel if in_wheel.is_dir() else package.parent / "templates"


def environment(overrides: Path | None = None) -> Environment:
    """The Jinja environment of every template: sandboxed, strict about names, escaping wherever markup is made.

    A file in the workspace's folder wins over the shipped file of the same name, and reaches that one as
    ``shipped/<name>``, for example in ``{% extends "shipped/email/weekly.mjml.j2" %}``.

    Args:
        overrides: The workspace's ``templates`` folder; need not exist.
    """
    from jinja2 import BytecodeCache, ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    class Environment(SandboxedEnvironment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            # A field of our own values is data. The sandbox would ask of each whether it is a frame, a generator, …
            if attribute in getattr(type(obj), "__dataclass_fields__", ()) and not attribute.startswith("_"):
                return getattr(obj, attribute)
            return super().getattr(obj, attribute)

    folder = templates_dir()

    class KeptTexts(BytecodeCache):
        def get_cache_key(self, name: str, filename: str | None = None) -> str:
            is_shipped = filename is not None and Path(filename).is_relative_to(folder)
            return (_SHIPPED if is_shipped else "") + super().get_cache_key(name, filename)

        def load_bytecode(self, bucket: Bucket) -> None:
            checksum, code = _COMPILED.get(bucket.key, ("", None))
            if checksum == bucket.checksum:
                bucket.code = code
            elif bucket.key.startswith(_SHIPPED):
                _read_compiled(bucket)
                if bucket.code is not None:
                    _COMPILED[bucket.key] = bucket.checksum, bucket.code

        def dump_bytecode(self, bucket: Bucket) -> None:
            if bucket.code is not None:
                _COMPILED[bucket.key] = bucket.checksum, bucket.code
                if bucket.key.startswith(_SHIPPED) and not sys.dont_write_bytecode:
                    _write_compiled(bucket)

    shipped = FileSystemLoader(folder)
    own = [FileSystemLoader(overrides)] if overrides is not None else []
    return Environment(
        loader=ChoiceLoader([*own, shipped, PrefixLoader({"shipped": shipped})]),
        undefined=StrictUndefined,
        autoescape=escapes,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        bytecode_cache=KeptTexts(),
    )


def compiled_path(key: str) -> Path:
    """Where a shipped template is kept as it was compiled: beside this module as Python keeps it, and as trusted.

    Args:
        key: Of the template.
    """
    return Path(importlib.util.cache_from_source(__file__)).with_name(f"{key}.template")


def _mark(bucket: Bucket) -> bytes:
    """What all depends on that a template is compiled by: its text, Python, Jinja and what is asked of it here."""
    import jinja2

    told = [sys.version, jinja2.__version__, bucket.checksum]
    return sha256("|".join(told).encode() + Path(__file__).read_bytes()).digest()


def _read_compiled(bucket: Bucket) -> None:
    """Take what was compiled of a template before, unless anything it depends on is another since."""
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
        data = compiled_path(bucket.key).read_bytes()
        mark = _mark(bucket)
        if data.startswith(mark):
            code = marshal.loads(data[len(mark) :])  # noqa: S302  as trusted as this module, beside which it lies
            bucket.code = code if isinstance(code, CodeType) else None


def _write_compiled(bucket: Bucket) -> None:
    """Keep what was compiled for the next process; where that is not allowed, each compiles for itself."""
    with contextlib.suppress(OSError):
        write_whole(compiled_path(bucket.key), _mark(bucket) + marshal.dumps(bucket.code))


def escapes(name: str | None) -> bool:
    """Whether a template makes markup, so that what is filled into it must be escaped: all but plain text.

    What stands in ``deploy/`` are files of systemd and of web servers, which have rules of their own.

    Args:
        name: Template name, or None for one made from a string.
    """
    if name is None:
        return True
    return not name.removesuffix(".j2").endswith((".txt", ".po")) and not name.removeprefix("shipped/").startswith(
        "deploy/"
    )
