"""Elements that the pages share: a chart, a table with its download, an error message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from cryptoforecast.charts import style
from cryptoforecast.errors import CryptoForecastError, NameTaken
from cryptoforecast.service import files
from cryptoforecast.types import Array, PriceHistory
from cryptoforecast.types.quotes import decimals
from cryptoforecast.ui import columns as headings
from cryptoforecast.ui.words import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.elements.lib.column_types import ColumnConfig

#: Rows of a table that a page shows; the download has all of them.
MAX_ROWS = 500


@contextmanager
def errors() -> Iterator[None]:
    """Show an error of ours as one clear message, and go on with the page."""
    try:
        yield
    except NameTaken as error:
        taken = f"A model named {error.name} exists. Choose another name."
        st.error(plain(taken), icon=":material/error:")
    except CryptoForecastError as error:
        st.error(plain(str(error)), icon=":material/error:")


def dark() -> bool:
    """Return whether the user's page is dark."""
    return st.context.theme.type == "dark"


def touched() -> bool:
    """Return whether the page is on a phone, where a finger that moves scrolls the page."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def chart(figure: go.Figure, *, alt: str, key: str, bare: bool = False) -> None:
    """Draw a figure with its text alternative.

    Args:
        figure: What is drawn.
        alt: A sentence that says the same.
        key: Key of the element.
        bare: Whether it fills a card whose style sets the height, without a bar of tools.
    """
    st.plotly_chart(
        figure,
        theme=None,
        key=key,
        alt=alt,
        height="stretch" if bare else "content",
        config={"displaylogo": False, "scrollZoom": False, "displayModeBar": not bare and "hover"},
    )


def table(
    title: str,
    rows: Callable[[], pd.DataFrame],
    history: PriceHistory,
    name: str,
    *,
    order: Sequence[str] | None = None,
    columns: Mapping[str, ColumnConfig] | None = None,
    unfolded: bool = False,
) -> None:
    """Offer the table behind a chart, folded, with all of it as CSV.

    Args:
        title: Label of the folded table.
        rows: Makes the table; called when the user unfolds it.
        history: The prices that it belongs to.
        name: Ends the name of the CSV file.
        order: Columns in the order in which they are shown; by default as they come.
        columns: How columns are shown, by name.
        unfolded: Whether the table is open at first.
    """
    folded = st.expander(
        plain(title),
        expanded=unfolded,
        icon=":material/table:",
        key=f"table-{name}",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        frame = rows()
        last = headings.readable(frame.tail(MAX_ROWS))
        st.dataframe(
            last,
            hide_index=True,
            alt=title,
            column_order=order,
            column_config=headings.headed(last, columns),
        )
        if len(last) < len(frame):
            st.caption(
                f"These are the last {len(last)} of {len(frame):,} rows. The download has all."
            )
        download(frame, history, name)


def candle_table(history: PriceHistory) -> None:
    """Offer the candles behind a chart as a table."""
    title = f"All candles ({history.quote}; a time is the open of its candle)"
    close = history.candles["close"].to_numpy(float)
    columns = price_columns(("open", "high", "low", "close"), close, history.quote)
    table(title, history.candles.reset_index, history, "candles", columns=columns)


def price_columns(
    names: Sequence[str], prices: Array, quote: str, *, estimate: bool = False
) -> dict[str, ColumnConfig]:
    """Describe columns of prices that all have the same decimals.

    Args:
        names: Their names.
        prices: Prices, any shape; the largest one decides how many decimals are shown.
        quote: The currency that they are in.
        estimate: Whether there are forecasts among them; see ``quotes.decimals``.
    """
    form = f"%.{decimals(style.largest(prices), quote, estimate=estimate)}f"
    return {name: st.column_config.NumberColumn(format=form) for name in names}


def download(
    frame: pd.DataFrame, history: PriceHistory, name: str, label: str = "Download CSV"
) -> None:
    """Offer a whole table as CSV, with coin, quote currency and source in each row.

    A table of several coins has its own column of coins.

    Args:
        frame: The table.
        history: The prices that it belongs to.
        name: Ends the name of the file.
        label: Of the button.
    """
    prefix = "simulated-" if history.simulated else ""
    origin = {"coin": history.coin, "quote": history.quote, "source": history.source}
    more = {key: value for key, value in origin.items() if key not in frame}
    st.download_button(
        plain(label),
        lambda: files.csv_text(frame.assign(**more)),
        file_name=f"{prefix}{history.market}-{history.interval}-{name}.csv".lower(),
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"csv-{name}",
    )
