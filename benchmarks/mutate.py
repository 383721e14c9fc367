"""Change the code in small ways, one at a time, and count which changes the tests notice.

    python -m benchmarks.mutate --module cryptoforecast/prices/candles/resample.py --sample 20

A change is one of: another comparison, another arithmetic or boolean operator, ``not`` or ``abs``
dropped, ``min`` for ``max``, one part of a condition dropped, a number one more, one less or
doubled, ``True`` for ``False``, the bound of a slice or of ``range`` moved by one, a statement or
the body of an ``if`` left out. Annotations and their imports, decorators, docstrings, the texts of
errors and ``strict`` of ``zip`` stay as they are: such changes are of nothing or of wording only.

The changes are made in a copy of the repository in a temporary folder. The checkout is never
written. The tests run there, and the first failure counts as noticed. So does a run that takes
much longer than that of the unchanged code, because a change can make a loop endless. Without
``--tests`` they are ``test_MODULE*.py`` in the folder of ``tests`` that has the name of the
module's package, or where there is no such file all of that folder. What these do not notice is
tried once more with ``--then``, which is slower: other parts of the program may notice it.

Some changes cannot be noticed, because the result is the same: judge what is listed by reading it.
Exits with 1 where the unchanged code fails its tests.
"""

from __future__ import annotations

import argparse
import ast
import copy
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd  # noqa: F401
import plotly.graph_objects as go  # noqa: F401
import pytest

ROOT = Path(__file__).resolve().parent.parent

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
#: Fields of a node that say nothing about what the code computes.
WORDING = {"annotation", "returns", "decorator_list", "type_comment", "type_params", "exc"}
REMOVABLE = (ast.AugAssign, ast.Raise, ast.Delete, ast.Continue, ast.Break)

Step = tuple[str, int | None]


@dataclass(frozen=True)
class Change:
    """One small change to a module: which node is replaced, and by what."""

    path: tuple[Step, ...]
    line: int
    before: str
    new: ast.AST

    def source(self, tree: ast.Module) -> str:
        """Return the module's code with this change; comments are lost."""
        changed = copy.deepcopy(tree)
        node: ast.AST = changed
        for field, index in self.path[:-1]:
            child = getattr(node, field)
            node = child if index is None else child[index]
        field, index = self.path[-1]
        if index is None:
            setattr(node, field, self.new)
        else:
            getattr(node, field)[index] = self.new
        return ast.unparse(ast.fix_missing_locations(changed))

    def __str__(self) -> str:
        first, last = (_short(text) for text in (self.before, ast.unparse(self.new)))
        return f"line {self.line}: {first}  ->  {last}"


def _short(text: str, length: int = 70) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def changes(tree: ast.Module) -> list[Change]:
    """List every change that this script knows for a module, in the order of its lines."""
    return [
        Change(path, getattr(node, "lineno", 0), ast.unparse(node), new)
        for path, node in _nodes(tree, ())
        for new in _variants(node)
    ]


def _nodes(node: ast.AST, path: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], ast.AST]]:
    """Walk the nodes whose change could alter what the code computes."""
    if _is_idle(node):
        return
    for field, value in ast.iter_fields(node):
        if field in WORDING or isinstance(node, ast.JoinedStr):
            continue
        if isinstance(value, ast.AST):
            yield (*path, (field, None)), value
            yield from _nodes(value, (*path, (field, None)))
        elif isinstance(value, list):
            for index, one in enumerate(value):
                if isinstance(one, ast.AST):
                    yield (*path, (field, index)), one
                    yield from _nodes(one, (*path, (field, index)))


def _is_idle(node: ast.AST) -> bool:
    """Return whether a node does nothing in a sound program, with all that it holds."""
    match node:
        case ast.keyword("strict") | ast.If(ast.Name("TYPE_CHECKING")):
            return True
    return False


def _variants(node: ast.AST) -> Iterator[ast.AST]:
    """Return what can stand in the place of a node."""
    if _is_idle(node):
        return
    match node:
        case ast.Compare(left, ops, comparators):
            for i, old in enumerate(ops):
                for new in COMPARISONS[type(old)]:
                    yield ast.Compare(left, [*ops[:i], new(), *ops[i + 1 :]], comparators)
        case ast.BinOp(left, operator, right) if not (_is_text(left) or _is_text(right)):
            if type(operator) in OPERATORS:
                yield ast.BinOp(left, OPERATORS[type(operator)](), right)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for i in range(len(values)):
                rest = values[:i] + values[i + 1 :]
                yield ast.BoolOp(operator, rest) if len(rest) > 1 else rest[0]
        case ast.UnaryOp(ast.Not() | ast.USub(), operand):
            yield operand
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield from (ast.Constant(new) for new in (value + 1, value - 1))
            if value not in (0, 1):
                yield ast.Constant(2 * value)
        case ast.Slice(lower, upper, step):
            if lower is not None and not isinstance(lower, ast.Constant):
                yield ast.Slice(_one_more(lower), upper, step)
            if upper is not None and not isinstance(upper, ast.Constant):
                yield ast.Slice(lower, _one_more(upper), step)
        case ast.Call(ast.Name("range"), arguments, []):
            for i, bound in enumerate(arguments[:2]):
                moved = [*arguments[:i], _one_more(bound), *arguments[i + 1 :]]
                yield ast.Call(node.func, moved, [])
        case ast.Call(ast.Name("min" | "max" as name), arguments, keywords):
            yield ast.Call(ast.Name("max" if name == "min" else "min"), arguments, keywords)
        case ast.Call(ast.Name("abs") | ast.Attribute(_, "abs"), [only], []):
            yield only
        case ast.Expr(ast.Call()) | ast.Assign([ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.If(_, body, orelse):
            yield ast.If(ast.Constant(False), body, orelse)
    if isinstance(node, REMOVABLE):
        yield ast.Pass()


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _one_more(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Add(), ast.Constant(1))


def tests_of(module: Path) -> list[str]:
    """Return the tests of a module by its name; those of its package where it has none."""
    folders = module.parts[1:-1]
    own = sorted(ROOT.glob(Path("tests", *folders, f"test_{module.stem}*.py").as_posix()))
    if own:
        return [path.relative_to(ROOT).as_posix() for path in own]
    while folders and not (ROOT / "tests" / Path(*folders)).is_dir():
        folders = folders[:-1]
    package = module.parts[1] if len(module.parts) > 2 else module.stem
    beside = sorted((ROOT / "tests").glob(f"test_{package}*.py"))
    paths = [Path("tests", *folders).as_posix()] if folders else []
    return paths + [path.relative_to(ROOT).as_posix() for path in beside]


def run(folder: Path, tests: list[str], seconds: float | None) -> str:
    """Run tests in a folder; return how that shows a change, or "" if they pass in time."""
    process = multiprocessing.get_context("fork").Process(target=_test, args=(folder, tests))
    process.start()
    process.join(seconds)
    if process.is_alive():
        os.killpg(process.pid or 0, signal.SIGKILL)
        process.join()
        return "too long"
    if process.exitcode in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(f"The tests must be there. Received: {tests}, {folder}.")
    return "noticed" if process.exitcode else ""


def _test(folder: Path, tests: list[str]) -> None:
    """Run tests in this process, which was forked so that the libraries are loaded already."""
    os.setsid()
    os.chdir(folder)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.dont_write_bytecode = True
    sys.path[:] = [path for path in sys.path if path and Path(path).resolve() != ROOT]
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        sys.exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *tests])))


def measure(
    folder: Path, module: Path, tests: list[str], args: argparse.Namespace
) -> tuple[int, int]:
    """Try a sample of the changes to one module, print each, and count noticed and tried.

    Args:
        folder: A copy of the repository.
        module: The file to change, relative to the folder.
        tests: What pytest runs.
        args: The options ``sample``, ``seed``, ``then``, ``limit`` and ``without_numbers``.

    Raises:
        SystemExit: If the tests fail although nothing is changed, or there are none.
    """
    began = time.perf_counter()
    if not tests or run(folder, tests, None):
        sys.exit(f"The tests of {module} must pass before anything is changed. Received: {tests}.")
    limit = 20 + 4 * (time.perf_counter() - began)
    target = folder / module
    original = target.read_text("utf-8")
    tree = ast.parse(original)
    every = changes(tree)
    if args.without_numbers:
        every = [each for each in every if not isinstance(each.new, ast.Constant)]
    size = min(args.sample, len(every))
    chosen = sorted(random.Random(args.seed).sample(range(len(every)), size))
    print(f"{module}: {len(chosen)} of {len(every)} changes, {' '.join(tests)}", flush=True)
    noticed = 0
    for i in chosen:
        target.write_text(every[i].source(tree), "utf-8")
        found = run(folder, tests, limit)
        if not found and args.then and run(folder, args.then, args.limit):
            found = "by others"
        noticed += bool(found)
        print(f"  {found or 'NOT NOTICED':11}  {every[i]}", flush=True)
    target.write_text(original, "utf-8")
    return noticed, len(chosen)


def main() -> None:
    """Read the options, try the changes, and print the share that the tests notice."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--module", type=Path, nargs="+", required=True, help="files to change")
    parser.add_argument("--tests", nargs="+", help="what pytest runs (default: by name)")
    parser.add_argument("--then", nargs="+", help="what pytest runs for what these do not notice")
    parser.add_argument(
        "--limit", type=float, default=900, help="seconds of such a run (default 900)"
    )
    parser.add_argument("--sample", type=int, default=20, help="changes a module (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default 1)")
    parser.add_argument(
        "--without-numbers",
        action="store_true",
        help="for modules full of pixels",
    )
    args = parser.parse_args()
    noticed = tried = 0
    with tempfile.TemporaryDirectory(prefix="mutate-") as name:
        folder = Path(name) / "copy"
        left_out = shutil.ignore_patterns(".git", ".venv", "venv", "__pycache__", ".*_cache")
        shutil.copytree(ROOT, folder, ignore=left_out)
        for module in args.module:
            tests = args.tests or tests_of(module)
            counts = measure(folder, module, tests, args)
            noticed, tried = noticed + counts[0], tried + counts[1]
    print(f"noticed: {noticed} of {tried} ({100 * noticed / max(tried, 1):.0f} %)")


if __name__ == "__main__":
    main()
