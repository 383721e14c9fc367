"""The options of ``models`` and ``retrain``."""

from __future__ import annotations

import argparse
from pathlib import Path

from cryptoforecast.cli import names
from cryptoforecast.cli.ledger_options import Add


def add(action: Add) -> None:
    """Add the commands of ``models``."""
    action("list", "List the saved models.")
    for name, help in (
        ("show", "Show one model's card."),
        ("delete", "Delete one of your models."),
        ("history", "List the versions of a model that renewals have stored."),
    ):
        action(name, help).add_argument("name", metavar="NAME")
    rename = action("rename", "Give one of your models another name.")
    rename.add_argument("name", metavar="OLD")
    rename.add_argument("new", metavar="NEW")
    rollback = action("rollback", "Bring a version from before a renewal back.")
    rollback.add_argument("name", metavar="NAME")
    rollback.add_argument(
        "--to",
        metavar="VERSION",
        help="first digits of the version (default the one before the current one)",
    )
    export = action("export", "Write a model to one file, to take it elsewhere.")
    export.add_argument("name", metavar="NAME")
    export.add_argument(
        "--format",
        metavar="F",
        help=f"{', '.join(names.FORMATS)}: for other programs (default: for `models import`)",
    )
    export.add_argument(
        "--to",
        metavar="FILE",
        type=Path,
        required=True,
        help="a name in .zip; or, for a network that reads closes alone, a name that ends in the "
        "format: one file that turns closes into prices",
    )
    export.add_argument("--force", action="store_true", help="overwrite an existing file")
    importing = action("import", "Save the model of a file that `models export` wrote.")
    importing.add_argument(
        "file", metavar="FILE", type=Path, help="an archive of `models export`; - for stdin"
    )
    importing.add_argument("--name", metavar="NAME", help="save it under this name")
    importing.add_argument("--force", action="store_true", help="overwrite a model of this name")


def add_retrain(command: argparse.ArgumentParser) -> None:
    """Add which model is trained again, and how."""
    command.add_argument("name", metavar="NAME")
    command.add_argument(
        "--warm",
        action="store_true",
        help="go on from its weights, with a third of the epochs (default)",
    )
    command.add_argument(
        "--fresh", action="store_true", help="train it anew with the same settings"
    )
    command.add_argument(
        "--save",
        metavar="NEW",
        help="save the renewed model under this name (default in place of the one before; a "
        "shipped model as NAME-renewed)",
    )
