"""Every pattern of a sentence that the code says: given to ``said``, ``counted``, ``plural``, ``say`` or ``ask``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def patterns(*places: str) -> dict[tuple[str, str], str]:
    """By one and many, where each stands first.

    Args:
        places: Files or folders of the house.
    """
    found: dict[tuple[str, str], str] = {}
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for call in (one for one in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(one, ast.Call)):
                for pattern in _of(call):
                    found.setdefault(pattern, f"{file.relative_to(ROOT)}:{call.lineno}")
    return found


def _of(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    texts = [list(_texts(one)) for one in call.args]
    if name in ("said", "say", "ask", "question", "words") and texts:
        yield from ((one, "") for one in texts[0])
    if name == "counted" and len(texts) > 1 and texts[0]:
        yield texts[0][0], texts[1][0]
    if name == "plural" and len(texts) > 1 and texts[1]:
        one = texts[1][0]
        yield f"{{n}} {one}", f"{{n}} {texts[2][0] if len(texts) > 2 else one + 's'}"


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
