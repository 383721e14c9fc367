"""The commands of saved models: list, show, rename, delete, export, import, and their versions."""

from __future__ import annotations

import argparse
import sys

from cryptoforecast import json_views
from cryptoforecast.cli import renewals, text
from cryptoforecast.cli.answer import Answer
from cryptoforecast.cli.progress import one_line, say
from cryptoforecast.cli.streams import STANDARD
from cryptoforecast.service import Service, choices, files, model_files
from cryptoforecast.types import OWNER


def answer(service: Service, args: argparse.Namespace) -> Answer:
    """Run the command in ``args``; see ``commands.answer``."""
    return {
        "list": _list,
        "show": _show,
        "delete": _delete,
        "rename": _rename,
        "export": _export,
        "import": _import,
        "history": renewals.history,
        "rollback": renewals.rollback,
    }[args.action](service, args)


def _list(service: Service, args: argparse.Namespace) -> Answer:
    del args
    models = service.saved_models.all()
    for name, reason in service.saved_models.damaged().items():
        say(f"note: {name} is left out. {one_line(reason)}")
    return Answer([json_views.model_json(saved) for saved in models], text.models(models))


def _show(service: Service, args: argparse.Namespace) -> Answer:
    saved = service.saved_models.load(args.name)
    return Answer(json_views.model_json(saved.summary), text.card(saved.summary))


def _delete(service: Service, args: argparse.Namespace) -> Answer:
    service.saved_models.delete(args.name, user=OWNER)
    return Answer({"deleted": args.name}, f"Deleted {args.name}.\n")


def _rename(service: Service, args: argparse.Namespace) -> Answer:
    service.saved_models.rename(args.name, args.new, user=OWNER)
    return Answer({"renamed": args.name, "name": args.new}, f"Renamed {args.name} to {args.new}.\n")


def _export(service: Service, args: argparse.Namespace) -> Answer:
    if args.format is not None:
        choices.check_format(args.format)
    model_files.check_export(args.to, args.format, force=args.force)
    models = service.saved_models
    if args.format is None:
        content = models.zipped(args.name)
    else:
        alone = not args.to.name.lower().endswith(".zip")
        content = models.exported(args.name, args.format, alone=alone)
    files.write_bytes(content, args.to)
    json: json_views.Json = {"exported": args.name, "format": args.format, "to": str(args.to)}
    return Answer(json, f"Exported {args.name} to {args.to}.\n")


def _import(service: Service, args: argparse.Namespace) -> Answer:
    source = sys.stdin.buffer if args.file == STANDARD else args.file
    archive = model_files.read_archive(source)
    saved = service.saved_models.add_zipped(archive, args.name, user=OWNER, force=args.force)
    return Answer(
        json_views.model_json(saved.summary),
        f"Imported {saved.name}.\n\n{text.card(saved.summary)}",
    )
