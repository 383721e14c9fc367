"""The state of a user's training, in the header of every page."""

from __future__ import annotations

import streamlit as st

from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, shared
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.settings import ROOT
from cryptoforecast.types import Progress

#: Where the session keeps whether the page has drawn a training, so that none is drawn again.
_DRAWN = "training-drawn"


def show() -> None:
    """Show the training that waits or runs for this session; nothing if there is none.

    Where the page shows a training of this session, it has drawn the state in the header with it.
    """
    if not st.session_state.pop(_DRAWN, False) and _active() is not None:
        _watch()


def is_own(job: Job[Run]) -> bool:
    """Return whether this session has started a training."""
    return RUN + job.key in st.session_state.get("runs", [])


def leave_to_page() -> None:
    """Let the page draw the state in the header, in this run."""
    st.session_state[_DRAWN] = True


def draw(job: Job[Run], progress: Progress | None, seconds: float | None) -> None:
    """Write the state of a training into the header.

    Args:
        job: The training.
        progress: How far it is; ``None`` before its first report.
        seconds: What is left of it; ``None`` while that is not known.
    """
    label = "Training starts"
    if job.state == "queued":
        label = "Training waits"
    elif progress is not None:
        label = f"Training {100 * progress.done:.0f} %"
        if seconds is not None:
            label += f" · {seconds:.0f} s"
    with st.container(key="training-status"):
        st.page_link(
            ROOT / "pages" / "forecast.py",
            label=label,
            icon=":material/progress_activity:",
            query_params={"model": RUN + job.key},
        )


@st.fragment(run_every="1s")
def _watch() -> None:
    """Keep the share and the time left up to date, until the training has ended."""
    job = _active()
    if job is not None:
        draw(job, job.progress, job.seconds_left)


def _active() -> Job[Run] | None:
    """Return the newest training of this session that has not ended."""
    jobs = shared().training
    names = [str(name).removeprefix(RUN) for name in st.session_state.get("runs", [])]
    active = [job for job in map(jobs.job, names) if job is not None and job.active]
    return active[-1] if active else None
