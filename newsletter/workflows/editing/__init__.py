"""An issue edited at the desk: opened, changed by one operation at a time, joined with what others wrote, taken back.

The file is the one truth. Every change is made to the text that its page has seen; where the file says something else
by then, the operation is carried over to it, or a person is asked. Nobody's words are written over in silence.
"""

from __future__ import annotations

from newsletter.workflows.editing.changing import apply, merge
from newsletter.workflows.editing.conflicts import Conflict, ConflictError
from newsletter.workflows.editing.opened import BrokenIssue, EditedIssue, open_issue

__all__ = ["BrokenIssue", "Conflict", "ConflictError", "EditedIssue", "apply", "merge", "open_issue"]
