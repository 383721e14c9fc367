"""A training as the user sees it: start, place in the queue, loss curve, time left, cancel."""

from __future__ import annotations

import streamlit as st

from cryptoforecast import charts
from cryptoforecast.jobs import Job
from cryptoforecast.service import Run, Service
from cryptoforecast.service.ablations import is_ablation
from cryptoforecast.service.saved_models import RUN
from cryptoforecast.service.searches import is_search
from cryptoforecast.types import ModelSpec, PriceHistory, Progress, TeamProgress, is_signal
from cryptoforecast.ui import card, elements, identity, own_signals, training_status, url
from cryptoforecast.ui.words import plain

#: Trainings of a session that stay in the list of models.
MAX_RUNS = 8
#: Whose forecast stands beside a training.
MEANWHILE = "the default, until yours is trained"


def start(service: Service, history: PriceHistory, spec: ModelSpec) -> None:
    """Queue a training, and show it in place of the judgement."""
    if any(map(is_signal, spec.features)):
        with st.spinner("Fetching the signals …"):
            own = own_signals.all_of(service)
            history = service.signals.beside(history, spec.features, own)
    job = service.training.submit(history, spec, user=identity.user())
    name = RUN + job.key
    runs = [run for run in st.session_state.get("runs", []) if run != name]
    st.session_state["runs"] = [*runs, name][-MAX_RUNS:]
    st.session_state["open"] = name
    st.session_state["model-before"] = url.last("model", "")
    st.rerun()


def watch(service: Service, job: Job[Run]) -> None:
    """Show a training that waits or runs; rerun the page when it has ended."""
    if training_status.is_own(job):
        training_status.leave_to_page()
    _watch(service, job)


@st.fragment(run_every="0.5s")
def _watch(service: Service, job: Job[Run]) -> None:
    if not job.active:
        st.rerun()
    # Read once, so that the card and the header say the same.
    progress, seconds = job.progress, job.seconds_left
    with st.container(gap=None):  # the state in the header takes no place here
        if training_status.is_own(job):
            training_status.draw(job, progress, seconds)
        _heading(service, job, progress, seconds)
    st.progress(0.0 if progress is None else progress.done)
    if progress is not None and progress.curve:
        with st.container(gap="xxsmall"):
            st.caption("Miss after each pass over the data")
            with st.container(key="chart-loss"):
                figure = charts.loss_curve(
                    progress.curve,
                    epochs=progress.epochs - progress.final,
                    dark=elements.dark(),
                    titled=False,
                )
                alt = charts.summary_loss(progress.curve)
                elements.chart(figure, alt=alt, key="loss", bare=True)
            st.markdown(plain(charts.words_on_loss(progress.curve)))
    st.space("stretch")
    _choices(service, job)


def _heading(
    service: Service, job: Job[Run], progress: Progress | None, seconds: float | None
) -> None:
    """Write how far a training is."""
    what = plain(f"{'Searching' if is_search(job.key) else 'Training'} {job.title}")
    if job.state == "queued":
        before = service.training.queue_position(job)
        waits = "1 training comes first" if before == 1 else f"{before:d} trainings come first"
        card.heading(waits if before else "It starts now", eyebrow=what)
    elif progress is None:
        line = "First TensorFlow is loaded. That takes some seconds, only once."
        card.heading("Starting", plain(line), eyebrow=what)
    else:
        part = "training" if is_ablation(job.key) or is_search(job.key) else "fold"
        remaining = "" if seconds is None else f" · {seconds:.0f} s left"
        line = _of_all(progress) if isinstance(progress, TeamProgress) else _pass(progress, part)
        card.heading(f"{100 * progress.done:.0f} %{remaining}", plain(line), eyebrow=what)


def _of_all(progress: TeamProgress) -> str:
    """Write how far several trainings are that run at once."""
    return (
        f"{progress.finished:d} of {progress.folds:d} trainings done, {progress.workers:d} at once"
    )


def _pass(progress: Progress, part: str) -> str:
    """Write which pass over the data this is; final ones are counted by themselves.

    Args:
        progress: How far the work is.
        part: What one of several fits is called.
    """
    usual = progress.epochs - progress.final
    fold = f", {part} {progress.fold:d} of {progress.folds:d}" if progress.folds > 1 else ""
    if progress.epoch > usual:
        number = progress.epoch - usual
        return (
            f"Final pass {number:d} of {progress.final:d}: it learns the newest prices too, which "
            f"had been kept to decide when to stop{fold}"
        )
    return f"Pass {progress.epoch:d} of at most {usual:d}{fold}"


def note_failure(job: Job[Run]) -> None:
    """Say in view why a training ended without a network."""
    if job.state == "cancelled" and is_search(job.key):
        st.info(
            "The search was cancelled. What was tried is kept: search again to go on from there.",
            icon=":material/cancel:",
        )
    elif job.state == "cancelled":
        st.info("The training was cancelled. Nothing of it was kept.", icon=":material/cancel:")
    else:
        st.error(plain(str(job.error)), icon=":material/error:")


def _choices(service: Service, job: Job[Run]) -> None:
    """Offer to cancel the training or to wait for it, and say whom that concerns."""
    user = identity.user()
    waits, others = job.has_user(user), job.has_others(user)
    with st.container(horizontal=True):
        if waits:
            st.button(
                "Cancel",
                width="stretch",
                key="cancel",
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
