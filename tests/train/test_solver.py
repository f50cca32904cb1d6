"""Solver and History: the steps are those of the loop written by hand, and each option does what it says."""

import copy
import csv
import json
import math

import numpy as np
import pytest

import microtorch
from microtorch import nn, optim
from microtorch.data import DataLoader, TensorDataset
from microtorch.errors import DTypeError
from microtorch.io import load_npz
from microtorch.nn.functional import cross_entropy, mse_loss
from microtorch.train import History, Solver, Table, accuracy, evaluate, evaluating, make_optimizer

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 4)).astype(np.float32)
Y = (X @ rng.normal(size=(4, 3))).argmax(1)
PAIR = (X, Y)


def model(seed=0, **options):
    microtorch.manual_seed(seed)
    return nn.MLP([4, 8, 3], **options)


def solver(data=PAIR, **options):
    return Solver(model(), data, **({"num_epochs": 3, "batch_size": 10, "verbose": False} | options))


def by_hand(make_optimizer, batch_size=10, epochs=3, after_backward=lambda net: None, accumulate=1, gamma=1.0):
    """The loop that the solver stands for: the model and the losses."""
    net = model()
    optimizer = make_optimizer(net.parameters())
    loader = DataLoader(TensorDataset(X, Y), batch_size, shuffle=True)
    losses = []
    for _ in range(epochs):
        batches = list(loader)
        for i in range(0, len(batches), accumulate):
            group = batches[i : i + accumulate]
            optimizer.zero_grad()
            for x, y in group:
                loss = cross_entropy(net(x), y) / len(group)
                loss.backward()
                losses.append(loss.item())
            after_backward(net)
            optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= gamma
    return net, losses


def parameters_equal(a, b):
    return all(np.array_equal(p.detach().numpy(), q.detach().numpy()) for p, q in zip(a.parameters(), b.parameters()))


@pytest.mark.parametrize(
    "options",
    [
        {"update_rule": "adam", "batch_size": 12, "lr_decay": 0.9},
        {"update_rule": "sgd", "clip_norm": 0.1, "accumulate": 2},
        {"update_rule": "sgd", "log_grad_norm": True, "optim_config": {"momentum": 0.9}, "eval_every": 2},
    ],
)
def test_captured_steps_train_alike(options):
    solvers = [
        Solver(model(norm="batch", dropout=0.2), PAIR, num_epochs=3, verbose=False, capture=c, **options)
        for c in (False, True)
    ]
    for one in solvers:
        microtorch.manual_seed(3)
        one.train()
    assert solvers[0].loss_history == solvers[1].loss_history
    assert solvers[0].grad_norm_history == solvers[1].grad_norm_history
    assert parameters_equal(solvers[0].model, solvers[1].model)
    assert solvers[1]._gradient_step.calls


def test_a_copy_of_a_solver_trains_by_itself():
    one = solver()
    other = copy.deepcopy(one)
    losses = []
    for each in (one, other):
        microtorch.manual_seed(3)
        losses.append(each.train().steps["loss"])
    assert losses[0] == losses[1]
    assert one.model is not other.model
    assert other._gradient_step.recording is not one._gradient_step.recording


class Talking(nn.Linear):
    """A model that a replay would silence."""

    def forward(self, input):
        print("forward")
        return super().forward(input)


@pytest.mark.parametrize("make, captured", [(model, True), (lambda: Talking(4, 3), False)])
def test_steps_are_captured_where_they_can_be(make, captured, capsys):
    outcomes, words = [], []
    for capture in (None, False):
        microtorch.manual_seed(3)
        solver = Solver(make(), PAIR, num_epochs=2, batch_size=12, capture=capture)
        outcomes.append(solver.train().steps["loss"])
        words.append(capsys.readouterr().out)
    assert outcomes[0] == outcomes[1]
    assert "Steps" not in words[1]
    said = "are recorded and replayed" if captured else r"run eagerly: print is called (/"
    assert words[0].count("Steps") == 1
    assert f"Steps {said}" in words[0]
    assert words[0].count("forward") == words[1].count("forward")


@pytest.mark.parametrize(
    "rule, config, make",
    [
        ("sgd", {"learning_rate": 0.1}, lambda p: optim.SGD(p, lr=0.1)),
        ("sgd", None, lambda p: optim.SGD(p, lr=1e-2)),
        ("sgd_momentum", {}, lambda p: optim.SGD(p, lr=1e-2, momentum=0.9)),
        ("nesterov", {"momentum": 0.8}, lambda p: optim.SGD(p, lr=1e-2, momentum=0.8, nesterov=True)),
        ("rmsprop", {"decay_rate": 0.9, "epsilon": 1e-6}, lambda p: optim.RMSprop(p, alpha=0.9, eps=1e-6)),
        ("adam", {"beta1": 0.8}, lambda p: optim.Adam(p, betas=(0.8, 0.999))),
        (optim.AdamW, {"lr": 0.01}, lambda p: optim.AdamW(p, lr=0.01)),
    ],
)
def test_the_steps_are_those_of_the_loop_by_hand(rule, config, make):
    net, losses = by_hand(make)
    trained = solver(update_rule=rule, optim_config=config)
    trained.train()
    assert trained.loss_history == losses
    assert parameters_equal(trained.model, net)


def test_clipping_accumulation_and_decay_are_those_of_the_loop_by_hand():
    norms = []

    def clip(net):
        norms.append(nn.utils.clip_grad_norm_(net.parameters(), 0.3).item())

    net, losses = by_hand(lambda p: optim.SGD(p, lr=0.5), after_backward=clip, accumulate=2, gamma=0.5)
    trained = solver(update_rule="sgd", optim_config={"lr": 0.5}, clip_norm=0.3, accumulate=2, lr_decay=0.5)
    trained.train()
    assert parameters_equal(trained.model, net)
    assert trained.grad_norm_history == norms
    assert max(norms) > 0.3
    assert len(trained.loss_history) == 9  # 5 batches are 3 updates
    assert trained.loss_history[0] == losses[0] + losses[1]
    assert trained.history.evaluations["lr"] == [0.5, 0.25, 0.125]


def test_gradient_norms_are_recorded_without_clipping():
    plain = solver()
    plain.train()
    recorded = solver(log_grad_norm=True)
    recorded.train()
    assert parameters_equal(plain.model, recorded.model)
    assert plain.grad_norm_history == []
    assert len(recorded.grad_norm_history) == 15
    assert min(recorded.grad_norm_history) > 0


@pytest.mark.parametrize(
    "data, validation",
    [
        ({"X_train": X.astype(np.float64), "y_train": Y, "X_val": X[:20], "y_val": Y[:20]}, None),
        (PAIR, (X[:20], Y[:20])),
        (TensorDataset(X, Y), TensorDataset(X[:20], Y[:20])),
        (DataLoader(TensorDataset(X, Y), 10, shuffle=True), DataLoader(TensorDataset(X[:20], Y[:20]), 7)),
    ],
)
def test_every_form_of_data_trains_alike(data, validation):
    trained = solver(data, validation=validation, update_rule="adam")
    trained.train()
    expected = solver(validation=(X[:20], Y[:20]), update_rule="adam")
    expected.train()
    assert trained.loss_history == expected.loss_history
    assert trained.val_acc_history == expected.val_acc_history
    assert np.allclose(trained.history.evaluations["val_loss"], expected.history.evaluations["val_loss"])


def test_what_is_no_data_is_refused():
    with pytest.raises(DTypeError, match="Pass a DataLoader"):
        solver(data=42)
    with pytest.raises(ValueError, match="no y_train"):
        solver(data={"X_train": X})


def test_evaluations():
    trained = solver(validation=PAIR, update_rule="adam", eval_every=4, num_train_samples=20, restore_best=False)
    trained.train()
    table = trained.history.evaluations
    assert table["step"] == [4, 8, 12, 15]
    assert table["epoch"] == pytest.approx([0.8, 1.6, 2.4, 3.0])
    losses = trained.loss_history
    assert table["loss"] == pytest.approx([np.mean(losses[a:b]) for a, b in [(0, 4), (4, 8), (8, 12), (12, 15)]])
    scores = trained.model(microtorch.from_numpy(X)).detach().numpy()
    assert trained.val_acc_history[-1] == pytest.approx((scores.argmax(1) == Y).mean())
    sample = np.arange(20) * 50 // 20
    assert trained.train_acc_history[-1] == pytest.approx((scores.argmax(1) == Y)[sample].mean())
    expected = cross_entropy(microtorch.from_numpy(scores), microtorch.from_numpy(Y)).item()
    assert table["val_loss"][-1] == pytest.approx(expected, rel=1e-6)


def test_accuracy_of_each_iteration():
    trained = solver(validation=PAIR, log_acc_iteration=True, num_val_samples=10)
    trained.train()
    assert len(trained.val_acc_history) == len(trained.train_acc_history) == len(trained.loss_history) == 15


def test_the_best_parameters_come_back():
    seen = {}

    def spoil(s):
        seen[s.epoch] = {name: t.clone() for name, t in s.model.state_dict().items()}

    trained = solver(validation=PAIR, optim_config={"lr": 0.5}, num_epochs=8, callbacks=[spoil])
    trained.train()
    best = int(np.argmax(trained.val_acc_history))
    assert trained.best_val_acc == max(trained.val_acc_history)
    for name, t in trained.model.state_dict().items():
        assert np.array_equal(t.numpy(), seen[best + 1][name].numpy())
        assert np.array_equal(t.numpy(), trained.best_params[name].numpy())


def test_patience_counts_evaluations_without_a_better_value():
    trained = solver(validation=PAIR, optim_config={"lr": 0.0}, num_epochs=20, patience=3)
    trained.train()
    assert len(trained.val_acc_history) == 4
    assert trained.epoch == 4
    trained.train()  # it has stopped, and stays so
    assert trained.epoch == 4


def test_monitor_of_a_loss_wants_the_least():
    trained = solver(validation=PAIR, monitor="val_loss", optim_config={"lr": 0.3})
    trained.train()
    assert trained.best_val_acc == min(trained.history.evaluations["val_loss"])
    with pytest.raises(ValueError, match="monitor is 'val_f1'"):
        solver(validation=PAIR, monitor="val_f1").train()


def test_regression_with_a_metric_of_ones_own():
    target = (X @ np.ones((4, 1), np.float32)).astype(np.float32)
    microtorch.manual_seed(0)
    net = nn.Linear(4, 1)
    trained = Solver(net, (X, target), validation=(X, target), loss=mse_loss, optim_config={"lr": 0.1}, num_epochs=30,
                     batch_size=10, verbose=False,
                     metrics={"worst": lambda y, t: float(np.abs(y.detach().numpy() - t.numpy()).max())})  # fmt: skip
    trained.train()
    assert trained.monitor == "val_loss"
    assert trained.val_acc_history == []
    assert trained.history.evaluations["val_worst"][-1] < 0.05


def test_schedules_by_step_and_of_plateaus():
    trained = solver(scheduler=lambda o: optim.lr_scheduler.StepLR(o, 5, gamma=0.1), schedule_by="step", eval_every=4)
    trained.train()
    assert trained.history.evaluations["lr"] == pytest.approx([1e-3, 1e-4, 1e-5, 1e-6])
    trained = solver(validation=PAIR, num_epochs=5, optim_config={"lr": 1e-6}, monitor="val_loss",
                     scheduler=lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, patience=0))  # fmt: skip
    trained.train()
    assert trained.history.evaluations["lr"][-1] < 1e-6


def test_callbacks_and_stop():
    steps, epochs = [], []
    trained = solver(num_epochs=9, step_callbacks=[lambda s: steps.append(s.step)],
                     callbacks=[lambda s: epochs.append(s.epoch), lambda s: s.epoch == 2 and s.stop()])  # fmt: skip
    trained.train()
    assert steps == list(range(1, 11))
    assert epochs == [1, 2]


def test_what_is_printed(capsys):
    solver(validation=PAIR, verbose=True, print_every=6).train()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" loss")[0] for line in lines if line.startswith("(Iteration")] == [
        "(Iteration 6 / 15)", "(Iteration 12 / 15)",
    ]  # fmt: skip
    assert [line[:11] for line in lines if line.startswith("(Epoch")] == ["(Epoch 1 / ", "(Epoch 2 / ", "(Epoch 3 / "]
    solver(validation=PAIR, print_every=6).train()
    assert capsys.readouterr() == ("", "")


def test_the_bar_on_a_terminal(monkeypatch):
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    solver(validation=PAIR, verbose=True).train()
    last = screen.getvalue().replace("\r", "\n").strip().splitlines()[-1]
    for shown in ("15/15", "batch/s", "loss=", "val_accuracy="):
        assert shown in last


def test_training_goes_on_where_it_was():
    once = solver(num_epochs=4)
    once.train()
    microtorch.manual_seed(0)
    twice = solver(num_epochs=2)
    twice.train()
    twice.num_epochs = 4
    twice.train()
    assert twice.loss_history == once.loss_history


@pytest.mark.parametrize(
    "options, told",
    [
        ({"num_epochs": 0}, "num_epochs is 0"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
        ({"update_rule": "rmsprob"}, "Did you mean 'rmsprop'"),
        ({"optim_config": {"lerning_rate": 1}}, "no setting 'lerning_rate'"),
        ({"schedule_by": "batch"}, "schedule_by"),
        ({"lr_decay": 0.9, "scheduler": lambda o: None}, "both set the learning rate"),
        ({"optimizer": optim.SGD([microtorch.ones(1).requires_grad_()]), "optim_config": {}}, "optim_config is for"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, told):
    with pytest.raises(ValueError, match=told):
        solver(**options)


# -- evaluation --------------------------------------------------------------------------------------------------------


def test_evaluate_weighs_batches_by_their_size_and_leaves_modes_alone():
    net = model(dropout=0.5)
    net.drop1.eval()
    loader = DataLoader(TensorDataset(X, Y), 7)
    found = evaluate(net, loader, {"accuracy": accuracy, "loss": cross_entropy})
    assert (net.training, net.fc1.training, net.drop1.training) == (True, True, False)
    with evaluating(net), microtorch.no_grad():
        scores = net(microtorch.from_numpy(X))
    assert found["accuracy"] == pytest.approx((scores.numpy().argmax(1) == Y).mean())
    assert found["loss"] == pytest.approx(cross_entropy(scores, microtorch.from_numpy(Y)).item(), rel=1e-6)
    with pytest.raises(ValueError, match="no samples"):
        evaluate(net, [], {})


def test_make_optimizer_keeps_names():
    assert "fc1.weight" in make_optimizer(model(), "adam").param_groups[0]["param_names"]


# -- history -----------------------------------------------------------------------------------------------------------


def test_history_in_every_form(tmp_path):
    trained = solver(validation=PAIR)
    history = trained.train()
    table = history.evaluations
    table.append(step=16, loss=math.inf)
    table.to_csv(tmp_path / "h.csv")
    with open(tmp_path / "h.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == table["loss"]
    assert [int(row["step"]) for row in rows] == [5, 10, 15, 16]
    table.to_jsonl(tmp_path / "h.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()]
    assert rows[0]["val_accuracy"] == table["val_accuracy"][0]
    assert rows[-1] == {name: 16 if name == "step" else None for name in table.columns}
    trained.record_histories_as_npz(tmp_path / "h.npz")
    arrays = load_npz(tmp_path / "h.npz")
    assert arrays["steps_loss"].tolist() == trained.loss_history
    assert arrays["evaluations_step"].dtype == np.int64
    table.to_npz(tmp_path / "t.npz")
    assert load_npz(tmp_path / "t.npz")["step"].tolist() == [5, 10, 15, 16]
    assert str(history).splitlines()[0].split() == list(table.columns)
    assert len({len(line) for line in str(history).splitlines()}) == 1
    assert table.markdown().count("\n") == 5
    assert history._repr_html_().count("<tr>") == 5


def test_the_plot_shows_what_was_measured(tmp_path):
    pytest.importorskip("matplotlib")
    trained = solver(validation=PAIR)
    figure = trained.train().plot(tmp_path / "curves.png")
    left, right = figure.axes
    assert left.lines[0].get_ydata().tolist() == trained.loss_history
    shown = {line.get_label(): list(line.get_ydata()) for line in right.lines}
    assert shown == {"train accuracy": trained.train_acc_history, "val accuracy": trained.val_acc_history}
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    History().plot()  # nothing has happened: empty axes


def test_a_table_fills_what_is_missing():
    table = Table()
    table.append(a=1)
    table.append(b=2.0)
    assert table["a"][0] == 1
    assert math.isnan(table["a"][1])
    assert math.isnan(table["b"][0])
    assert (len(table), "b" in table, "c" in table) == (2, True, False)
    assert Table().rows() == []
    assert str(Table({"big": [1e9], "small": [1e-5]})).split()[2:] == ["1.00e+09", "1.00e-05"]
