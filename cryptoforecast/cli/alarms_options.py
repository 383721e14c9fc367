"""The options of ``alarms``."""

from __future__ import annotations

from cryptoforecast.cli import arguments, names
from cryptoforecast.cli.ledger_options import Add

#: What an alarm can be about.
KINDS = ("candle", "price", "range", "calibration", "model", "source")


def add(action: Add) -> None:
    """Add the commands of ``alarms``."""
    new = action("add", "Set an alarm. Each tick looks at it; what happens is told once.")
    new.add_argument(
        "kind",
        metavar="KIND",
        help="candle: a move as rare as asked; price: it is touched; range: a close outside the "
        "stored range; calibration: ranges that drifted; model: past its date; source: silent",
    )
    new.add_argument("--coin", metavar="C", default="", help="e.g. BTC or ETH-EUR")
    new.add_argument(
        "--interval",
        metavar="I",
        default="",
        help=f"candle length: {', '.join(names.INTERVALS)} (default 1h, or that of the model)",
    )
    new.add_argument(
        "--model", metavar="M", default="", help="whose forecasts, or whose date is looked at"
    )
    for name, help in (
        ("rarity", "of a candle: as rare as 1 in N (default 1000)"),
        ("price", "the price that is touched"),
        ("level", "of a range: 50, 80 or 95 %% (default 95)"),
        ("hours", "of a source: without a new candle (default three candles)"),
    ):
        new.add_argument(f"--{name}", metavar="N", type=arguments.number, help=help)
    new.add_argument(
        "--step",
        metavar="N",
        type=arguments.whole,
        default=0,
        help="of a range: step of the forecast (default the last); of calibration (default 1)",
    )
    new.add_argument("--source", metavar="S", default="", help="one live source (default any)")
    listing = action("list", "Show the alarms that are set, the last ones raised, and delivery.")
    listing.add_argument(
        "--limit", metavar="N", type=arguments.whole, default=10, help="raised ones (default 10)"
    )
    action("remove", "Remove an alarm.").add_argument(
        "number", metavar="N", type=arguments.whole, help="its number in `alarms list`"
    )
    action(
        "test", "Send a message to each destination. The exit status is 1 if one did not take it."
    )
