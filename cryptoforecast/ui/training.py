"""A training as the user sees it: form, place in the queue, loss curve, time left, cancel."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import charts
from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, Service
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.types import PriceHistory, Progress
from cryptoforecast.ui import elements, form, identity
from cryptoforecast.ui.words import plain

#: Trainings of a session that stay in the list of models.
MAX_RUNS = 8


def offer(service: Service, history: PriceHistory) -> None:
    """Draw the training form; queue and open the training when submitted.

    The form has more elements than the rest of the page together. It is drawn only after the user
    has opened it.
    """
    folded = st.expander(
        "Train your own network",
        icon=":material/model_training:",
        key="train-form",
        on_change="rerun",
    )
    st.session_state["form-opened"] = folded.open or st.session_state.get("form-opened", False)
    if not st.session_state["form-opened"]:
        return
    with folded, elements.errors():
        spec = form.draw(history)
        if spec is None:
            return
        job = service.training.submit(history, spec, user=identity.user())
        name = RUN + job.key
        runs = [run for run in st.session_state.get("runs", []) if run != name]
        st.session_state["runs"] = [*runs, name][-MAX_RUNS:]
        st.session_state["open"] = name
        st.rerun()


def stop_while_running(service: Service, job: Job[Run] | None) -> None:
    """Show a training that waits or runs, and end the page there."""
    if job is not None and job.active:
        watch(service, job)
        st.stop()


def stop_if_failed(job: Job[Run] | None) -> None:
    """Say why a training ended without a network, and end the page there."""
    if job is not None and job.result is None:
        show_failure(job)
        st.stop()


def show_failure(job: Job[Run]) -> None:
    """Say why a training ended without a network, and what the user can do."""
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
        progress = job.progress
        st.subheader(f"Training {plain(job.title)}")
        if job.state == "queued":
            before = service.training.queue_position(job)
            st.progress(
                0.0, f"Waiting for {before:d} training{'s' if before > 1 else ''} before it"
            )
        elif progress is None:
            st.progress(0.0, "Starting TensorFlow (a few seconds, only once)")
        else:
            st.progress(progress.done, plain(_progress_words(progress, job.seconds_left)))
        if progress is not None and progress.curve:
            elements.chart(
                charts.loss_curve(progress.curve, epochs=progress.epochs, dark=elements.dark()),
                alt=charts.summary_loss(progress.curve),
                key="loss",
            )
        _choices(service, job)


def _choices(service: Service, job: Job[Run]) -> None:
    """Offer to cancel the training or to wait for it, and say whom that concerns."""
    user = identity.user()
    waits, others = job.has_user(user), job.has_others(user)
    with st.container(horizontal=True):
        if waits:
            st.button(
                "Cancel",
                icon=":material/stop_circle:",
                on_click=lambda: service.training.cancel(job.key, user=identity.user()),
            )
        else:
            st.button(
                "Wait for it too",
                icon=":material/hourglass_empty:",
                on_click=lambda: service.training.join(job.key, user=identity.user()),
                help="The training then goes on for you if the others cancel it.",
            )
        if others and user.owner:
            st.button(
                "End it for everyone",
                icon=":material/cancel:",
                on_click=lambda: service.training.cancel(
                    job.key, user=identity.user(), for_all=True
                ),
            )
    if not waits:
        st.caption("You follow this training by its link. It goes on for those who wait for it.")
    elif others:
        st.caption("Others wait for this training too. It goes on for them if you cancel it.")
    else:
        st.caption(
            "The training goes on if you leave or reload this page. The address of this page leads "
            "back to it."
        )


def _progress_words(progress: Progress, seconds_left: float | None) -> str:
    fold = f"Fold {progress.fold} of {progress.folds} · epoch" if progress.folds > 1 else "Epoch"
    left = "" if seconds_left is None else f" · about {seconds_left:.0f} s left"
    return (
        f"{fold} {progress.epoch} of at most {progress.epochs} · {progress.seconds:.0f} s so far"
        f"{left}"
    )
