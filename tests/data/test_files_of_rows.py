"""Data larger than memory: rows of files, samples by blocks, an order by blocks, and a limit on memory."""

import os
import subprocess
import sys

import numpy as np
import pytest

import microtorch
from microtorch.data import BlockSampler, DataLoader, FileDataset, FileRows, ParquetRows, TensorDataset
from microtorch.data.blocks import SPARE
from microtorch.errors import DatasetError, DTypeError, ShapeError
from microtorch.io import safetensors

X = np.random.default_rng(0).normal(size=(103, 5)).astype(np.float32)
Y = np.arange(103)


def as_memmap(folder):
    (folder / "raw").write_bytes(b"head" + X.tobytes())
    return np.memmap(folder / "raw", np.float32, "r", 4, X.shape)


def as_part_of_memmap(folder):
    whole = np.concatenate([X[:7], X])
    whole.tofile(folder / "raw")
    return np.memmap(folder / "raw", np.float32, "r", 0, whole.shape)[7:]


def as_npy(folder):
    np.save(folder / "x.npy", X)
    return folder / "x.npy"


def as_big_endian(folder):
    np.save(folder / "x.npy", X.astype(">f4"))
    return folder / "x.npy"


def as_safetensors(folder):
    safetensors.save_file({"other": np.zeros(3), "x": X}, folder / "x.safetensors")
    return folder / "x.safetensors", "x"


def as_parquet(folder):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({f"c{i}": X[:, i] for i in range(5)})
    parquet.write_table(table, folder / "x.parquet", row_group_size=16)
    return ParquetRows(folder / "x.parquet", [f"c{i}" for i in range(5)])


SOURCES = {
    "array": lambda folder: X,
    "tensor": lambda folder: microtorch.tensor(X),
    "strided": lambda folder: np.repeat(X, 2, axis=0)[::2],
    "memmap": as_memmap,
    "part of a memmap": as_part_of_memmap,
    "npy": as_npy,
    "big endian": as_big_endian,
    "safetensors": as_safetensors,
    "parquet": as_parquet,
}


@pytest.fixture(params=SOURCES)
def dataset(request, tmp_path):
    data = FileDataset(SOURCES[request.param](tmp_path), Y, block_size=8)
    yield data
    data.close()


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 10, 50])
def test_every_sample_comes_once_and_whole(dataset, batch_size, shuffle):
    for _ in range(2):
        seen = []
        for x, y in DataLoader(dataset, batch_size, shuffle):
            np.testing.assert_array_equal(x.numpy(), X[y.numpy()])
            seen += y.tolist()
        assert (sorted(seen) if shuffle else seen) == Y.tolist()


def test_single_samples_and_odd_orders(dataset):
    for index in (0, 5, -1):
        x, y = dataset[index]
        np.testing.assert_array_equal(x.numpy(), X[index])
        assert y.item() == Y[index]
    for indices in ([], [3], [3, 3, 4, 5, 2], np.array([102, 0])):
        x, y = dataset.__getitems__(indices)
        np.testing.assert_array_equal(x.numpy(), X[np.array(indices, int)])
    with pytest.raises(IndexError, match="103 of 103"):
        dataset.__getitems__([103])


def test_an_order_is_that_of_its_generator(tmp_path):
    orders = []
    for _ in range(2):
        data = FileDataset(as_npy(tmp_path), Y, block_size=8)
        generator = microtorch.Generator().manual_seed(3)
        loader = DataLoader(data, 10, shuffle=True, generator=generator)
        orders.append([[y.tolist() for _, y in loader] for _ in range(2)])
        data.close()
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]


@pytest.mark.parametrize("window", [1, 2, 8])
def test_few_blocks_are_in_use_at_a_time(window):
    data = FileDataset(np.zeros((4000, 1)), block_size=20)
    order = BlockSampler(data, window).indices() // 20
    first, last = {}, {}
    for i, block in enumerate(order.tolist()):
        first.setdefault(block, i)
        last[block] = i
    in_use = [sum(first[b] <= i <= last[b] for b in first) for i in range(0, 4000, 100)]
    assert max(in_use) <= window + 1
    assert np.mean(in_use) > window / 2, "and the rows of so many are mixed"


class Counting(FileRows):
    """Notes what is read."""

    def read_rows(self, start, stop):
        self.__dict__.setdefault("read", []).append(start)
        return super().read_rows(start, stop)


def test_each_block_is_read_once_an_epoch(tmp_path):
    X.tofile(tmp_path / "raw")
    data = FileDataset(rows := Counting(tmp_path / "raw", X.shape, np.float32), block_size=4)
    loader = DataLoader(data, 6, sampler=BlockSampler(data, window=2))
    for _ in loader:
        assert len(data._blocks) <= 2 + SPARE + 2
    assert sorted(rows.read) == list(range(0, 103, 4))
    data.close()


def test_transforms(tmp_path):
    np.save(tmp_path / "x.npy", np.full((4, 2), 51, np.uint8))
    data = FileDataset(tmp_path / "x.npy", np.arange(4), transform=lambda x: x.float() / 255)
    (x, _), *_ = DataLoader(data, 4)
    assert x.tolist() == [[pytest.approx(0.2)] * 2] * 4
    data.close()


def test_training_from_a_file_is_training_from_memory(tmp_path):
    from microtorch import nn
    from microtorch.train import Solver

    def trained(data):
        microtorch.manual_seed(0)
        solver = Solver(nn.MLP([5, 8, 103]), DataLoader(data, 10), num_epochs=2, verbose=False)
        solver.train()
        return solver.history.steps["loss"]

    data = FileDataset(as_npy(tmp_path), Y)
    assert trained(data) == trained(TensorDataset(X, Y))
    data.close()


def cut(path, count):
    os.truncate(path, os.path.getsize(path) - count)
    return path


MISTAKES = {
    "cut npy": (lambda f: cut(as_npy(f), 8), DatasetError, "was cut off, or the shape"),
    "no npy": (lambda f: (f / "x.npy").write_bytes(b"text") and f / "x.npy", DatasetError, "no whole .npy file"),
    "columns": (lambda f: np.save(f / "x.npy", np.asfortranarray(X)) or f / "x.npy", DatasetError, "in columns"),
    "objects": (lambda f: np.save(f / "x.npy", np.array([{}])) or f / "x.npy", DatasetError, "pickle"),
    "texts": (lambda f: np.save(f / "x.npy", np.array(["a"])) or f / "x.npy", DatasetError, "tensors cannot be"),
    "missing": (lambda f: f / "none.npy", FileNotFoundError, "none.npy"),
    "cut safetensors": (lambda f: (cut(as_safetensors(f)[0], 8), "x"), DatasetError, "was cut off"),
    "no name": (lambda f: as_safetensors(f)[0], DatasetError, "has other, x; say which"),
    "another name": (lambda f: (as_safetensors(f)[0], "y"), DatasetError, "there is no y"),
    "no safetensors": (
        lambda f: (f / "x.safetensors").write_bytes(b"\xff" * 99) and (f / "x.safetensors", "x"),
        DatasetError,
        "no whole safetensors file",
    ),
    "text": (lambda f: "x.txt", DTypeError, "pass an array, a file.npy"),
    "lengths": (lambda f: X[:5], ShapeError, "lengths differ"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told(name, tmp_path):
    make, kind, words = MISTAKES[name]
    with pytest.raises(kind, match=words):
        FileDataset(make(tmp_path), Y)


def test_a_file_that_is_cut_while_it_is_read(tmp_path):
    data = FileDataset(as_npy(tmp_path), Y)
    cut(tmp_path / "x.npy", 100)
    with pytest.raises(DatasetError, match="ends within rows 102 to 103"):
        data[102]
    data.close()


def test_parquet_mistakes(tmp_path):
    as_parquet(tmp_path)
    with pytest.raises(DatasetError, match="no column d; it has c0, c1"):
        ParquetRows(tmp_path / "x.parquet", ["c0", "d"])
    (tmp_path / "no.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DatasetError, match="no whole Parquet file"):
        ParquetRows(tmp_path / "no.parquet", "c0")
    assert ParquetRows(tmp_path / "x.parquet", "c1", np.float64).read_rows(15, 40).shape == (25,)


def test_without_pyarrow_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"pip install 'microtorch\[parquet\]'"):
        ParquetRows("x.parquet", "c0")


LIMITED = """
import resource, sys
import numpy as np
import microtorch
from microtorch import nn
from microtorch.data import DataLoader, FileDataset
from microtorch.train import Solver

def solver(data, rows):
    data = FileDataset(data, np.zeros(rows, np.int64), transform=lambda x: x.float() / 255)
    loader = DataLoader(data, 256, shuffle=True)
    return Solver(nn.MLP([1024, 8, 4]), loader, num_epochs=1, num_train_samples=0, verbose=False)

solver(np.zeros((1000, 1024), np.uint8), 1000).train()  # compiles what it needs
solver = solver(sys.argv[1], {rows})
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + {limit}
resource.setrlimit(resource.RLIMIT_AS, (most, most))
solver.train()
print(solver.step, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="asks Linux how much memory is in use")
def test_a_file_four_times_the_limit_trains_within_it(tmp_path):
    rows, limit = 600_000, 150_000_000
    np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (rows, 1024)).flush()  # 614 MB that take no room
    program = LIMITED.format(rows=rows, limit=limit)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "x.npy"], capture_output=True, text=True, env=environment
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[0]) == -(-rows // 256)
