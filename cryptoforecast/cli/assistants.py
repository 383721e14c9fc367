"""The command ``mcp``: a server for assistants, by the Model Context Protocol, on stdin and stdout.

Its tools call the same functions as the pages, the API and the command line, and refuse in the same
words. Each answer first says how well such forecasts did.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias

from cryptoforecast import __version__
from cryptoforecast.errors import CryptoForecastError, InvalidInput

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from cryptoforecast.json_views import Json
    from cryptoforecast.service import Service
    from cryptoforecast.service.outlooks import Outlook, Question
    from cryptoforecast.types import PriceHistory

Parameters = ParamSpec("Parameters")
Result: TypeAlias = dict[str, Any]

#: What the assistant reads about all tools.
INSTRUCTIONS = (
    "Forecasts of crypto prices, and tests of them on past prices. Every answer begins with "
    "`verdict`, which says whether such forecasts beat the last price. Tell the user the verdict "
    "before any number, and say so where prices are simulated. Nothing here is advice to trade."
)
#: The verdict where the prices are too few for a test.
UNTESTED = "These prices are too few for a test."


def serve() -> int:
    """Serve on stdin and stdout until the client ends the connection; return the exit status.

    Raises:
        InvalidInput: If the SDK is not installed.
    """
    if find_spec("mcp") is None:
        raise InvalidInput(
            "The server for assistants needs the package mcp, which is not installed. Install it: "
            "pip install 'cryptoforecast[mcp]'."
        )
    from cryptoforecast.service import shared

    create(shared()).run("stdio")
    return 0


def create(service: Service) -> MCPServer[Any]:
    """Make the server.

    Args:
        service: Does the work.
    """
    from mcp.server import MCPServer
    from mcp.types import ToolAnnotations

    server: MCPServer[Any] = MCPServer(
        "cryptoforecast", instructions=INSTRUCTIONS, version=__version__, log_level="ERROR"
    )
    tools = Tools(service)
    for tool in (
        tools.list_models, tools.forecast, tools.probabilities, tools.backtest, tools.inspect_file,
    ):  # fmt: skip
        server.tool(annotations=ToolAnnotations(read_only_hint=True))(_refusing(tool))
    return server


def _refusing(tool: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Hand our errors to the assistant as they are."""

    @functools.wraps(tool)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        from mcp.server.mcpserver.exceptions import ToolError

        try:
            return tool(*args, **kwargs)
        except CryptoForecastError as error:
            raise ToolError(str(error)) from error

    return run


@dataclass(frozen=True)
class _Prices:
    """The prices that a call is about: coin, live or any, and how many days back."""

    coin: str | None
    rule: str
    days: float | None


class Tools:
    """What an assistant can do; the docstrings and signatures are what it reads.

    Args:
        service: Does the work.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def list_models(self) -> Result:
        """List the saved models, and the methods that need no training."""
        from cryptoforecast import json_views
        from cryptoforecast.service import choices

        names = ("name", "network", "coin", "quote", "interval", "horizon", "cutoff", "simulated")
        models = []
        for saved in self._service.saved_models.all():
            card = json_views.model_json(saved)
            facts = {key: value for key, value in card.items() if key in names}
            models.append({"verdict": card["verdict"] or "It was never tested.", **facts})
        return {
            "verdict": "Each model has its own verdict. The methods have none before a test.",
            "models": models,
            "methods": [*choices.BASELINES],
            "damaged": self._service.saved_models.damaged(),
        }

    def forecast(
        self,
        model: str,
        coin: str | None = None,
        horizon: int | None = None,
        predictor: str | None = None,
        prices: str = "any",
        days: float | None = None,
    ) -> Result:
        """Forecast the prices after the last closed candle, and test the forecaster.

        Args:
            model: Name of a saved model, or of a baseline such as har or cone.
            coin: Coin or pair, such as ETH or BTC-EUR; by default the model's own.
            horizon: Steps of a baseline.
            predictor: Of a saved model: stack (the default), or the name of one of its members.
            prices: live, or any: simulated prices, which the answer tells, where there are no
                live ones.
            days: How many past days are read; by default as many as there are.
        """
        from cryptoforecast.service.outlooks import Question

        question = Question(horizon=horizon, predictor=predictor)
        outlook = self._outlook(model, _Prices(coin, prices, days), question)
        return _with_verdict(outlook)

    def probabilities(
        self,
        model: str,
        coin: str | None = None,
        above: list[float] | None = None,
        below: list[float] | None = None,
        touch: list[float] | None = None,
        prices: str = "any",
        days: float | None = None,
    ) -> Result:
        """Compute how likely prices are: of ending above or below them, or of touching them.

        Args:
            model: Name of a saved model, or of a baseline such as har or cone.
            coin: Coin or pair, such as ETH or BTC-EUR; by default the model's own.
            above: Prices to end above, at each step.
            below: Prices to end below.
            touch: Prices to touch by each step.
            prices: live, or any.
            days: How many past days are read; by default as many as there are.
        """
        from cryptoforecast.service.outlooks import Question

        question = Question(above=above or (), below=below or (), touch=touch or ())
        if not (question.above or question.below or question.touch):
            raise InvalidInput(
                "A probability needs a price. Received: none. Give `above`, `below` or `touch`."
            )
        answer = _with_verdict(self._outlook(model, _Prices(coin, prices, days), question))
        return {key: value for key, value in answer.items() if key not in ("steps", "extremes")}

    def backtest(
        self,
        model: str,
        coin: str | None = None,
        horizon: int | None = None,
        prices: str = "any",
        days: float | None = None,
    ) -> Result:
        """Test a saved model or a method on the last fifth of the past prices of a coin.

        Args:
            model: Name of a saved model, which is not trained again, or of a method.
            coin: Coin or pair, such as ETH or BTC-EUR; by default the model's own.
            horizon: Steps of a baseline.
            prices: live, or any.
            days: How many past days are read; by default as many as there are.
        """
        from cryptoforecast import json_views
        from cryptoforecast.service.outlooks import Question

        saved = self._service.outlooks.check(model, Question(horizon=horizon))
        history = self._history(model, _Prices(coin, prices, days))
        if saved is None:
            result = self._service.backtests.of_baseline(history, model, horizon or 1)
        else:
            result = self._service.backtests.of_saved(history, saved.model)
        view: Json = {**json_views.backtest_json(result, saved=None if saved is None else model)}
        view["scores"] = {
            name: json_views.step_json(steps[-1]) for name, steps in result.scores.items()
        }
        return {"verdict": result.verdict.sentence, "test": view}

    def inspect_file(self, path: str) -> Result:
        """Read a price file on this computer, and say what is in it and what is wrong with it.

        Args:
            path: Path of the file: CSV, JSON, Parquet or Feather.
        """
        from cryptoforecast import json_views

        file = Path(path).expanduser()
        if not file.is_file():
            raise InvalidInput(f"A price file is needed. Received: {path!r:.200}.")
        history = self._service.prices.read(file, file.name)
        count = len(history.quality.problems)
        verdict = f"The file can be read. Problems: {count or 'none'}."
        return {"verdict": verdict, **json_views.inspect_json(history)}

    def _outlook(self, model: str, choice: _Prices, question: Question) -> Outlook:
        self._service.outlooks.check(model, question)
        return self._service.outlooks.of(self._history(model, choice), model, question)

    def _history(self, model: str, choice: _Prices) -> PriceHistory:
        """Return the prices that a model reads, by default of its own coin, and its signals."""
        from cryptoforecast.service import price_choices
        from cryptoforecast.service.outlooks import default_coin, interval_of

        saved = self._service.outlooks.saved(model)
        coin = choice.coin or default_coin(saved)
        query = price_choices.window(coin, interval_of(saved, None), days=choice.days)
        history = self._service.prices.history(query, prices=choice.rule)
        if saved is None:
            return history
        return self._service.signals.beside(history, saved.model.spec.features)


def _with_verdict(outlook: Outlook) -> Result:
    """Return an outlook as JSON, the sentence of its verdict first."""
    view = {**outlook.json()}
    sentence = UNTESTED if outlook.verdict is None else outlook.verdict.sentence
    return {"verdict": sentence, "test": view.pop("verdict"), **view}
