"""The findings of the doctor as JSON."""

from __future__ import annotations

import dataclasses

from cryptoforecast.json_views.values import Json
from cryptoforecast.types.diagnosis import Agreement, Diagnosis, SourceCheck


def diagnosis_json(diagnosis: Diagnosis) -> Json:
    """Return the findings of the doctor."""
    return {
        "coin": diagnosis.coin,
        "quote": diagnosis.quote,
        "interval": diagnosis.interval,
        "time": diagnosis.time.isoformat(),
        "seconds": round(diagnosis.seconds, 3),
        "usable": diagnosis.usable,
        "sources": [_source_check_json(check) for check in diagnosis.sources],
        "agreement": _agreement_json(diagnosis.agreement),
        "winner": _winner_json(diagnosis),
        "coins": [dataclasses.asdict(coin) for coin in diagnosis.coins],
        "recorded": list(diagnosis.recorded),
    }


def _source_check_json(check: SourceCheck) -> Json:
    year = {
        "rows": check.year_rows,
        "requests": check.year_requests,
        "seconds": check.year_seconds,
    }
    return {
        "source": check.source,
        "symbol": check.symbol,
        "usable": check.usable,
        "problem": check.problem or None,
        "warnings": list(check.warnings),
        "host": check.host,
        "addresses": list(check.addresses),
        "resolve_seconds": check.resolve_seconds,
        "connect_seconds": check.connect_seconds,
        "clock_ahead_seconds": check.clock_ahead,
        "status": check.status,
        "first_bytes": check.first_bytes or None,
        "seconds": check.seconds,
        "rows": check.rows,
        "order": check.order or None,
        "start": None if check.start is None else check.start.isoformat(),
        "end": None if check.end is None else check.end.isoformat(),
        "last_close": check.last_close,
        "price_step": check.price_step,
        "year": year if check.usable else None,
    }


def _agreement_json(agreement: Agreement | None) -> Json | None:
    if agreement is None:
        return None
    return dataclasses.asdict(agreement) | {"time": agreement.time.isoformat()}


def _winner_json(diagnosis: Diagnosis) -> Json | None:
    for check in diagnosis.sources:
        if check.source == diagnosis.winner:
            year = {"rows": check.year_rows, "seconds": check.year_seconds}
            return {"source": check.source, **year}
    return None
