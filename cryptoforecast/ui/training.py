"""A training as its visitors see it: place in the queue, loss curve, time left, cancel."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import charts
from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, Service
from cryptoforecast.types import PriceHistory
from cryptoforecast.ui import form, inputs, show
from cryptoforecast.ui.words import plain


def offer(service: Service, history: PriceHistory) -> None:
    """Draw the training form; when it is sent, queue the training and open it.

    It has more parts than the rest of the page together, so it is drawn once it was opened.
    """
    folded = st.expander(
        "Train your own network",
        icon=":material/model_training:",
        key="train-form",
        on_change="rerun",
    )
    st.session_state["form-seen"] = folded.open or st.session_state.get("form-seen", False)
    if not st.session_state["form-seen"]:
        return
    with folded, show.errors():
        spec = form.draw(history)
        if spec is None:
            return
        job = service.training.submit(history, spec)
        name = inputs.RUN + job.key
        runs = [run for run in st.session_state.get("runs", []) if run != name]
        st.session_state["runs"] = [*runs[-7:], name]
        st.session_state["open"] = name
        st.rerun()


def ended(job: Job[Run]) -> None:
    """Say why a training gave nothing, and what to do."""
    if job.state == "cancelled":
        st.info("This training was cancelled. Train again, or choose another model.")
    else:
        st.error(plain(str(job.error)), icon=":material/error:")


@st.fragment(run_every="0.5s")
def watch(service: Service, job: Job[Run]) -> None:
    """Show a training that waits or runs; rerun the page when it has ended."""
    if not job.active:
        st.rerun()
    with st.container(border=True):
        seen, ahead = job.progress, service.training.queue_position(job)
        st.subheader(f"Training {job.title}")
        if job.state == "queued":
            st.progress(0.0, f"Waiting: {ahead} training{'s' if ahead > 1 else ''} before yours")
        elif seen is None:
            st.progress(0.0, "Starting TensorFlow (a few seconds, once)")
        else:
            left = job.seconds_left
            fold = f"Fold {seen.fold} of {seen.folds} · epoch" if seen.folds > 1 else "Epoch"
            st.progress(
                seen.done,
                f"{fold} {seen.epoch} of at most {seen.epochs} · {seen.seconds:.0f} s so far"
                + ("" if left is None else f" · about {left:.0f} s left"),
            )
        if seen is not None and seen.curve:
            show.chart(
                charts.loss_curve(seen.curve, epochs=seen.epochs, dark=show.dark()),
                alt=charts.summary_loss(seen.curve),
                key="loss",
            )
        st.button("Cancel", icon=":material/stop_circle:", on_click=job.cancel)
        st.caption("It goes on if you leave or reload this page; its address brings you back.")
