"""The changes that a mutant can make to one function, class or constant of the package.

A target is written `module:name`, for example `enrich_pandas.engine.sender:Sender.ask`. Operators
work on its source, so that comments and line numbers stay. A fragment is a short piece of source
that identifies one statement or condition of the target; it must fit exactly one.
"""

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONDITIONAL = (ast.If, ast.IfExp, ast.While, ast.Assert)
COMPOUND = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.FunctionDef, ast.ClassDef)

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
Edit = tuple[ast.AST, str]  # what the source of a node becomes


class Target:
    """One definition and the source of its module.

    Parameters
    ----------
    name
        `module:name`; methods and nested functions after a dot.
    source
        Source of the module, by default that of the file.

    Examples
    --------
    >>> Target("enrich_pandas.engine.scheduler:Task").path.name
    'scheduler.py'
    """

    def __init__(self, name: str, source: bytes | None = None) -> None:
        module, _, qualified = name.partition(":")
        path = ROOT.joinpath(*module.split("."))
        self.path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        self.source = self.path.read_bytes() if source is None else source
        self._lines = self.source.splitlines(keepends=True)
        body = self.module = ast.parse(self.source).body
        for part in qualified.split("."):
            self.node = one(
                (node for node in body if part in defined_names(node)), f"{name}: {part}"
            )
            body = getattr(self.node, "body", [])

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node begins and ends, in bytes."""
        return (
            self._offset(node.lineno) + node.col_offset,
            self._offset(node.end_lineno) + node.end_col_offset,
        )

    def text(self, node: ast.AST) -> str:
        """Return the source of a node."""
        start, end = self.span(node)
        return self.source[start:end].decode()

    def edited(self, *edits: Edit) -> str:
        """Return the source of the module with some nodes replaced."""
        source = self.source
        for node, text in sorted(edits, key=lambda edit: self.span(edit[0]), reverse=True):
            start, end = self.span(node)
            source = source[:start] + text.encode() + source[end:]
        return source.decode()

    def names(self) -> set[str]:
        """Return the names that the target reads and does not assign itself."""
        nodes = list(ast.walk(self.node))
        bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
        found = {False: set[str](), True: bound}
        for node in nodes:
            if isinstance(node, ast.Name):
                found[isinstance(node.ctx, ast.Store)].add(node.id)
        return found[False] - found[True]

    def statement(self, fragment: str) -> ast.AST:
        """Return the one statement without a body of its own that contains the fragment."""
        found = (
            node
            for node in ast.walk(self.node)
            if isinstance(node, ast.stmt) and not isinstance(node, COMPOUND)
        )
        return self._only(found, fragment)

    def condition(self, fragment: str) -> ast.AST:
        """Return the one condition that contains the fragment."""
        found = [node.test for node in ast.walk(self.node) if isinstance(node, CONDITIONAL)]
        for node in ast.walk(self.node):
            if isinstance(node, ast.comprehension):
                found += node.ifs
        return self._only(found, fragment)

    def _only(self, nodes: Iterable[ast.AST], fragment: str) -> ast.AST:
        return one((node for node in nodes if fragment in self.text(node)), fragment)

    def _offset(self, line: int) -> int:
        return sum(map(len, self._lines[: line - 1]))


def one(nodes: Iterable[ast.AST], what: str) -> ast.AST:
    """Return the only one; raise if there is none or another."""
    found = list(nodes)
    if len(found) != 1:
        raise LookupError(f"{what!r} fits {len(found)} places, and must fit one")
    return found[0]


def defined_names(node: ast.AST) -> list[str]:
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


Operator = Callable[[Target], str]


def drop(fragment: str) -> Operator:
    """Leave out a statement, for example a call."""
    return lambda target: target.edited((target.statement(fragment), "pass"))


def swap(first: str, second: str) -> Operator:
    """Exchange two statements."""

    def change(target: Target) -> str:
        one, other = target.statement(first), target.statement(second)
        return target.edited((one, target.text(other)), (other, target.text(one)))

    return change


def always(fragment: str) -> Operator:
    """Take a condition for true."""
    return lambda target: target.edited((target.condition(fragment), "True"))


def never(fragment: str) -> Operator:
    """Take a condition for false."""
    return lambda target: target.edited((target.condition(fragment), "False"))


def returns(expression: str) -> Operator:
    """Return a value in place of what the function does."""

    def change(target: Target) -> str:
        first, *others = target.node.body
        return target.edited((first, f"return {expression}"), *((node, "pass") for node in others))

    return change


def value(expression: str) -> Operator:
    """Give a constant another value."""
    return lambda target: target.edited((target.node.value, expression))


def replace(old: str, new: str) -> Operator:
    """Replace a piece of source that occurs once in the target: where no other operator fits."""

    def change(target: Target) -> str:
        text = target.text(target.node)
        if text.count(old) != 1:
            raise LookupError(f"{old!r} occurs {text.count(old)} times, and must occur once")
        return target.edited((target.node, text.replace(old, new)))

    return change
