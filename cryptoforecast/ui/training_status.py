"""The state of a user's training, in the header of every page."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, shared
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.settings import ROOT


def show() -> None:
    """Show the training that waits or runs for this session; nothing if there is none."""
    if _active() is not None:
        _watch()


@st.fragment(run_every="1s")
def _watch() -> None:
    """Keep the share and the time left up to date, until the training has ended."""
    job = _active()
    if job is None:
        return
    label = "Training starts"
    if job.state == "queued":
        label = "Training waits"
    elif job.progress is not None:
        label = f"Training {100 * job.progress.done:.0f} %"
        if job.seconds_left is not None:
            label += f" · {job.seconds_left:.0f} s"
    with st.container(key="training-status"):
        st.page_link(
            ROOT / "pages" / "forecast.py",
            label=label,
            icon=":material/progress_activity:",
            query_params={"model": RUN + job.key},
        )


def _active() -> Job[Run] | None:
    """Return the newest training of this session that has not ended."""
    jobs = shared().training
    names = [str(name).removeprefix(RUN) for name in st.session_state.get("runs", [])]
    active = [job for job in map(jobs.job, names) if job is not None and job.active]
    return active[-1] if active else None
