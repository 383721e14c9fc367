"""Reading of the project's Markdown: code blocks, links and anchors."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|href)=\"([^\"]+)\"")
_COMMAND = re.compile(r"^(?:\S*/)?python3? -m cryptoforecast( .*)?$|^cryptoforecast( .*)?$")


def blocks(text: str) -> list[tuple[str, str]]:
    """List the fenced code blocks as (language, content)."""
    return [(kind, content) for kind, content in _FENCE.findall(text)]


def commands(block: str) -> list[str]:
    """List the command lines of a shell block, continuations joined, comments left out."""
    joined = block.replace("\\\n", " ")
    return [line for line in map(str.strip, joined.splitlines()) if line and line[0] != "#"]


def own_commands(text: str) -> list[str]:
    """List every command of the project in the shell blocks of a page."""
    lines = [line for kind, block in blocks(text) if kind == "bash" for line in commands(block)]
    return [line for line in lines if _COMMAND.match(line)]


def links(text: str) -> list[str]:
    """List the targets of all links and pictures outside of code."""
    prose = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))
    return [markdown or html for markdown, html in _LINK.findall(prose)]


def anchors(text: str) -> set[str]:
    """Name the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def tables(text: str) -> list[list[list[str]]]:
    """List the tables as rows of cells, without header and rule."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
        for table in blocks
    ]
