"""Lines put into the text of a newsletter.toml, as somebody writes them there by hand."""

from __future__ import annotations

import re
from pathlib import Path


def with_settings(text: str, settings: str) -> str:
    """The text with more settings: each section's lines below its heading, which is added where there is none.

    Args:
        text: Of a newsletter.toml, without these keys.
        settings: Sections with their headings: ``[compose]\\nmost = 3``.
    """
    for part in re.split(r"(?m)^(?=\[)", settings):
        head, _, lines = part.strip("\n").partition("\n")
        if not head:
            continue
        before, found, after = f"\n{text}".partition(f"\n{head}\n")
        body = f"{lines}\n" if lines else ""
        text = f"{before}{found}{body}{after}"[1:] if found else f"{text}\n{head}\n{body}"
    return text


def add_settings(root: Path, settings: str) -> None:
    """Write more settings into the newsletter.toml of a workspace, as ``with_settings`` does.

    Args:
        root: The workspace.
        settings: Sections with their headings.
    """
    path = root / "newsletter.toml"
    path.write_text(with_settings(path.read_text("utf-8"), settings), "utf-8")
