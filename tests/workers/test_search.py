"""A search by workers: each trial is worth what it is worth in one process."""

from cryptoforecast.searches import objective
from cryptoforecast.searches.by_workers import WorkerTrials
from cryptoforecast.service import shared
from cryptoforecast.service.searches import Order, spec_of
from cryptoforecast.types import Monitor, SearchPlan, TeamProgress
from cryptoforecast.workers.local import Processes
from tests import synthetic
from tests.searches import making

ORDER = Order(
    plan=SearchPlan(trials=4, finalists=1, seeds=2),
    networks=("dense",),
    changes={"epochs": 2, "unit": "fixed", "features": ("return", "volume")},
    space=making.space.parse({"units": [[2], [4]], "lookback": [4, 8, 400]}),
)


def test_each_trial_is_worth_what_it_is_worth_in_one_process():
    history, reports = synthetic.history(700), []
    with Processes(1) as engine:
        result = shared().searches.run(
            history, ORDER, Monitor(reports.append), loop=WorkerTrials(history, engine)
        )
    assert [one.number for one in result.trials] == [1, 2, 3, 4]
    complete = [one for one in result.trials if one.state == "complete"]
    assert complete
    for one in result.trials:
        if one.state == "failed":
            assert one.values["lookback"] == 400
            assert "at least 200 training origins" in one.reason
    before = objective.past(history, result.default)
    for one in complete:
        spec = spec_of(history, ORDER, one.values)
        assert objective.evaluate(before, spec, "pinball", making.fit).loss == one.loss
    by_workers = [one for one in reports if isinstance(one, TeamProgress)]
    assert by_workers
    assert all(one.workers == 1 for one in by_workers)
