"""What a Python file imports and does, read from its syntax tree; for the rules of the house."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

SERIALISERS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def imports(source: str) -> set[str]:
    """Names of every module imported anywhere, inside functions and by name too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _called(node) in {
                "import_module",
                "__import__",
            }:
                names.add(name)
    return names


def packages(source: str) -> set[str]:
    """Top-level packages imported anywhere."""
    return {name.partition(".")[0] for name in imports(source)}


def dangers(source: str) -> list[str]:
    """What could run code that someone else wrote, or show their markup as ours."""
    reasons = [f"imports {name}" for name in sorted(packages(source) & SERIALISERS)]
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
            reasons.append(f"line {node.lineno}: {node.func.id}")
        if _called(node) in {"read_pickle", "to_pickle"}:
            reasons.append(f"line {node.lineno}: {_called(node)}")
        for word in node.keywords:
            off = isinstance(word.value, ast.Constant) and word.value.value is False
            if word.arg in {"unsafe_allow_html", "allow_pickle"} and not off:
                reasons.append(f"line {node.lineno}: {word.arg}")
    return reasons


def unexplained_catches(source: str) -> list[int]:
    """Lines that catch every exception without a comment there, or right below, saying why.

    Tidying up and raising again hides nothing and needs none.
    """
    comments = dict(_comments(source))
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler)
        and _catches_all(node.type)
        and not isinstance(node.body[-1], ast.Raise)
        and not (comments.get(node.lineno) or comments.get(node.lineno + 1))
    ]


def _called(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def _catches_all(caught: ast.expr | None) -> bool:
    match caught:
        case None:
            return True
        case ast.Name(id=name):
            return name in {"Exception", "BaseException"}
        case ast.Tuple(elts=several):
            return any(_catches_all(one) for one in several)
    return False


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        words = token.string.lstrip("# ")
        orders = ("noqa", "type:", "pragma", "fmt:", "pylint:")
        if token.type == tokenize.COMMENT and not words.lower().startswith(orders):
            yield token.start[0], words
