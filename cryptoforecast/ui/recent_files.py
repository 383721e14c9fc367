"""The list of the files that a session has opened, with one to try."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from cryptoforecast.service import sample
from cryptoforecast.ui import card, data, opened, words
from cryptoforecast.ui.data import File

#: Characters of a file's name that fit the list, and how many of them are its end.
MAX_NAME, END = 24, 9


def show(file: File | None, *, at_open: bool = False) -> None:
    """List the files of this session, and one to try.

    Args:
        file: The file that the page shows; ``None`` if there is none.
        at_open: Whether the field that takes a file is on the page, which then needs no button.
    """
    card.heading("Recent files")
    now = file.source if file is not None else None
    with st.container(gap="xsmall"):
        for source in reversed(opened.sources()):
            with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
                st.button(
                    words.plain(_short(source.name)),
                    icon=":material/description:",
                    help=words.plain(source.name) if len(source.name) > MAX_NAME else None,
                    type="tertiary",
                    key=f"open-{source.id}",
                    on_click=_choose,
                    args=(source,),
                )
                st.space("stretch")
                if source is now:
                    st.caption("in use", width="content")
                st.button(
                    "Close",
                    type="tertiary",
                    key=f"close-{source.id}",
                    help=words.plain(f"Close {source.name}"),
                    on_click=opened.close,
                    args=(source,),
                )
        with st.container(horizontal=True, wrap=False, vertical_alignment="center"):
            st.button(
                "Sample: simulated Bitcoin",
                icon=":material/science:",
                type="tertiary",
                key="sample",
                on_click=_open_sample,
            )
            st.space("stretch")
            st.caption("try it", width="content")
    if not at_open:
        st.space("stretch")
        offer_another()


def offer_another() -> None:
    """Draw the button that leads to the field for a file."""
    st.button(
        "Open another",
        icon=":material/upload_file:",
        key="open-another",
        width="stretch",
        on_click=data.go_to,
        args=(data.OPEN,),
    )


def _short(name: str) -> str:
    """Write a file's name so that the buttons beside it have room; its end has the kind."""
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - END - 1]}…{name[-END:]}"


def _choose(source: opened.Source) -> None:
    opened.choose(source)
    data.go_to(data.CHECK)


def _open_sample() -> None:
    content = sample.content(pd.Timestamp.now("UTC"))
    opened.add(opened.Source("sample", sample.NAME, io.BytesIO(content)))
    data.go_to(data.CHECK)
