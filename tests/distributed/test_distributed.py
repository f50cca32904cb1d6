"""Data-parallel training on 1, 2 and 3 real ranks: what they exchange, what they compute together, what is refused."""

import numpy as np
import pytest
import ranks
from rank_cases import CASES, LOSSES, OPTIMIZERS, STEPS
from rank_collectives import DIFFERENT, DTYPES, REFUSED, values

import microtorch
from microtorch import nn
from microtorch.data import DistributedSampler

SIZES = (1, 2, 3)


@pytest.fixture(scope="module")
def run():
    """What every case gives: ``run[size][rank][name]``."""
    return {size: ranks.results("rank_cases", size) for size in SIZES}


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


def of(run, size, name):
    """The results of one case, by rank; an error of a rank is shown."""
    found = [results[name] for results in run[size]]
    assert not any(isinstance(value, str) for value in found), found
    return found


def test_every_case_runs_without_an_error(run, size):
    assert [name for rank in run[size] for name, value in rank.items() if isinstance(value, str)] == []
    assert all(list(rank) == list(CASES) for rank in run[size])


# -- collectives -------------------------------------------------------------------------------------------------------

FORMULAS = {"SUM": np.sum, "AVG": np.mean, "PRODUCT": np.prod, "MIN": np.min, "MAX": np.max}


@pytest.mark.parametrize("op, dtype", [(op, d) for op in FORMULAS for d in DTYPES if op != "AVG" or d[0] == "f"])
def test_all_reduce(run, size, op, dtype):
    right = FORMULAS[op]([values(rank, dtype) for rank in range(size)], axis=0).astype(dtype)
    for found in of(run, size, f"all_reduce {op} {dtype}"):
        np.testing.assert_allclose(np.array(found, dtype), right, rtol=1e-6)


def test_nan_of_one_rank_reaches_all(run, size):
    assert of(run, size, "nan_in_one_rank") == [[[False, True, False]] * 5] * size


def test_strided_empty_and_single_tensors(run, size):
    right = np.zeros((4, 6))
    right[::2, ::3] = sum(range(1, size + 1))
    for base, single, shape in of(run, size, "layouts"):
        np.testing.assert_array_equal(base, right)
        assert (single, shape) == (sum(range(size)), [0, 3])


def test_copies(run, size):
    for rank, (t, flag, places, only) in enumerate(of(run, size, "copies")):
        assert (t, flag) == ([size - 1, size + 9], True)
        assert places == [[float(r), 0.5] for r in range(size)]
        assert only == (sum(range(1, size + 1)) if rank == size - 1 else rank + 1)


def test_async_calls(run, size):
    right = [[float(sum(rank + i for rank in range(size)))] * 5 for i in range(3)]
    assert of(run, size, "async_calls") == [[right, [True] * 3, [True] * 3]] * size


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_calls_are_told_on_every_rank_with_both(run, name):
    for rank, (found, after) in enumerate(of(run, 2, "different_calls")):
        words = found[name]
        assert words.startswith("DistributedError: ")
        assert f"rank {rank} of 2" in words
        assert "rank 0" in words
        assert "rank 1" in words
        assert after == 2.0, "after an error that all have heard of, they can go on"


DIFFERENCES = {
    "shape": ("(3,)", "(4,)"),
    "dtype": ("float32", "float64"),
    "op": ("SUM", "MAX"),
    "call": ("broadcast", "barrier"),
    "src": ("from rank 0", "from rank 1"),
    "model": ("(2, 4)", "(3, 4)"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_words_tell_the_difference(run, name):
    for found, _ in of(run, 2, "different_calls"):
        assert all(word in found[name] for word in DIFFERENCES[name])


@pytest.mark.parametrize(
    "name, words",
    {
        "bool": "DTypeError: all_reduce: SUM of bool. Convert",
        "mean of integers": "DTypeError: all_reduce: AVG of int64",
        "op": "TypeError: all_reduce: op is 'sum'",
        "result": "GraphError: all_reduce: this tensor is the result of Mul",
        "array": "TypeError: all_reduce: tensor is a numpy.ndarray",
        "read-only": "GraphError: all_reduce: this tensor of shape (3,) is expanded",
        "src": "ValueError: broadcast: src is 9, and the ranks are 0 to",
        "dst": "ValueError: reduce: dst is -1",
        "group": "DistributedError: all_reduce: group is 'mine'",
        "list": "ValueError: all_gather: tensor_list has 0 tensors",
        "again": "DistributedError: init_process_group: it was called before",
        "frozen": "DistributedError: DistributedDataParallel: Linear has no parameter",
        "devices": "ValueError: DistributedDataParallel: device_ids is [0]",
        "bucket": "ValueError: DistributedDataParallel: bucket_cap_mb is 0",
    }.items(),
)
def test_what_cannot_be_done_is_refused_in_words(run, size, name, words):
    assert name in REFUSED
    assert all(found[name].startswith(words) for found in of(run, size, "refused_calls"))


# -- training ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("normalised", ["", " normalised"])
@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_many_ranks_are_one(run, size, optimizer, dtype, tolerance, normalised):
    """100 steps over the same global batches: the losses and every parameter and buffer."""
    name = f"train {optimizer} {dtype}{normalised}"
    (alone,) = of(run, 1, name)
    for found in of(run, size, name):
        np.testing.assert_allclose(found["losses"], alone["losses"], rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(found["state"], alone["state"], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("train ")])
def test_ranks_hold_the_same_bits_after_every_step(run, size, name):
    assert all(found["same"] for found in of(run, size, name))


def test_two_runs_and_a_captured_one_give_the_same_bits(run, size):
    first, second, captured = (
        of(run, size, f"train {name}")[0] for name in ("adam float32 normalised", "again", "captured")
    )
    assert first["losses"] == second["losses"] == captured["losses"]
    assert first["digest"] == second["digest"] == captured["digest"]
    assert f"replayed {STEPS - 1} times" in captured["report"] or size == 3  # there, parts are of one size too: 8 of 24
    if size > 1:
        assert "_start" in captured["report"], "the reduces are part of the list"


@pytest.fixture(scope="module")
def theirs():
    """The same with PyTorch's DistributedDataParallel."""
    return ranks.results("rank_torch", 2)


@pytest.mark.oracle
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_losses_are_pytorchs(run, theirs, optimizer):
    for ours, other in zip(of(run, 2, f"train {optimizer} float64"), theirs, strict=True):
        np.testing.assert_allclose(ours["losses"], other[f"train {optimizer}"]["losses"], rtol=1e-12)


# -- one backward ------------------------------------------------------------------------------------------------------


def mean_of(results, key="local"):
    """The mean over ranks of what each would have had alone; None where no rank has one."""
    names = results[0][key]
    found = {}
    for name in names:
        given = [np.array(r[key][name]) for r in results if r[key][name] is not None]
        found[name] = sum(given) / len(results) if given else None
    return found


def assert_gradients(found, right):
    assert found.keys() == right.keys()
    for name in right:
        if right[name] is None:
            assert found[name] is None, name
        else:
            np.testing.assert_allclose(found[name], right[name], rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_means_whatever_the_graph(run, size, loss):
    results = [found[loss] for found in of(run, size, "whole_losses")]
    for found in results:
        assert_gradients(found["averaged"], mean_of(results))


def test_accumulation(run, size):
    results = of(run, size, "accumulated")
    for found in results:
        mean, last = mean_of(results), found["last"]
        right = {n: None if mean[n] is None else mean[n] + np.array(last[n]) for n in mean}
        assert_gradients(found["all"], right)


def test_hooks_see_this_ranks_gradient(run, size):
    results = of(run, size, "hooked")
    for found in results:
        assert np.abs(found["local"]["first.weight"]).max() <= 0.01
        assert_gradients(found["averaged"], mean_of(results))


def test_different_branches(run, size):
    results = of(run, size, "different_branches")
    right = mean_of(results)
    right["never.weight"] = np.ones((2, 2))
    for found in results:
        assert_gradients(found["averaged"], right)


def test_models_in_another_order_are_told(run):
    for (words,) in of(run, 2, "other_order"):
        assert "rank 0: a backward pass of DistributedDataParallel(Linear), model " in words
        assert "rank 1: a backward pass of DistributedDataParallel(Linear), model " in words


@pytest.mark.parametrize("size", [2, 3])
def test_unused_and_unfrozen_parameters_are_named(run, size):
    for rank, (unused, thawed) in enumerate(of(run, size, "unused")):
        assert "2 parameters got no gradient: right.weight, right.bias" in unused
        assert f"rank {rank} of {size}" in unused
        assert "never.weight did not require a gradient" in thawed


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    "name, words",
    {
        "grad": "GraphError: DistributedDataParallel(Net): gradients of first.weight are asked for by name",
        "inputs": "GraphError: DistributedDataParallel(Net): gradients of first.weight are asked for by name",
        "create_graph": "GraphError: DistributedDataParallel(Net): backward(create_graph=True)",
        "output": "TypeError: DistributedDataParallel: what Odd returns",
        "captured": "CaptureError: capture: find_unused_parameters",
        "converted": "DTypeError: DistributedDataParallel(Net): right.weight is float32",
        "afterwards": "nothing",
    }.items(),
)
def test_passes_that_would_not_be_averaged_are_refused(run, size, name, words):
    assert all(found[name].startswith(words) for found in of(run, size, "refused_passes"))


def test_other_threads_and_onlookers(run, size):
    right = {n: p and np.array(p) for n, p in of(run, size, "whole_losses")[0]["plain"]["averaged"].items()}
    for errors, found in of(run, size, "in_a_thread"):
        assert errors == ["nothing"]
        assert_gradients(found, right)
    for found, observers in of(run, size, "looked_on"):
        assert observers == 0
        assert_gradients(found, right)


def test_buffers_are_those_of_rank_0(run, size):
    results = of(run, size, "buffers_of_rank_0")
    assert all(found == results[0] for found in results)
    assert results[0][2][0] == "module.0.weight", "names in the state are PyTorch's"


def test_sync_batch_norm_over_uneven_parts(run, size):
    results = of(run, size, "uneven_batches")
    x = np.random.default_rng(1).normal(3, 2, (13, 4, 2))
    whole = microtorch.tensor(x, requires_grad=True)
    norm = nn.BatchNorm1d(4, dtype="float64", momentum=None)
    y = norm(whole)
    (y * microtorch.from_numpy(np.cos(x))).sum().backward()
    right = {"mean": norm.running_mean, "var": norm.running_var, "y": y.detach(), "dx": whole.grad}
    for found in results:
        for name, t in right.items():
            rows = slice(*found["rows"]) if name in ("y", "dx") else slice(None)
            np.testing.assert_allclose(found[name], t.numpy()[rows], rtol=1e-11, atol=1e-13)
        assert found["count"] == 1
    for name, p in (("dw", norm.weight), ("db", norm.bias)):
        np.testing.assert_allclose(sum(np.array(f[name]) for f in results), p.grad.numpy(), rtol=1e-11, atol=1e-12)


# -- samplers ----------------------------------------------------------------------------------------------------------


def test_samplers_take_the_rank_of_the_process(run, size):
    results = of(run, size, "samplers")
    for epoch in range(2):
        orders = [found[0][epoch] for found in results]
        visited = [order[i] for i in range(len(orders[0])) for order in orders]
        assert sorted(visited[:11]) == list(range(11))
        assert visited[11:] == visited[: len(visited) - 11], "the first ones come again"
    assert {found[2] for found in results} == {-11 % size}
    assert results[0][0][0] != results[0][0][1]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("length", [7, 8, 9, 2])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_samplers_share_out(count, shuffle, length, drop_last):
    if drop_last and length < count:
        with pytest.raises(ValueError, match="drop_last leaves none"):
            DistributedSampler(range(length), count, 0, shuffle, drop_last=drop_last)
        return
    samplers = [DistributedSampler(range(length), count, rank, shuffle, drop_last=drop_last) for rank in range(count)]
    parts = [list(s) for s in samplers]
    assert {len(part) for part in parts} == {len(samplers[0])}
    found = [part[i] for i in range(len(parts[0])) for part in parts]
    whole = length - length % count if drop_last else length
    assert len(set(found)) == whole
    assert samplers[0].repeated == len(found) - whole


@pytest.mark.oracle
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("length, count", [(7, 2), (3, 5), (8, 4)])
def test_samplers_are_pytorchs_unshuffled(torch, length, count, drop_last):
    if drop_last and length < count:
        return
    for rank in range(count):
        theirs = torch.utils.data.DistributedSampler(range(length), count, rank, False, drop_last=drop_last)
        assert list(DistributedSampler(range(length), count, rank, False, drop_last=drop_last)) == list(theirs)


def test_mistakes_with_samplers():
    with pytest.raises(ValueError, match="rank is 2; with num_replicas=2"):
        DistributedSampler(range(4), 2, 2)
    with pytest.raises(ValueError, match="empty"):
        DistributedSampler([], 2, 0)


# -- generators --------------------------------------------------------------------------------------------------------


def test_jumps_part_streams_of_one_seed():
    drawn, keys = [], []
    for rank in range(3):
        generator = microtorch.Generator().manual_seed(5)
        generator.numpy.random(7)
        before = generator.get_state()
        assert generator.jump(rank) is generator
        assert (generator.get_state() == before) is (rank == 0)
        drawn.append(generator.numpy.random(100).tolist())
        keys.append([generator.get_state()["keys"] + i for i in range(100)])  # of the next hundred masks
        generator.set_state(generator.get_state())  # such a state can be saved, too
    for found in (drawn, keys):
        assert len({value for stream in found for value in stream}) == 300
