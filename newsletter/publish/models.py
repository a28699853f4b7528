"""What is asked of a publication, what is said on the way, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from newsletter.errors import NashraError


class PublishError(NashraError):
    """Something that keeps an issue from being published."""


class PublishInterruptedError(PublishError):
    """The target could not be reached or broke off: the same command completes it later."""


@dataclass(frozen=True, slots=True)
class PublishWish:
    """What is asked of a publication, beside the issue; what is left empty is as the settings say."""

    status: Literal["", "draft", "publish"] = ""
    """What a new post is; ``publish`` also publishes a draft that is there."""
    post_type: str = ""
    categories: tuple[str, ...] | None = None
    """Slugs of the site's own categories."""
    folder: Path | None = None
    """Where files go."""
    url: str = ""
    """The address that those files will have."""
    force: bool = False
    """Whether what somebody changed at the target is written over."""
    anew: bool = False
    """Whether another one is made where the first was thrown away."""
    dry_run: bool = False
    """Whether it is only said what would be done."""


@dataclass(frozen=True, slots=True)
class PublishTalk:
    """How a publication speaks with whoever asked for it."""

    tell: Callable[[str], None] = field(default=lambda _line: None)
    """Takes one line of what is going on."""
    sure: Callable[[str], bool] = field(default=lambda _question: True)
    """Answers whether it shall go on, asked before anything becomes public."""


@dataclass(frozen=True, slots=True)
class PublishOutcome:
    """What came of a publication."""

    target: str
    """Name of the target."""
    done: Literal["created", "updated", "unchanged", "published", "refused"]
    """``refused``: a person is needed, and ``lines`` say why. Of a dry run: what would have been done."""
    address: str = ""
    """Where it can be looked at."""
    lines: tuple[str, ...] = ()
    """What a person is told, after all is done."""
    difference: str = ""
    """With ``refused``: what somebody changed there, as a unified diff."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What ``--json`` says besides."""
    issue: str = ""
    """Key of the issue, for the log of acts; empty when it is about no single one."""
