"""microtorch.data: batches hold the right rows, in the right order, and mistakes are named."""

import collections
import types
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import microtorch
from microtorch.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)
from microtorch.errors import DTypeError, ShapeError


def seeded(seed):
    return microtorch.Generator().manual_seed(seed)


def rows(count, width=3):
    """A dataset whose row i is full of i and labelled i, so that every batch shows where it comes from."""
    x = np.repeat(np.arange(count, dtype=np.float32)[:, None], width, axis=1)
    return TensorDataset(microtorch.from_numpy(x), microtorch.from_numpy(np.arange(count)))


class Items(Dataset):
    """A dataset without ``__getitems__``, which notes what it is asked for."""

    def __init__(self, samples):
        self.samples, self.asked = samples, []

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        self.asked.append(index)
        return self.samples[index]


def labels(loader):
    return [y.tolist() for _, y in loader]


# -- order ---------------------------------------------------------------------------------------------------


@given(count=st.integers(0, 40), size=st.integers(1, 12), drop_last=st.booleans(), shuffle=st.booleans())
def test_an_epoch_is_every_row_once_in_batches_of_the_size(count, size, drop_last, shuffle):
    loader = DataLoader(rows(count), size, shuffle=shuffle, drop_last=drop_last, generator=seeded(count))
    batches = [(x.numpy(), y.numpy()) for x, y in loader]
    assert len(batches) == len(loader) == (count // size if drop_last else -(-count // size))
    assert all(len(y) == size for _, y in batches[:-1])
    for x, y in batches:
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert np.array_equal(x, np.repeat(y[:, None].astype(np.float32), 3, axis=1))
    seen = np.concatenate([y for _, y in batches]) if batches else np.arange(0)
    assert len(seen) == (count - count % size if drop_last else count)
    assert len(set(seen.tolist())) == len(seen)
    if not shuffle:
        assert seen.tolist() == list(range(len(seen)))


def test_shuffle_is_new_each_epoch_and_the_same_for_the_same_seed():
    first, second = (DataLoader(rows(50), 7, shuffle=True, generator=seeded(3)) for _ in range(2))
    epochs = [labels(first), labels(first)]
    assert epochs[0] != epochs[1]
    assert epochs == [labels(second), labels(second)]
    assert epochs[0] != labels(DataLoader(rows(50), 7, shuffle=True, generator=seeded(4)))


def test_without_a_generator_manual_seed_decides():
    orders = []
    for seed in (1, 1, 2):
        microtorch.manual_seed(seed)
        orders.append(labels(DataLoader(rows(50), 50, shuffle=True)))
    assert orders[0] == orders[1] != orders[2]


def test_one_loader_can_be_iterated_twice_at_once():
    loader = DataLoader(rows(3))
    assert [(a.tolist(), b.tolist()) for _, a in loader for _, b in loader] == [
        ([i], [j]) for i in range(3) for j in range(3)
    ]


def test_batches_own_their_memory():
    data = rows(6)
    for shuffle in (False, True):
        for x, y in DataLoader(data, 6, shuffle=shuffle):
            assert not np.shares_memory(x.numpy(), data.tensors[0].numpy())
            assert not np.shares_memory(y.numpy(), data.tensors[1].numpy())


# -- samplers ------------------------------------------------------------------------------------------------


def test_samplers_give_python_ints():
    for sampler in (SequentialSampler("abc"), RandomSampler("abc"), RandomSampler("abc", replacement=True)):
        assert all(type(i) is int for i in sampler)
        assert len(sampler) == len(list(sampler)) == 3


@pytest.mark.parametrize("count", [1, 4, 5, 13])
def test_random_sampler_without_replacement_uses_all_before_any_again(count):
    drawn = list(RandomSampler(range(5), num_samples=count, generator=seeded(0)))
    assert len(drawn) == count
    for start in range(0, count, 5):
        part = drawn[start : start + 5]
        assert len(set(part)) == len(part)
        assert set(part) <= set(range(5))


def test_random_sampler_with_replacement_is_uniform():
    drawn = list(RandomSampler(range(4), replacement=True, num_samples=40_000, generator=seeded(0)))
    assert np.allclose(np.bincount(drawn, minlength=4) / 40_000, 0.25, atol=0.01)  # 4.6 standard deviations


@pytest.mark.parametrize("num_samples", [0, -1, 2.0])
def test_random_sampler_refuses(num_samples):
    with pytest.raises(ValueError, match=r"num_samples is .* positive integer"):
        RandomSampler("abc", num_samples=num_samples)


def test_a_sampler_of_the_users_own():
    class Backwards(Sampler):
        def __iter__(self):
            return iter(range(9, -1, -1))

        def __len__(self):
            return 10

    assert labels(DataLoader(rows(10), 4, sampler=Backwards())) == [[9, 8, 7, 6], [5, 4, 3, 2], [1, 0]]
    assert labels(DataLoader(rows(10), 4, sampler=[5, 5, 1], drop_last=True)) == []
    assert list(BatchSampler(iter([3, 1, 2]), 2, drop_last=False)) == [[3, 1], [2]]
    with pytest.raises(NotImplementedError, match="Sampler does not say its order"):
        iter(Sampler())


def test_a_batch_sampler_of_the_users_own():
    loader = DataLoader(rows(5), batch_sampler=[[4, 0], [2]])
    assert labels(loader) == [[4, 0], [2]]
    assert (len(loader), loader.batch_size) == (2, None)


# -- datasets ------------------------------------------------------------------------------------------------


def test_tensor_dataset_takes_arrays_and_tensors():
    data = TensorDataset(np.arange(6.0).reshape(3, 2), microtorch.tensor([7, 8, 9]))
    x, y = data[1]
    assert (x.tolist(), y.item()) == ([2.0, 3.0], 8)
    assert data.tensors[0].dtype == np.float64
    assert [y.item() for _, y in data] == [7, 8, 9]


@pytest.mark.parametrize("shapes", [[(3, 2), (4,)], [()], [(2,), ()]])
def test_tensor_dataset_refuses_different_lengths(shapes):
    with pytest.raises(ShapeError, match=r"TensorDataset: tensors of shapes \(.*same number of rows"):
        TensorDataset(*(np.zeros(shape) for shape in shapes))


def test_tensor_dataset_refuses_nothing():
    with pytest.raises(ValueError, match="no tensors"):
        TensorDataset()


def test_a_gradient_flows_through_a_batch():
    x = microtorch.tensor(np.ones((4, 2), np.float32), requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=3):
        batch.sum().backward()
        break
    assert x.grad.tolist() == [[1, 1], [1, 1], [1, 1], [0, 0]]


def test_batches_of_a_view_that_is_not_contiguous():
    x = microtorch.from_numpy(np.arange(12.0).reshape(2, 6).T)
    assert [batch.tolist() for (batch,) in DataLoader(TensorDataset(x), 4)] == [
        [[0, 6], [1, 7], [2, 8], [3, 9]],
        [[4, 10], [5, 11]],
    ]


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range_is_an_error(index):
    for data in (rows(3), Subset(rows(5), [0, 1, 2]), Items("abc")):
        with pytest.raises(IndexError):
            next(iter(DataLoader(data, batch_sampler=[[0, index]])))


def test_subsets_nest_and_take_the_fast_way():
    inner = Subset(rows(20), range(10, 20))
    outer = Subset(inner, [9, 0, 5])
    assert [y.item() for _, y in outer] == [19, 10, 15]
    assert labels(DataLoader(outer, 2)) == [[19, 10], [15]]
    assert len(Subset(rows(3), [])) == 0
    assert labels(DataLoader(Subset(rows(3), []))) == []


def test_a_subset_of_items_is_collated():
    data = Items([(float(i), i) for i in range(6)])
    assert labels(DataLoader(Subset(data, [5, 1, 3]), 2)) == [[5, 1], [3]]
    assert all(type(i) is int for i in data.asked)


@pytest.mark.parametrize("indices", [[0.5], [True, False], [[0, 1]]])
def test_subset_refuses(indices):
    with pytest.raises(TypeError, match="not a sequence of integers"):
        Subset(rows(3), indices)


@pytest.mark.parametrize(
    "lengths, sizes",
    [
        ([7, 3], [7, 3]),
        ([10, 0], [10, 0]),
        ([0.5, 0.5], [5, 5]),
        ([0.75, 0.25], [8, 2]),
        ([1 / 3] * 3, [4, 3, 3]),
        ([0.1] * 10, [1] * 10),
    ],
)
def test_random_split_is_a_partition(lengths, sizes):
    parts = random_split(rows(10), lengths, generator=seeded(0))
    assert [len(part) for part in parts] == sizes
    assert sorted(y.item() for part in parts for _, y in part) == list(range(10))
    again = random_split(rows(10), lengths, generator=seeded(0))
    assert [part.indices.tolist() for part in parts] == [part.indices.tolist() for part in again]


@pytest.mark.parametrize("lengths", [[5, 4], [11], [-1, 11], [0.5, 0.4], [5.5, 4.5], []])
def test_random_split_refuses(lengths):
    with pytest.raises(ValueError, match="random_split: lengths"):
        random_split(rows(10), lengths)


# -- collating -----------------------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "samples, dtype, values",
    [
        ([1, 2], np.int64, [1, 2]),
        ([1.5, 2.0], np.float64, [1.5, 2.0]),
        ([True, False], np.bool_, [True, False]),
        ([np.float32(1), np.float32(2)], np.float32, [1, 2]),
        ([np.zeros(2, np.int32), np.ones(2, np.int32)], np.int32, [[0, 0], [1, 1]]),
        ([microtorch.tensor([1.0]), microtorch.tensor([2.0])], np.float32, [[1], [2]]),
    ],
)
def test_collate_stacks(samples, dtype, values):
    batch = default_collate(samples)
    assert isinstance(batch, microtorch.Tensor)
    assert batch.dtype == dtype
    assert batch.tolist() == values


def test_collate_keeps_the_form_of_samples():
    batch = default_collate([{"p": Point(1, [2.0, "a"])}, {"p": Point(3, [4.0, "b"])}])
    point = batch["p"]
    assert type(point) is Point
    assert point.x.tolist() == [1, 3]
    assert type(point.y) is list
    assert point.y[0].tolist() == [2, 4]
    assert point.y[1] == ["a", "b"]
    assert type(default_collate([(1, 2), (3, 4)])) is tuple


def test_collate_names_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"shapes \(2,\), \(3,\) do not stack.*collate_fn"):
        default_collate([np.zeros(3), np.zeros(2)])
    with pytest.raises(ShapeError, match="samples of 1, 2 parts"):
        default_collate([(1,), (1, 2)])
    with pytest.raises(DTypeError, match=r"type set do not make a batch.*collate_fn"):
        default_collate([{1}, {2}])


def test_a_collate_fn_is_given_a_list_of_samples_whatever_the_dataset():
    def collate(samples):
        assert type(samples) is list
        return [float(x[0].item()) + y.item() for x, y in samples]

    assert list(DataLoader(rows(3), 2, collate_fn=collate)) == [[0, 2], [4]]


def test_getitems_may_return_a_list_of_samples_as_in_pytorch():
    class Listing(Items):
        def __getitems__(self, indices):
            return [self.samples[i] for i in indices]

    assert labels(DataLoader(Listing([(0, 5), (0, 6), (0, 7)]), 2)) == [[5, 6], [7]]


def test_items_are_asked_for_with_python_ints():
    data = Items([(np.float32(i), i) for i in range(5)])
    assert labels(DataLoader(data, 2)) == [[0, 1], [2, 3], [4]]
    assert data.asked == [0, 1, 2, 3, 4]
    assert all(type(i) is int for i in data.asked)
    with pytest.raises(NotImplementedError, match="Dataset does not say what its samples are"):
        Dataset()[0]


# -- arguments -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"num_workers": -1}, "num_workers is -1. Pass 0 or more"),
        ({"timeout": -1}, "timeout is -1. Pass 0 or more"),
        ({"prefetch_factor": 2}, "prefetch_factor is about workers, and num_workers is 0"),
        ({"persistent_workers": True}, "persistent_workers is about workers, and num_workers is 0"),
        ({"batch_size": None, "drop_last": True}, "batch_size=None there is no last batch"),
        ({"shuffle": True, "sampler": [0]}, "shuffle and sampler"),
        ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler already sets"),
        ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler already sets"),
        ({"batch_sampler": [[0]], "drop_last": True}, "batch_sampler already sets"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
    ],
)
def test_loader_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        DataLoader(rows(3), **arguments)


def test_pin_memory_changes_nothing():
    assert labels(DataLoader(rows(3), 2, pin_memory=True)) == [[0, 1], [2]]


# -- PyTorch -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 3, 7, 20])
def test_batches_are_those_of_pytorch(torch, size, drop_last):
    x, y = np.random.default_rng(0).normal(size=(17, 4)).astype(np.float32), np.arange(17)
    theirs = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=size, drop_last=drop_last
    )
    ours = DataLoader(TensorDataset(x, y), batch_size=size, drop_last=drop_last)
    assert len(ours) == len(theirs)
    for (ax, ay), (bx, by) in zip(ours, theirs, strict=True):
        assert np.array_equal(ax.numpy(), bx.numpy())
        assert np.array_equal(ay.numpy(), by.numpy())


@pytest.mark.parametrize("sample", [1, 2.5, True, np.float32(3), np.arange(3), (1, 2.0), {"a": 1, "b": [2.0, "s"]}])
def test_collated_samples_are_those_of_pytorch(torch, sample):
    def compare(ours, theirs):
        if isinstance(theirs, torch.Tensor):
            assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
            assert ours.tolist() == theirs.tolist()
        elif isinstance(theirs, dict):
            assert list(ours) == list(theirs)
            for key in theirs:
                compare(ours[key], theirs[key])
        elif isinstance(theirs, list | tuple):  # theirs makes a list of a tuple, ours a tuple
            for a, b in zip(ours, theirs, strict=True):
                compare(a, b)
        else:
            assert ours == theirs

    compare(default_collate([sample] * 3), torch.utils.data.default_collate([sample] * 3))


@pytest.mark.parametrize("total", [10, 99, 100, 1797])
@pytest.mark.parametrize("lengths", [[0.8, 0.2], [0.29, 0.71], [1 / 3] * 3, [0.7, 0.15, 0.15], [1.0]])
def test_split_sizes_are_those_of_pytorch(torch, total, lengths):
    theirs = torch.utils.data.random_split(range(total), lengths)
    assert [len(p) for p in random_split(range(total), lengths)] == [len(p) for p in theirs]


def test_collate_names_the_sample_that_does_not_fit():
    cases = [
        ([np.ones(3), np.ones(3), np.ones(2)], ShapeError, r"sample 2 has \(2,\), the first one \(3,\)"),
        ([(1, 2), (1, 2), (1,)], ShapeError, "2, 2, 1 parts do not make a batch: see sample 2"),
        ([{"a": 1}, {"b": 1}], ShapeError, "sample 1 has the keys 'b', the first sample 'a'"),
        ([1, None], DTypeError, "types int and NoneType do not make a batch: see sample 1. Does a transform return"),
        ([None, None], DTypeError, "type NoneType do not make a batch: see sample 0. Does a transform return"),
        ([microtorch.ones(1), "a"], DTypeError, "types Tensor and str"),
        ([(1, None)], DTypeError, "type NoneType"),
        ([np.array(["a"])], DTypeError, "sample 0 is an array of <U1, not of numbers"),
        ([np.array([None])], DTypeError, "sample 0 is an array of object"),
    ]
    for batch, error, words in cases:
        with pytest.raises(error, match=words):
            default_collate(batch)


Pair = namedtuple("Pair", ["x", "y"])


@pytest.mark.parametrize(
    "sample",
    [
        collections.OrderedDict(a=1, b=2.0),
        collections.defaultdict(list, a=[1, 2]),
        Pair(1, np.ones(2)),
        {"p": Pair(1, {"deep": (np.float32(1), [2])})},
        types.MappingProxyType({"a": 1}),
        np.str_("word"),
        b"bytes",
    ],
)
def test_collate_keeps_the_types_of_containers(sample):
    made = default_collate([sample, sample])
    if isinstance(sample, str | bytes):
        assert made == [sample, sample]
        return
    assert type(made) is type(sample)
    if isinstance(sample, collections.defaultdict):
        assert made.default_factory is list
        assert sample["a"] == [1, 2]
    if isinstance(sample, dict) and "p" in sample:
        assert type(made["p"]) is Pair
        assert made["p"].y["deep"][0].dtype == np.float32
        assert made["p"].y["deep"][1][0].tolist() == [2, 2]


@pytest.mark.oracle
@pytest.mark.parametrize("batch", [[1, 2.5], [2.5, 1], [True, 2], [1, 2], [1.0, 2.0], [True, False]])
def test_collate_gives_the_dtypes_of_pytorch(batch):
    from torch.utils.data import default_collate as theirs

    assert str(default_collate(batch).dtype) == str(theirs(batch).dtype).removeprefix("torch.")
    assert default_collate(batch).tolist() == theirs(batch).tolist()
