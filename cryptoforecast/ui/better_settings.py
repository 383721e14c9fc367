"""Better settings: a search in the background, its verdict, and what to do with the winner."""

from __future__ import annotations

import dataclasses
import shlex
from typing import TYPE_CHECKING, Literal

import pandas as pd
import streamlit as st

from cryptoforecast.charts import search as figures
from cryptoforecast.errors import InvalidInput
from cryptoforecast.service import Service, choices, searches
from cryptoforecast.types import Backtest, ModelSpec, PriceHistory, Search, SearchPlan
from cryptoforecast.ui import (
    begun,
    card,
    customise,
    drafts,
    elements,
    identity,
    spec_changes,
    training,
    url,
    words,
)
from cryptoforecast.ui.words import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: Settings to try, and minutes that it may take to try them.
TRIALS, MINUTES = ("10", "20", "30", "50", "100"), ("2", "5", "10", "20", "60")
#: Networks to choose among, by their name in the URL.
NETWORKS = {"both": "LSTM and Dense", "lstm": "LSTM", "dense": "Dense"}
#: Each choice by its name in the URL: what there is, and the default.
_CHOICES = {"trials": (TRIALS, "20"), "minutes": (MINUTES, "10"), "networks": (NETWORKS, "both")}
_EXPLAINED = (
    "Many settings are tried on the prices before the test: which network, which inputs, how far "
    "it looks back, how large it is, how it learns. The best are trained again with other seeds. "
    "Only the winner is tested, once, beside the default settings. So the luck of many tries does "
    "not count."
)
_MARKS: dict[str, card.Mark] = {"tie": "tie", "worse": "worse", "unknown": "watch"}


def show(service: Service, result: Backtest) -> None:
    """Offer a search, or show how far it is, or what it came to.

    Args:
        service: Searches.
        result: The test that is shown; its prices are searched, as far ahead as it forecasts.
    """
    try:
        searches.check_installed()
    except InvalidInput as error:
        with card.framed():
            card.heading("Find better settings", plain(_EXPLAINED))
            st.info(plain(str(error)), icon=":material/download:")
        return
    with elements.errors():
        order = _order(result)
        history = begun.prices(
            "search", result.history, lambda prices: _is_known(service, prices, order)
        )
        key = service.searches.key(history, order)
        search, job = service.searches.result(key), service.training.job(key)
        if search is not None:
            finished(service, history, search)
            begun.note(history, result.history)
            with st.expander("Search again, longer or differently", icon=":material/search:"):
                _choose()
        elif job is not None and job.active:
            with card.framed():
                training.watch(service, job)
        else:
            with card.framed():
                card.heading("Find better settings", plain(_EXPLAINED))
                if job is not None and job.result is None:
                    training.note_failure(job)
                _choose()
                _offer(service, history, order)


def finished(service: Service, history: PriceHistory, search: Search) -> None:
    """Show what a search came to: the verdict, the winner to use, and all that was tried.

    Args:
        service: Trains with the winner.
        history: The prices that were searched.
        search: The search.
    """
    with card.framed():
        _verdict(search)
        _use(service, history, search)
    _details(history, search)


def _is_known(service: Service, history: PriceHistory, order: searches.Order) -> bool:
    """Return whether a search waits, runs or has ended."""
    key = service.searches.key(history, order)
    return service.searches.result(key) is not None or service.training.job(key) is not None


def _order(result: Backtest) -> searches.Order:
    """Return what is wanted: what stands in the URL, or was chosen last."""
    chosen = {}
    for name, (options, default) in _CHOICES.items():
        value = url.last(name, default)
        chosen[name] = value if value in options else default
        url.remember(name, chosen[name])  # also while no control shows it
    spec = result.spec
    return searches.Order(
        plan=SearchPlan(trials=int(chosen["trials"]), seconds=60.0 * int(chosen["minutes"])),
        networks=() if chosen["networks"] == "both" else (chosen["networks"],),
        changes={"horizon": spec.horizon, "test": spec.test, "validation": spec.validation},
        resume=True,
    )


def _choose() -> None:
    """Ask how long to search, and among what."""
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        url.choose(
            "Settings to try", TRIALS, "trials", "20", str, draw=st.select_slider, visible=True,
            width=240,
            help="More settings find more, up to a point. The default settings are tried first.",
        )  # fmt: skip
        url.choose(
            "Minutes of trying", MINUTES, "minutes", "10", str, draw=st.select_slider,
            visible=True, width=240,
            help="No further settings are tried after this time. The best are then trained again, "
            "and tested.",
        )  # fmt: skip
        url.choose(
            "Networks", [*NETWORKS], "networks", "both", NETWORKS.__getitem__,
            draw=st.segmented_control, visible=True, required=True,
            help="An LSTM reads the prices in their order. A Dense network reads them all at once "
            "and trains faster.",
        )  # fmt: skip


def _offer(service: Service, history: PriceHistory, order: searches.Order) -> None:
    user = identity.user()
    offered, workers = service.searches.offered(history, order, user), 1
    if offered > 1 and st.toggle(
        f"Train {offered:d} networks at once",
        key="at-once",
        persist_state="session",
        help="This machine has the processor cores and the memory for it. Each training then runs "
        "in a process of its own, which takes about 0.7 GB.",
    ):
        workers = offered
    seconds = service.searches.expected(history, order, workers).seconds
    with st.container(horizontal=True, vertical_alignment="center"):
        # Its label stays as it is: a click while it changes would be lost.
        wanted = st.button(
            "Search",
            type="primary",
            icon=":material/search:",
            key="search",
            help="You may leave the page meanwhile.",
        )
        st.caption(
            f"At most {plain(words.seconds(seconds))} in all",
            help="The trying, and then the final trainings and their tests. An estimate for this "
            "machine, from the trainings that it has seen.",
        )
    if not wanted:
        return
    service.searches.submit(history, order, user=user, workers=workers)
    begun.keep("search", history)
    st.rerun()


def _verdict(search: Search) -> None:
    """Write the verdict before anything else."""
    test = search.test
    finding, _, rest = search.sentence.partition(": ")
    mark: card.Mark = "tie"
    if test is not None:
        mark = "better" if test.better else _MARKS.get(test.outcome, "tie")
    card.heading(plain(finding), plain(f"{rest[:1].upper()}{rest[1:]}"), mark=mark)
    changed = spec_changes.sentence(search.winner, search.default)
    if changed:
        st.markdown(f"**Winner:** {plain(changed)}")


def _use(service: Service, history: PriceHistory, search: Search) -> None:
    """Offer the winner: in the training form, as a file, as a command."""
    with st.container(horizontal=True):
        is_change = search.winner != search.default
        kind: Literal["primary", "secondary"] = "primary" if is_change else "secondary"
        if st.button("Use these settings", type=kind, icon=":material/tune:", key="use"):
            drafts.keep(_draft(search.winner))
            customise.show(service, history)
        st.download_button(
            "Preset",
            lambda: choices.preset_text(search.winner),
            file_name=f"{history.market}-{history.interval}-settings.json".lower(),
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            key="preset",
            help="A file for the command line: backtest --preset FILE.",
        )
    with st.expander("The same as a command", icon=":material/terminal:"):
        st.code(_command(history, search.winner), language="bash", wrap_lines=True)


def _draft(spec: ModelSpec) -> drafts.Draft:
    """Return the settings as those of the next training."""
    values = dataclasses.asdict(spec)
    return drafts.Draft("quick", str(values.pop("network")), values)


def _command(history: PriceHistory, spec: ModelSpec) -> str:
    """Write the command that tests settings on the same prices."""
    source = history.source
    prices = ["--coin", history.market, "--interval", history.interval]
    if source.startswith("file "):
        prices = ["--data", source.removeprefix("file ")]
    else:
        end = history.end + history.candle_length
        prices += ["--start", history.start.isoformat(), "--end", end.isoformat()]
    return shlex.join(["cryptoforecast", "backtest", *prices, *searches.options(history, spec)])


def _details(history: PriceHistory, search: Search) -> None:
    """Draw what was tried: figures with their tables, and what failed."""
    dark = elements.dark()
    left, right = st.columns(2)
    with card.framed(left):
        _figure("best", figures.best_so_far(search, dark=dark), figures.summary_best(search))
        elements.table("All tries", lambda: trials_table(search), history, "search-trials")
    with card.framed(right):
        if search.importances:
            figure = figures.importances(search, dark=dark)
            _figure("importance", figure, figures.summary_importances(search))
            elements.table(
                "Importance of settings", lambda: importance_table(search), history,
                "search-importance",
            )  # fmt: skip
        else:
            card.heading("Which settings mattered?")
            st.caption("At least ten tries that were not ended early are needed to tell.")
        elements.table("Finalists", lambda: finalists_table(search), history, "search-finalists")
    with card.framed():
        figure, alt = figures.settings(search, dark=dark), figures.summary_settings(search)
        with st.container(key="sideways-settings"):  # a phone shows a part, and scrolls
            elements.chart(figure, alt=alt, key="search-settings")
        st.caption(plain(figures.words_on_settings(search)))
        if figures.sets(search):
            elements.table("What the sets are", lambda: sets_table(search), history, "search-sets")
    failed = [each for each in search.trials if each.state == "failed"]
    if failed:
        st.warning(
            plain(f"{len(failed):,} of {len(search.trials):,} failed. {failed[0].reason}"),
            icon=":material/error:",
        )


def _figure(name: str, figure: go.Figure, sentence: str) -> None:
    elements.chart(figure, alt=sentence, key=f"search-{name}")
    st.caption(plain(sentence))


def trials_table(search: Search) -> pd.DataFrame:
    """Return every trial with its settings, the best first."""
    order = sorted(search.trials, key=lambda each: (each.loss != each.loss, each.loss))
    rows = [
        {
            "trial": each.number,
            "state": each.state,
            figures.unit(search): figures.in_unit(search, each.loss),
            "seconds": round(each.seconds, 1),
            **{
                figures.label(name): figures.value_text(name, value)
                for name, value in each.values.items()
            },
            "reason": each.reason,
        }
        for each in order
    ]
    return pd.DataFrame(rows)


def sets_table(search: Search) -> pd.DataFrame:
    """Return what each short name in the figure stands for, one row each."""
    rows = [
        {"setting": name, "set": short, "is": text}
        for name, named in figures.sets(search).items()
        for short, text in named
    ]
    return pd.DataFrame(rows)


def importance_table(search: Search) -> pd.DataFrame:
    """Return the share of the spread of errors that each setting explains."""
    rows = [
        {"setting": figures.label(name), "share (%)": round(100 * share, 1)}
        for name, share in search.importances.items()
    ]
    return pd.DataFrame(rows)


def finalists_table(search: Search) -> pd.DataFrame:
    """Return the finalists with the error of each seed, the best first."""
    rows = [
        {
            "settings": f"trial {each.trial}" if each.trial else "default settings",
            figures.unit(search): figures.in_unit(search, each.loss),
            **{
                f"seed {number}": figures.in_unit(search, loss)
                for number, loss in enumerate(each.losses, start=1)
            },
        }
        for each in search.finalists
    ]
    return pd.DataFrame(rows)
