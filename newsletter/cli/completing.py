"""What Typer asks of an option or argument whose values the workspace knows, when Tab is pressed behind it.

The shells are answered by ``newsletter.completing`` before Typer is loaded; this is the long way to the same values.
"""

from __future__ import annotations

import typer

from newsletter.completing import values


def lists(ctx: typer.Context) -> values.Offered:
    """Names of the lists, with their titles."""
    return values.lists(_directory(ctx))


def issues(ctx: typer.Context) -> values.Offered:
    """Numbers of the issues, with their folders; the newest first."""
    return values.issues(_directory(ctx))


def sends(ctx: typer.Context) -> values.Offered:
    """Ids of the sends, with issue and state; the newest first."""
    return values.sends(_directory(ctx))


def sections(ctx: typer.Context) -> values.Offered:
    """Sections that the topics of the settings name, with the list they belong to."""
    return values.sections(_directory(ctx))


def _directory(ctx: typer.Context) -> str:
    return str(ctx.find_root().params.get("directory") or "")
