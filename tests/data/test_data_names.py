"""The rest of torch.utils.data: joined datasets, streams, more samplers, all arguments of the loader."""

import collections
import inspect

import numpy as np
import pytest

import microtorch
from microtorch import data
from microtorch.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    IterableDataset,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)


class Stream(IterableDataset):
    def __init__(self, *samples):
        self.samples = samples

    def __iter__(self):
        return iter(self.samples)


class Sized(Stream):
    def __len__(self):
        return len(self.samples)


def listed(loader):
    return [batch.tolist() for batch in loader]


def numbers(count, start=0):
    return TensorDataset(microtorch.arange(start, start + count))


def test_joined_datasets_are_one_after_the_other():
    both = numbers(3) + numbers(2, start=10) + numbers(1, start=20)
    assert isinstance(both, ConcatDataset)
    assert [int(both[i][0]) for i in range(-6, 6)] == [0, 1, 2, 10, 11, 20] * 2
    assert ConcatDataset([numbers(3), numbers(2)]).cumulative_sizes == [3, 5]
    assert [x.tolist() for (x,) in DataLoader(both, batch_size=4)] == [[0, 1, 2, 10], [11, 20]]


def test_streams_come_in_their_order():
    assert listed(DataLoader(Stream(3, 1, 2), batch_size=2)) == [[3, 1], [2]]
    assert listed(DataLoader(Stream(3, 1, 2), batch_size=2, drop_last=True)) == [[3, 1]]
    assert list(Stream(1, 2) + Stream(3)) == [1, 2, 3]
    assert len(ChainDataset([Sized(1), Sized(2, 3)])) == 3
    assert len(DataLoader(Sized(*range(5)), batch_size=2)) == 3
    assert listed(DataLoader(Sized(*range(5)), batch_size=2).batches_from(2)) == [[4]]


def test_without_a_batch_size_samples_come_one_by_one():
    xs = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert listed(DataLoader(xs, batch_size=None)) == xs.tolist()
    assert len(DataLoader(xs, batch_size=None)) == 2
    pair = collections.namedtuple("Pair", "x y")
    found = list(DataLoader(Stream(pair(np.ones(2), "a"), {"x": np.float32(2)}), batch_size=None))
    assert isinstance(found[0], pair)
    assert found[0].y == "a"
    assert found[1]["x"].dtype == np.float32
    assert list(DataLoader([1, 2], batch_size=None, collate_fn=lambda x: x + 1)) == [2, 3]


REFUSED = {
    "no dataset": (lambda: ConcatDataset([]), ValueError, "no datasets"),
    "a stream joined": (lambda: numbers(2) + Stream(1), TypeError, r"datasets\[1\], a Stream.*ChainDataset joins"),
    "a set chained": (lambda: Stream(1) + numbers(2), TypeError, r"datasets\[1\] is a TensorDataset"),
    "far out": (lambda: (numbers(2) + numbers(1))[3], IndexError, "index 3 is out of range for 3 samples"),
    "an index of a stream": (lambda: Stream(1)[0], TypeError, "Stream is a stream: it has no sample 0"),
    "a shuffled stream": (lambda: DataLoader(Stream(1), shuffle=True), ValueError, "sets the order.*Leave out shuffle"),
    "length of a stream": (lambda: len(DataLoader(Stream(1))), TypeError, "stream of unknown length"),
    "no iteration": (lambda: iter(IterableDataset()), NotImplementedError, "define __iter__"),
    "a worker_init_fn": (lambda: DataLoader([1], worker_init_fn=3), TypeError, "worker_init_fn is 3"),
    "no weights": (lambda: WeightedRandomSampler([0.0, 0.0], 2).indices(), ValueError, "sum to 0"),
    "a matrix of weights": (lambda: WeightedRandomSampler([[1.0]], 2), ValueError, r"shape \(1, 1\)"),
    "samples": (lambda: WeightedRandomSampler([1.0], 0), ValueError, "num_samples is 0"),
    "replacement": (lambda: WeightedRandomSampler([1.0], 1, 2), ValueError, "replacement is 2"),
}


@pytest.mark.parametrize("call, kind, words", REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_weights_decide_how_often():
    sampler = WeightedRandomSampler([1.0, 0.0, 3.0], 8000, generator=microtorch.Generator().manual_seed(0))
    counts = np.bincount(list(sampler), minlength=3) / 8000
    assert counts[1] == 0
    assert counts[2] == pytest.approx(0.75, abs=0.02)
    assert sorted(WeightedRandomSampler([1.0, 2.0, 3.0], 3, replacement=False)) == [0, 1, 2]
    assert len(sampler) == 8000


def test_a_subset_in_random_order():
    sampler = SubsetRandomSampler([7, 3, 5], generator=microtorch.Generator().manual_seed(0))
    orders = {tuple(sampler) for _ in range(50)}
    assert len(orders) == 6
    assert {tuple(sorted(order)) for order in orders} == {(3, 5, 7)}
    assert sampler.indices == [7, 3, 5]
    assert [len(batch) for batch in BatchSampler(sampler, 2, False)] == [2, 1]
    assert sorted(x for (x,) in DataLoader([(i,) for i in range(8)], sampler=sampler)) == [3, 5, 7]


def test_a_sampler_of_the_users_own_may_keep_its_indices():
    class Own(Sampler):
        def __init__(self, source):
            super().__init__(source)
            self.indices = [2, 0]

        def __iter__(self):
            return iter(self.indices)

        def __len__(self):
            return 2

    assert listed(DataLoader([10, 11, 12], sampler=Own(None), batch_size=2)) == [[12, 10]]


def test_workers_are_accepted_and_told_of_once_a_line():
    loaders = []
    with pytest.warns(UserWarning, match=r"num_workers=2 makes no processes here"):
        loaders.append(
            DataLoader(
                numbers(4), 2, False, None, None, 2, None, True, False, 5.0, print, "fork", None,
                prefetch_factor=4, persistent_workers=True, pin_memory_device="", in_order=True,
            )
        )  # fmt: skip
    assert [x.tolist() for (x,) in loaders[0]] == [[0, 1], [2, 3]]
    assert (loaders[0].num_workers, loaders[0].timeout, loaders[0].prefetch_factor) == (2, 5.0, 4)
    assert data.get_worker_info() is None


@pytest.mark.parametrize("name", ["DataLoader", "ConcatDataset", "ChainDataset", "SubsetRandomSampler"])
def test_arguments_are_those_of_pytorch(name, torch):
    import torch.utils.data as theirs

    theirs, ours = (list(inspect.signature(getattr(m, name)).parameters.values()) for m in (theirs, data))
    assert [p.name for p in ours] == [p.name for p in theirs]
    assert [p.kind for p in ours] == [p.kind for p in theirs]


def test_batches_are_those_of_pytorch(torch):
    import torch.utils.data as theirs

    x, y = np.arange(12.0).reshape(6, 2), np.arange(6)
    for options in ({"batch_size": 4}, {"batch_size": None}, {"batch_sampler": [[0, 2], [5]]}, {"sampler": [3, 1]}):
        a = DataLoader(TensorDataset(microtorch.tensor(x), microtorch.tensor(y)), **options)
        b = theirs.DataLoader(theirs.TensorDataset(torch.tensor(x), torch.tensor(y)), **options)
        assert [[t.tolist() for t in batch] for batch in a] == [[t.tolist() for t in batch] for batch in b]
        assert len(a) == len(b)
