"""SummaryWriter writes what TensorBoard reads."""

import pytest

import microtorch
from microtorch.utils.tensorboard import SummaryWriter


def test_numbers_and_distributions_come_back(tmp_path):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with SummaryWriter(tmp_path / "run") as writer:
        for step in range(3):
            writer.add_scalar("loss", microtorch.tensor(0.5 * step), step)
            writer.add_scalars("accuracy", {"train": 0.1 * step, "test": 0.2}, step)
        writer.add_histogram("weights", microtorch.arange(10.0), 2)
        with pytest.warns(UserWarning, match="add_graph is not written here"):
            writer.add_graph(None)
        x = microtorch.ones(2, requires_grad=True)
        writer.add_graph(x.exp().sum())
    found = event_accumulator.EventAccumulator(str(tmp_path / "run")).Reload()
    assert [(e.step, e.value) for e in found.Scalars("loss")] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert found.Histograms("weights")[0].histogram_value.num == 10
    assert {node.op for node in found.Graph().node} >= {"Exp", "Sum"}
    other = event_accumulator.EventAccumulator(str(tmp_path / "run" / "accuracy_train")).Reload()
    assert [e.step for e in other.Scalars("accuracy")] == [0, 1, 2]
