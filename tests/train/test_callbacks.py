"""What is written down while a model is trained: the training stays what it was, and what is read is what was."""

import sys

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.data import Subset
from microtorch.datasets import Digits
from microtorch.train import Solver
from microtorch.train.callbacks import CSVLogger, Logger, TensorBoard


def trained(*callbacks, **options):
    microtorch.manual_seed(0)
    model = nn.MLP([64, 8, 10], dropout=0.2, norm="batch")
    data = Subset(Digits(train=True), range(300))
    solver = Solver(
        model,
        data,
        validation=Subset(Digits(train=False), range(100)),
        num_epochs=3,
        verbose=False,
        restore_best=False,
        callbacks=callbacks,
        **options,
    )
    solver.train()
    return solver


@pytest.mark.parametrize("options", [{}, {"capture": True}, {"eval_every": 2}, {"log_grad_norm": True}])
def test_all_write_what_was_and_change_nothing(options, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    rows = []
    board = TensorBoard(tmp_path / "runs")
    solver = trained(Logger(rows.append), CSVLogger(tmp_path / "history.csv"), board, **options)
    board.close()
    plain = trained(**options)
    assert solver.loss_history == plain.loss_history
    for name, t in plain.model.state_dict().items():
        np.testing.assert_array_equal(solver.model.state_dict()[name].numpy(), t.numpy())
    assert rows == solver.history.evaluations.rows()
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert len(lines) == len(rows) + 1
    assert float(dict(zip(lines[0].split(","), lines[-1].split(","), strict=True))["loss"]) == rows[-1]["loss"]
    check_events(tmp_path / "runs", solver)


def check_events(folder, solver):
    """TensorBoard's own reader finds everything."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    tags = events.Tags()
    losses = events.Scalars("steps/loss")
    assert [e.step for e in losses] == list(range(1, solver.step + 1))
    np.testing.assert_allclose([e.value for e in losses], solver.loss_history, rtol=1e-6)
    table = solver.history.evaluations
    for name in table.columns:
        if name != "step":
            found = events.Scalars(name)
            assert [e.step for e in found] == table["step"]
            np.testing.assert_allclose([e.value for e in found], table[name], rtol=1e-6)
    for name, p in solver.model.named_parameters():
        last = events.Histograms(f"weights/{name}")[-1].histogram_value
        assert last.num == sum(last.bucket) == p.numel()
        np.testing.assert_allclose(last.sum, p.detach().numpy().sum(), rtol=1e-4, atol=1e-5)
        assert f"gradients/{name}" in tags["histograms"]
    graph = events.Graph()
    names = {node.name: node for node in graph.node}
    assert {"fc1/weight", "fc2/bias"} <= set(names)
    assert all(source in names for node in graph.node for source in node.input)
    linear = next(node for node in graph.node if node.op == "Linear" and node.name.startswith("fc1/"))
    assert {"fc1/weight", "fc1/bias"} < set(linear.input)
    assert [names[source].op for source in linear.input].count("input") == 1  # the flattened images


def test_histograms_hold_what_is_no_number(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = TensorBoard(tmp_path, graph=False)
    board._writer.add_histogram("some", microtorch.tensor([1.0, float("nan"), float("inf"), 2.0]), 1)
    board._writer.add_histogram("none", microtorch.tensor([float("nan")]), 1)
    board._writer.add_histogram("same", microtorch.zeros(5), 1)
    board.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert events.Tags()["histograms"] == ["some", "same"]
    assert events.Histograms("some")[0].histogram_value.num == 2


def test_a_plain_function_is_a_callback_too():
    seen = []
    trained(lambda solver: seen.append(solver.epoch))
    assert seen == [1, 2, 3]
    with pytest.raises(TypeError, match="takes a function of a row, not list"):
        Logger([])


def test_the_history_is_a_frame():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    history = trained().history
    frame = history.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame) == list(history.evaluations.columns)
    assert frame["val_accuracy"].tolist() == history.evaluations["val_accuracy"]
    assert frame["step"].dtype == np.int64
    assert history.steps.to_frame()["loss"].tolist() == history.steps["loss"]


@pytest.mark.parametrize(
    "package, call, says",
    [
        ("tensorboard", lambda folder: TensorBoard(folder), r"pip install 'microtorch\[tensorboard\]'"),
        ("pandas", lambda folder: trained().history.to_frame(), "pip install pandas"),
    ],
)
def test_what_is_missing_is_named(package, call, says, monkeypatch, tmp_path):
    for name in [n for n in sys.modules if n.partition(".")[0] == package] or [package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=says):
        call(tmp_path)
