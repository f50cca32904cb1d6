"""Checkpoints: a stopped training ends as the undisturbed one, damage is told and changes nothing."""

import os
import random
import shutil
import signal

import numpy as np
import pytest
import resumable

import microtorch
from microtorch import nn
from microtorch.errors import CheckpointError
from microtorch.io import load, save
from microtorch.train import Checkpoints, Solver


def test_the_newest_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path / "run", keep=2)
    with pytest.raises(CheckpointError, match="no checkpoint in"):
        checkpoints.load()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    for step in (5, 1_000_000_000, 70):
        path = checkpoints.save({"step": step}, step)
        assert path in checkpoints.paths() or step == 5
    assert [path.name for path in checkpoints.paths()] == ["step-000000070.safetensors", "step-1000000000.safetensors"]
    assert checkpoints.load()["step"] == 1_000_000_000
    assert len(list((tmp_path / "run").iterdir())) == 3
    with pytest.raises(ValueError, match="keep"):
        Checkpoints(tmp_path, keep=0)


@pytest.mark.parametrize("stop_at", [1, 7, 15, 16, 17, 40])
def test_a_stopped_training_ends_as_the_undisturbed_one(tmp_path, stop_at):
    undisturbed = resumable.solver(tmp_path / "a", epochs=3)
    undisturbed.train()
    expected = resumable.digest(undisturbed)
    first = resumable.solver(tmp_path / "b", epochs=3, checkpoint_every=1)

    def stop(solver):
        if solver.step == stop_at + 1:
            raise RuntimeError("stopped")

    first.step_callbacks = [stop]
    with pytest.raises(RuntimeError, match="stopped"):
        first.train()
    microtorch.manual_seed(123)
    second = resumable.solver(tmp_path / "b", epochs=3)
    assert second.resume()
    assert second.step == stop_at
    second.train()
    assert resumable.digest(second) == expected
    assert second.loss_history == undisturbed.loss_history


def test_killed_at_random_moments_it_ends_as_the_undisturbed_one(tmp_path):
    draw = random.Random(1)
    expected, _ = resumable.run_to_the_end(tmp_path / "a", 0, draw, epochs=3)
    assert resumable.run_to_the_end(tmp_path / "b", 3, draw, epochs=3) == (expected, 3)


def test_a_folder_that_cannot_be_written_is_told_before_the_first_step(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    solver = _small(checkpoints=tmp_path / "file" / "run")
    with pytest.raises(CheckpointError, match=r"cannot be saved in .*run") as raised:
        solver.train()
    assert isinstance(raised.value.__cause__, OSError)
    solver.checkpoints = Checkpoints(tmp_path / "run")
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(100, 80, 20))
    with pytest.raises(CheckpointError, match=r"takes 172 bytes at least, and 20 are free"):
        solver.train()
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: (_ for _ in ()).throw(PermissionError(13, "read-only")))
    with pytest.raises(CheckpointError, match="read-only"):
        solver.train()
    assert solver.step == 0
    assert os.listdir(tmp_path / "run") == []


def test_a_disk_that_gets_full_leaves_older_states_and_train_goes_on(tmp_path, monkeypatch):
    undisturbed = resumable.solver(tmp_path / "a", epochs=2)
    undisturbed.train()
    solver = resumable.solver(tmp_path / "b", epochs=2)
    sync = os.fsync

    def full(handle):
        if solver.step == 15:
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match=r"step 15 could not be saved.*No space left.*before are whole") as raised:
        solver.train()
    assert raised.value.__cause__.errno == 28
    monkeypatch.setattr("os.fsync", sync)
    names = [path.name for path in (tmp_path / "b").iterdir()]
    assert sorted(names) == ["step-000000005.safetensors", "step-000000010.safetensors"]
    shutil.copytree(tmp_path / "b", tmp_path / "c")
    solver.train()  # the one that failed
    assert resumable.digest(solver) == resumable.digest(undisturbed)
    resumed = resumable.solver(tmp_path / "c", epochs=2)
    assert resumed.resume()
    resumed.train()
    assert resumable.digest(resumed) == resumable.digest(undisturbed)


STOPS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: SystemExit}


@pytest.mark.parametrize("number", STOPS)
def test_a_signal_saves_after_the_step_and_says_how_to_go_on(tmp_path, capsys, ctrl_c, number):
    solver = resumable.solver(tmp_path, epochs=2, checkpoint_every=1000)
    solver.verbose = True

    def interrupt(solver):
        if solver.step == 5:
            signal.raise_signal(number)

    solver.step_callbacks = [interrupt]
    before = [signal.getsignal(n) for n in STOPS]
    with pytest.raises(STOPS[number]) as raised:
        solver.train()
    assert [signal.getsignal(n) for n in STOPS] == before
    if number == signal.SIGTERM:
        assert raised.value.code == 143
    assert "Go on with resume()" in capsys.readouterr().out
    assert [path.name for path in Checkpoints(tmp_path).paths()] in (
        ["step-000000005.safetensors"], ["step-000000006.safetensors"],
    )  # fmt: skip
    solver.step_callbacks = []
    solver.train()
    undisturbed = resumable.solver(tmp_path / "other", epochs=2)
    undisturbed.train()
    assert resumable.digest(solver) == resumable.digest(undisturbed)


def test_a_second_signal_stops_at_once(tmp_path, ctrl_c):
    for number, stop in STOPS.items():
        solver = resumable.solver(tmp_path / str(number), epochs=2, checkpoint_every=1000)
        solver.step_callbacks = [lambda solver, number=number: [signal.raise_signal(number) for _ in range(2)]]
        with pytest.raises(stop):
            solver.train()
        assert solver.step == 1
        assert not solver.checkpoints.paths()


def test_a_signal_after_the_last_state_is_not_lost(tmp_path, ctrl_c):
    solver = _small(checkpoints=tmp_path)
    save = solver.checkpoints.save

    def save_and_interrupt(state, step):
        path = save(state, step)
        if solver.epoch == 2:
            solver._interrupt.asked or signal.raise_signal(signal.SIGTERM)
        return path

    solver.checkpoints.save = save_and_interrupt
    with pytest.raises(SystemExit):
        solver.train()
    assert solver.epoch == 2


def test_sigterm_saves_where_ctrl_c_is_ignored_which_it_stays(tmp_path, ctrl_c):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script; the fixture puts it back
    solver = resumable.solver(tmp_path, epochs=2, checkpoint_every=1000)
    numbers = {3: signal.SIGINT, 5: signal.SIGTERM}
    solver.step_callbacks = [lambda s: s.step in numbers and signal.raise_signal(numbers[s.step])]
    with pytest.raises(SystemExit):
        solver.train()
    assert solver.step in (5, 6)
    assert solver.checkpoints.load()["counts"]["step"] == solver.step


def _small(**options):
    microtorch.manual_seed(0)
    data = (np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32), np.arange(20) % 3)
    options = {"update_rule": "adam", "num_epochs": 2, "batch_size": 5, "lr_decay": 0.9, "verbose": False} | options
    return Solver(nn.MLP([4, 5, 3]), data, **options)


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda s: s["model"].pop("fc1.weight"), "missing"),
        (lambda s: s["model"].update({"fc1.weight": microtorch.ones(5, 5)}), "fc1.weight"),
        (lambda s: s["optimizer"]["state"]["fc2.bias"].update(exp_avg=microtorch.ones(7)), "exp_avg"),
        (lambda s: s["optimizer"].pop("param_groups"), "param_groups"),
        (lambda s: s.update(scheduler=None), "another schedule"),
        (lambda s: s.update(generators=[]), "other generators"),
        (lambda s: s.update(generators=[{"seed": 1}]), "Generator"),
        (lambda s: s["counts"].update(batches=5), "4 now"),
        (lambda s: s["counts"].update(step=-1), "counts"),
        (lambda s: s["counts"].update(position="0"), "counts"),
        (lambda s: s["best"].update(params=[1]), "best parameters"),
        (lambda s: s["history"].pop("steps"), "steps"),
        (lambda s: s["history"]["evaluations"].update(step=np.arange(9)), "different lengths"),
        (lambda s: s.clear(), "counts"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(tmp_path, spoil, told):
    trained = _small()
    trained.train()
    save(trained.state_dict(), tmp_path / "state")
    state = load(tmp_path / "state")
    spoil(state)
    fresh = _small()
    fresh.num_epochs = 1
    fresh.train()
    before = resumable.digest(fresh)
    with pytest.raises(CheckpointError, match=told):
        fresh.load_state_dict(state)
    assert resumable.digest(fresh) == before
    fresh.load_state_dict(load(tmp_path / "state"))
    assert resumable.digest(fresh) == resumable.digest(trained)


def test_a_damaged_newest_checkpoint_is_named(tmp_path):
    solver = _small(checkpoints=tmp_path)
    solver.train()
    newest = Checkpoints(tmp_path).paths()[-1]
    newest.write_bytes(newest.read_bytes()[:-9])
    before = resumable.digest(solver)
    with pytest.raises(CheckpointError, match=f"{newest.name}.*Delete it to go on from the checkpoint before"):
        solver.resume()
    assert resumable.digest(solver) == before
    newest.unlink()
    assert solver.resume()
    assert solver.epoch == 1


def test_resume_without_anything_to_resume(tmp_path):
    assert not _small(checkpoints=tmp_path / "empty").resume()
    with pytest.raises(ValueError, match="needs checkpoints"):
        _small().resume()
