"""Solver(distributed=True): the same training on 1, 2 and 3 ranks, saved by some and resumed by others."""

import numpy as np
import pytest
import ranks
from rank_solver import OPTIONS

SIZES = (1, 2, 3)


@pytest.fixture(scope="module")
def run():
    return {size: ranks.results("rank_solver", size) for size in SIZES}


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


@pytest.mark.parametrize("size", SIZES)
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


@pytest.mark.parametrize(
    "name, words",
    {
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
