"""Every pattern of a sentence that the code says: given to ``said``, ``counted``, ``say``, an error, a table's head."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OF_PROGRAMS = frozenset(name for name in dir(builtins) if name.endswith("Error"))
"""Errors that nobody is told in their words."""
SAYING = ("say", "ask", "question", "words", "marked")
"""What says a text, besides ``said`` and ``counted``, which mark one."""


def patterns(*places: str) -> dict[tuple[str, str], str]:
    """By one and many, where each stands first.

    Args:
        places: Files or folders of the house.
    """
    found: dict[tuple[str, str], str] = {}
    for file, call in _calls(*places):
        for pattern in _of(call):
            found.setdefault(pattern, f"{file.relative_to(ROOT)}:{call.lineno}")
    return found


def unmarked(*places: str) -> list[str]:
    """Where a text with values in it is said that nothing can translate, since its pattern is lost: ``say(f"…")``.

    Args:
        places: Files or folders of the house.
    """
    return [
        f"{file.relative_to(ROOT)}:{call.lineno}"
        for file, call in _calls(*places)
        for text in call.args[:1]
        if _name(call) in (*SAYING, "BadParameter") or _name(call).endswith("Error")
        if _joined(text)
    ]


def _joined(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return _joined(node.body) or _joined(node.orelse)
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.BinOp) and (_joined(node.left) or _joined(node.right))
    )


def refusals(*places: str) -> dict[str, str]:
    """What errors and the check's findings say: what is wrong with an error, and how either is mended.

    Texts with values in them count as patterns: readers' code, below the wall, cannot mark what it says.

    Args:
        places: Files or folders of the house.
    """
    found: dict[str, str] = {}
    for file, call in _calls(*places):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        mends = [word.value for word in call.keywords if word.arg == "mend"]
        if name.endswith("Error") and name not in OF_PROGRAMS:
            said = [*call.args[:1], *mends]
        elif name in ("Problem", "_tell") and "check" in file.parts:
            said = [*call.args[3:], *mends]
        else:
            continue
        for text in (one for node in said for one in _patterns(node)):
            found.setdefault(text, f"{file.relative_to(ROOT)}:{call.lineno}")
    return found


def _patterns(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        parts = (one.value if isinstance(one, ast.Constant) else "{}" for one in node.values)
        quoted = (
            f"'{text}'" if isinstance(one, ast.FormattedValue) and one.conversion == ord("r") else str(text)
            for one, text in zip(node.values, parts, strict=True)
        )
        yield "".join(quoted)
    elif isinstance(node, ast.IfExp):
        yield from _patterns(node.body)
        yield from _patterns(node.orelse)
    elif isinstance(node, ast.Call) and _name(node) == "said":
        yield from _texts(node.args[0])
    else:
        yield from _texts(node)


def _calls(*places: str) -> Iterator[tuple[Path, ast.Call]]:
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield from (
                (file, one) for one in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(one, ast.Call)
            )


def _name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return "" if call.func.id in OF_PROGRAMS else call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) and call.func.attr == "BadParameter" else ""


def _of(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = _name(call)
    texts = [list(_texts(one)) for one in call.args]
    if (name in ("said", *SAYING, "BadParameter") or name.endswith("Error")) and texts:
        yield from ((one, "") for one in texts[0])
    if name.endswith("Error"):
        yield from ((one, "") for word in call.keywords if word.arg == "mend" for one in _texts(word.value))
    if name == "table" and call.args and isinstance(call.args[0], ast.Tuple | ast.List):
        yield from ((one, "") for head in call.args[0].elts for one in _texts(head))
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
