"""Mutations of a Python file: small faults that somebody could make, one at a time, each with a name that lasts.

A mutation is a span of the text and what stands there instead. Its name is made of the file, the function, what becomes
what, and a count where the same happens twice: it stays when lines move.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from itertools import zip_longest

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.Pow: ast.Mult,
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """One fault in one file."""

    name: str
    path: str
    """Of the file, from the root of the repository."""
    line: int
    """Counted from 1."""
    start: int
    """Offset in the bytes of the file."""
    end: int
    text: str
    """What stands from ``start`` to ``end`` instead."""

    def apply(self, source: bytes) -> bytes:
        """The file with the fault in it."""
        return source[: self.start] + self.text.encode("utf-8") + source[self.end :]


def mutations(path: str, source: str) -> list[Mutation]:
    """Every mutation of a file, in the order of its text.

    Args:
        path: Of the file, from the root of the repository.
        source: Its text.
    """
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    return finder.found


class _Finder(ast.NodeVisitor):
    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source.encode("utf-8")
        self.starts = [0]
        for line in self.source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.scope: list[str] = []
        self.found: list[Mutation] = []
        self.names: Counter[str] = Counter()

    def add(self, node: ast.expr | ast.stmt, text: str, note: str = "") -> None:
        """Write a mutation down: this text in the place of the node."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        before = _short(ast.unparse(node))
        base = f"{self.path}::{'.'.join(self.scope) or 'module'}: {before} → {note or _short(text)}"
        self.names[base] += 1
        name = base if self.names[base] == 1 else f"{base} #{self.names[base]}"
        self.found.append(Mutation(name, self.path, node.lineno, start, end, text))

    def swap(self, node: ast.expr, changed: ast.expr) -> None:
        """Write down that this expression becomes that one."""
        self.add(node, f"({ast.unparse(changed)})", _short(ast.unparse(changed)))

    # Where we are, and what is no behaviour

    def _inside(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self.scope.append(node.name)
        if isinstance(node, ast.ClassDef):
            self.statements(node.body)
        else:
            for default in (*node.args.defaults, *(one for one in node.args.kw_defaults if one is not None)):
                self.visit(default)
            self.statements(node.body)
        self.scope.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _inside  # noqa: N815  names of ast

    def visit_Module(self, node: ast.Module) -> None:
        self.statements(node.body)

    def statements(self, body: list[ast.stmt]) -> None:
        for statement in body:
            if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                self.visit(statement)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Not looked into: Python 3.11 does not say where its parts stand."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        named = [target.id for target in node.targets if isinstance(target, ast.Name)]
        # Types and lists of names are no behaviour.
        if self.scope or not any(name == "__all__" or (name[0].isupper() and not name.isupper()) for name in named):
            self.visit(node.value)
        if self.scope and any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self.add(node, "pass")

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self.condition(node.test)
        self.generic_visit(node)

    # The faults

    def condition(self, test: ast.expr) -> None:
        """The other way round; what is a comparison or a ``not`` is turned round by itself."""
        if not isinstance(test, ast.Compare | ast.UnaryOp):
            self.add(test, f"(not ({ast.unparse(test)}))", f"not ({_short(ast.unparse(test))})")

    def visit_While(self, node: ast.While) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.condition(node.test)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for at, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                ops = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                self.swap(node, ast.Compare(node.left, ops, node.comparators))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        text = any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in (node.left, node.right))
        # Text minus text fails at once and tells nothing; the bar between two types is no behaviour.
        if type(node.op) in ARITHMETIC and not text:
            self.swap(node, ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self.swap(node, ast.BoolOp(other, node.values))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.Invert):
            self.swap(node, node.operand)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add(node, str(not node.value))
        elif isinstance(node.value, int | float):
            self.add(node, str(node.value + 1))
            if node.value:
                self.add(node, str(node.value - 1))

    def visit_Dict(self, node: ast.Dict) -> None:
        for value in node.values:
            self.visit(value)
        if self.scope:
            return
        # Of a table of the module, what its rows say is behaviour too: each says what another one says in its place.
        rows = [value.elts if isinstance(value, ast.Tuple) else [value] for value in node.values]
        said = [sorted({_text(cell) for cell in column} - {""}) for column in zip_longest(*rows)]
        for row in rows:
            for cell, words in zip(row, said, strict=False):
                text = _text(cell)
                if text:
                    self.add(cell, repr(words[(words.index(text) + 1) % len(words)] if len(words) > 1 else ""))

    def visit_Return(self, node: ast.Return) -> None:
        # A constant has mutations of its own, and whoever asks whether it is true takes None for False.
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self.add(node, "return None", "return None")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        # How long something random is, nobody can tell.
        if not ast.unparse(node.func).startswith("secrets."):
            self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and not ast.unparse(node.value.func).startswith("LOG."):
            self.add(node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        # What it says is looked at by people.
        self.add(node, "pass")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.add(node, "pass")
        if type(node.op) in ARITHMETIC:
            other = ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
            self.add(node, ast.unparse(other))
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self.add(node, "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.add(node, "break")


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 90 else line[:60] + "…" + line[-29:]
