"""What a fence and its readers tell each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from newsletter.errors import SourceError
from newsletter.sources.http.models import Kind


@dataclass(frozen=True, slots=True)
class ReadingRequest:
    """One source to be read."""

    work: Callable[..., Any]
    """A function of a module; it is found there again by its name."""
    arguments: tuple[Any, ...]
    seconds: float
    """Processor time it may cost."""


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """A reader asks for another address."""

    url: str
    kind: Kind
    headers: Mapping[str, str] | None
    statuses: Collection[int]


@dataclass(frozen=True, slots=True)
class ReadingOutcome:
    """What came of a job, or of an address that was asked for; one of the fields is set."""

    value: Any = None
    trouble: SourceError | None = None
    failure: str = ""
    """An error that no source should be able to cause, and where in the code it arose."""
    is_out_of_memory: bool = False
    is_last: bool = False
    """The process has grown too much to read another source."""
