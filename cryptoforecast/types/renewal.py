"""The renewal of a saved model: what was compared, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cryptoforecast.types.models import ModelSummary


@dataclass(frozen=True, eq=False)
class ModelVersion:
    """A version of a saved model.

    Attributes:
        version: Its digest, ``"sha256:…"``.
        current: Whether it is the one that forecasts.
        summary: The model without its weights.
    """

    version: str
    current: bool
    summary: ModelSummary


@dataclass(frozen=True)
class RenewalAttempt:
    """How the last renewal of a model went.

    Attributes:
        at: When it ended, ISO 8601, UTC.
        sentence: What came of it.
    """

    at: str
    sentence: str


@dataclass(frozen=True)
class RefusedRenewal:
    """A renewal that could not be made; the model is as it was.

    Attributes:
        name: Name of the model.
        sentence: Why, such as too few new candles.
    """

    name: str
    sentence: str


@dataclass(frozen=True, eq=False)
class Renewal:
    """A renewed model, compared with the model that it may replace.

    The two are the challenger and the champion.

    Attributes:
        name: Name of the model.
        saved: Name under which the challenger was saved; ``None`` if the champion stays.
        start: ``"warm"`` if it went on from the champion's weights, else ``"fresh"``.
        champion: The model before.
        challenger: The model that was trained now.
        champion_version: Digest of the champion.
        origins: Forecasts that were compared, of candles that neither has learnt from.
        first: When the first of them could be made, UTC.
        last: When the last of them could be made, UTC.
        step: Their step.
        champion_loss: Mean pinball loss of the champion, in log-return.
        challenger_loss: That of the challenger.
        skill: 1 - the challenger's loss / the champion's.
        low: Lower end of its 95 % interval; NaN where there is none.
        high: Upper end of it.
        margin: How much larger the loss may be, a fraction of the champion's.
        sentence: What came of it, and why.
    """

    name: str
    saved: str | None
    start: str
    champion: ModelSummary
    challenger: ModelSummary
    champion_version: str
    origins: int
    first: pd.Timestamp
    last: pd.Timestamp
    step: int
    champion_loss: float
    challenger_loss: float
    skill: float
    low: float
    high: float
    margin: float
    sentence: str = ""

    @property
    def passed(self) -> bool:
        """Whether the interval leaves out that the challenger is worse by the margin or more."""
        return self.low > -self.margin
