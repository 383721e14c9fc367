"""Text that pages give to Streamlit's Markdown, read from the syntax tree of their code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: Elements whose texts are Markdown. Streamlit shows all others as they are, or gets none of ours.
MARKDOWN = frozenset({
    "answer", "badge", "button", "caption", "checkbox", "dialog", "download_button", "error",
    "expander", "file_uploader", "form_submit_button", "header", "heading", "html", "info",
    "link_button", "markdown", "metric", "multiselect", "number_input", "page_link", "pills",
    "popover", "progress", "radio", "segmented_control", "select_slider", "selectbox", "slider",
    "spinner", "status", "subheader", "success", "table", "tabs", "text_area", "text_input",
    "title", "toast", "toggle", "warning",
})  # fmt: skip
#: Arguments of them that hold Markdown, besides the first ones that have no name.
WORDS = frozenset({
    "body", "label", "text", "help", "delta", "delta_description", "value", "title", "line",
    "eyebrow",
})  # fmt: skip
#: Which arguments without a name are Markdown, where it is not the first alone.
PLACES = {
    "answer": slice(2), "heading": slice(2), "metric": slice(3), "progress": slice(1, 2),
    "page_link": slice(0),
}  # fmt: skip
#: Elements whose options are Markdown.
OPTIONS = frozenset({"pills", "radio", "segmented_control"})
#: Elements of whose arguments by name `value` is a setting and no text.
INPUTS = frozenset({"number_input", "slider", "text_input", "toggle", "checkbox"})
#: Elements for which `plain` is not enough: one escapes once more, and one is no Markdown.
LITERAL = frozenset({"badge", "html"})
#: HTML, all of whose text is escaped; see `charts.still` and `ui.bars`.
ESCAPED = frozenset({"still", "markup"})
#: What makes text that is ours, or escapes it.
OURS = frozenset({
    "plain", "len", "percent", "money", "prices", "price_text", "span_text", "help_text",
    "step_label", "suggested_name", "length", "price", "change", "short_span",
    "seconds", "miss", "line",
    "small_percent", "whole_percent",
})  # fmt: skip


def foreign(source: str) -> list[str]:
    """Return what is given to Markdown without ``plain``, with the lines where."""
    return [
        f"line {text.lineno}: {ast.unparse(text)[:60]}"
        for scope, call in _calls(ast.parse(source), [])
        for text in _texts(call)
        if not (
            _is_literal(text)
            if _name(call) in LITERAL and text in call.args
            else _ours(text, scope)
        )
    ]


def _calls(node: ast.AST, scope: list[ast.AST]) -> Iterator[tuple[list[ast.AST], ast.Call]]:
    """Yield every call of an element, with the module and the functions around it."""
    if isinstance(node, ast.Module | ast.FunctionDef | ast.Lambda):
        scope = [*scope, node]
    if isinstance(node, ast.Call) and _name(node) in MARKDOWN and _of_streamlit(node.func):
        yield scope, node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, scope)


def _of_streamlit(function: ast.expr) -> bool:
    """Return whether this is a method of Streamlit's, not a function of ours."""
    match function:
        case ast.Attribute(value=ast.Name(id=owner)):
            return owner not in {"elements", "forecast_table", "judgement", "live"}
    return False


def _texts(call: ast.Call) -> Iterator[ast.expr]:
    name = str(_name(call))
    yield from call.args[PLACES.get(name, slice(1))]
    for word in call.keywords:
        if word.arg in WORDS - ({"value"} if name in INPUTS else set()):
            yield word.value
        if word.arg == "format_func" and name in OPTIONS:
            yield word.value.body if isinstance(word.value, ast.Lambda) else word.value


def _ours(node: ast.expr, scope: list[ast.AST]) -> bool:
    """Return whether a text is made of literals, numbers and escaped text only."""
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr(values=parts):
            return all(_ours(part, scope) for part in parts)
        case ast.FormattedValue(value=value, format_spec=form):
            return _number(form) or _ours(value, scope)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _ours(left, scope) and _ours(right, scope)
        case ast.BinOp(left=left, op=ast.Mult()):
            return _ours(left, scope)
        case ast.IfExp(body=one, orelse=other):
            return _ours(one, scope) and _ours(other, scope)
        case ast.BoolOp(values=values):
            return all(_ours(value, scope) for value in values)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=index):
            return name.isupper() or (isinstance(index, ast.Slice) and _ours(node.value, scope))
        case ast.Subscript(value=ast.Subscript() as inner):
            return _ours(inner, scope)
        case ast.Attribute(value=ast.Name(id=name), attr="__getitem__"):
            return name.isupper()
        case ast.Attribute(attr=name):
            return name.isupper()
        case ast.Name(id=name):
            return name.isupper() or _assigned_ours(name, scope)
        case ast.Dict(values=values):
            return all(_ours(value, scope) for value in values)
        case ast.DictComp(value=each) | ast.ListComp(elt=each):
            return _ours(each, scope)
        case ast.Tuple(elts=several) | ast.List(elts=several):
            return all(_ours(each, scope) for each in several)
        case ast.Call(func=ast.Attribute(attr="DataFrame"), args=[content]):
            return _ours(content, scope)
        case ast.Call(func=ast.Attribute(value=of, attr="capitalize" | "lower" | "upper")):
            return _ours(of, scope)
        case ast.Call(func=ast.Attribute(attr="join"), args=[joined]):
            return _joined_ours(joined, scope)
        case ast.Call():
            return _name(node) in OURS
    return False


def _is_literal(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.isupper() or name in ESCAPED
    return isinstance(node, ast.Constant)


def _joined_ours(node: ast.expr, scope: list[ast.AST]) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id=function), *_]):
            return function in OURS
        case ast.GeneratorExp(elt=each):
            return _ours(each, scope)
    return _ours(node, scope)


def _assigned_ours(name: str, scope: list[ast.AST]) -> bool:
    """Return whether all values of a variable are ours; an argument of a function is not."""
    for around in reversed(scope):
        values = [
            node.value
            for node in ast.walk(around)
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id == name
        ]
        values += [
            call.args[0]
            for call in ast.walk(around)
            if isinstance(call, ast.Call) and ast.unparse(call.func) == f"{name}.append"
        ]
        if values:
            return all(_ours(value, scope) for value in values)
    return False


def _number(form: ast.expr | None) -> bool:
    """Return whether a format is one of numbers or times, which text would refuse."""
    return form is not None and ast.unparse(form).rstrip("'").endswith(
        ("d", "f", "g", ",", "%", "M", "+")
    )


def _name(call: ast.Call) -> str | None:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None
