"""Solver(distributed=True): the same training on 1, 2 and 3 ranks, saved by some and resumed by others."""

import random

import numpy as np
import pytest
import ranks
import resumable
from rank_solver import LOCAL, OPTIONS

SIZES = (1, 2, 3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("halves"))
    return {size: ranks.results("rank_solver", size, RANK_SOLVER_HALVES=folder) for size in SIZES}


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


def assert_same(found, right):
    assert found["same"], "the ranks' models differ"
    np.testing.assert_allclose(found["losses"], right["losses"], rtol=1e-10)
    np.testing.assert_allclose(found["state"], right["state"], rtol=1e-8, atol=1e-10)
    assert found["evaluations"].keys() == right["evaluations"].keys()
    for name, column in right["evaluations"].items():
        np.testing.assert_allclose(found["evaluations"][name], column, rtol=1e-10, err_msg=name)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_any_number_of_ranks_trains_alike(run, size, name):
    """Losses of whole batches, evaluations over all samples and the model, although parts differ in size."""
    for found in run[size]:
        assert not isinstance(found[name], str), found[name]
        assert_same(found[name], run[1][0][name])


def test_captured_steps_give_the_same_bits(run, size):
    assert {found[name]["digest"] for found in run[size] for name in ("plain", "captured")} == {
        run[size][0]["plain"]["digest"]
    }


def test_one_rank_is_no_rank(run):
    from rank_solver import solver

    alone = solver(distributed=False)
    alone.train()
    assert run[1][0]["plain"]["losses"] == alone.history.steps["loss"], "bit for bit"


@pytest.mark.parametrize("saving, resuming", [(2, 2), (2, 3), (3, 1), (1, 2)])
def test_a_training_is_resumed_by_any_number_of_ranks(run, tmp_path, monkeypatch, saving, resuming):
    monkeypatch.setenv("RANK_SOLVER_FOLDER", str(tmp_path))
    ranks.results("rank_solver", saving, ["first half"])
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"] * 2
    for found in ranks.results("rank_solver", resuming, ["second half"]):
        assert found["second half"]["resumed"]
        assert_same(found["second half"], run[1][0]["plain"])
        if saving == resuming:
            assert found["second half"]["digest"] == run[saving][0]["plain"]["digest"]


def test_killed_ranks_go_on_bit_for_bit(tmp_path):
    """`python tests/resumable.py FOLDER --kills 30 --ranks 2` does it more often."""
    draw = random.Random(3)
    expected, _ = resumable.run_to_the_end(tmp_path / "a", 0, draw, epochs=2, ranks=2)
    assert resumable.run_to_the_end(tmp_path / "b", 2, draw, epochs=2, ranks=2) == (expected, 2)


# -- local steps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LOCAL)
def test_local_steps_end_in_one_model_and_can_be_resumed(run, size, name):
    results = [found[f"local {name}"] for found in run[size]]
    for found in results:
        assert not isinstance(found, str), found
        assert found["same"]
        assert found["halves"] == found["digest"], "saved and resumed, bit for bit"
        assert found["losses"] == results[0]["losses"], "of the whole batches, on all ranks"
        assert found["evaluations"] == results[0]["evaluations"]
        assert np.mean(found["losses"][-7:]) < np.mean(found["losses"][:7])


def outer_by_hand(traces, lr=1.0, momentum=0.0, nesterov=False):
    """What LocalSteps should make of the ranks' traces: before and after each second step."""
    mean, velocity, found = np.array(traces[0][0]), 0.0, []
    for i in range(2, 7, 2):
        delta = mean - np.mean([trace[2 * i - 1] for trace in traces], axis=0)
        velocity = momentum * velocity + delta
        mean = mean - lr * (delta + momentum * velocity if nesterov else velocity)
        found.append(mean)
    return found


@pytest.mark.parametrize("name, options", [("plain", {}), ("outer", {"lr": 0.7, "momentum": 0.9, "nesterov": True})])
def test_exchanges_are_those_of_the_formula(run, size, name, options):
    traces = [found["by hand"][name] for found in run[size]]
    assert all(trace[0] == traces[0][0] for trace in traces), "they begin with the values of rank 0"
    right = outer_by_hand(traces, **options)
    for trace in traces:
        assert trace[2] == trace[1], "no exchange after the first step"
        for i, mean in zip((2, 4, 6), right, strict=True):
            np.testing.assert_allclose(trace[2 * i], mean, rtol=1e-12)


@pytest.mark.parametrize(
    "name, words",
    {
        "period": ["ValueError: Solver: eval_every is 4, and all ranks have the same model every 3 steps"],
        "alone": ["ValueError: Solver: sync_every and outer are for ranks: pass distributed=True"],
        "own sampler": ["ValueError: Solver: distributed=True shares out every batch itself"],
        "order": ["DistributedError", "rank 0: an epoch of 7 batches, their order", "rank 1: an epoch of 7"],
        "small batch": ["DistributedError: Solver: a batch of 1 samples for 2 ranks"],
        "options": ["DistributedError", "rank 0: a training of 3 epochs", "'lr': 0.1", "'lr': 0.2"],
        "data": ["DistributedError", "of 190 samples", "of 189 samples"],
    }.items(),
)
def test_mistakes_are_told_on_every_rank(run, name, words):
    for found in run[2]:
        assert all(word in found["mistakes"][name] for word in words), found["mistakes"][name]
