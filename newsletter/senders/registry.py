"""The one table of providers: what every other room asks about whoever carries letters.

A provider is a folder of ``newsletter/senders/`` whose ``__init__.py`` holds its entry, ``PROVIDER``, and a line in
``FOLDERS``. The entry is light: everything it names is imported when somebody asks for it. No other room knows a
provider by its name. docs/adding-a-sender.md walks through one.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from newsletter.senders.provider import Provider

FOLDERS: Final = (
    "outbox",
    "sendgrid",
    "smtp",
    "postmark",
)
"""Every provider, by the name of its folder: what ``[sender] kind`` may say, in the order in which it is told."""


def names() -> tuple[str, ...]:
    """What ``[sender] kind`` may say."""
    return FOLDERS


@cache
def provider(name: str) -> Provider[Any]:
    """The entry of one provider.

    Args:
        name: One of ``names()``.

    Raises:
        KeyError: There is none of that name.
    """
    if name not in FOLDERS:
        raise KeyError(name)
    # By its name, so that nobody who asks the table imports what only one provider needs.
    found: Provider[Any] = importlib.import_module(f"newsletter.senders.{name}").PROVIDER
    return found


def providers() -> Iterator[Provider[Any]]:
    """Every provider, in the order of the table."""
    return map(provider, FOLDERS)


def secret_keys() -> frozenset[str]:
    """Every setting ``<section>.<key>`` of a provider whose value is never shown."""
    return frozenset(f"{one.name}.{key}" for one in providers() for key in one.secrets)


def listed(titles: Iterator[str], word: str) -> str:
    """Names in a sentence: ``a, b or c``.

    Args:
        titles: At least one.
        word: Before the last one.
    """
    *most, last = titles
    return f"{', '.join(most)} {word} {last}" if most else last
