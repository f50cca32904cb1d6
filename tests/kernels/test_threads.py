"""Threads of matrix products: how many, whose limits count, and what is said of a busy machine."""

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest

import microtorch
from microtorch import threads
from microtorch.kernels import _blas, product

FOUND = _blas.get_threads() is not None


@pytest.fixture
def put_back():
    before = microtorch.get_num_threads()
    yield
    microtorch.set_num_threads(before)


@pytest.mark.skipif(not FOUND, reason="numpy computes with another library than OpenBLAS")
@pytest.mark.usefixtures("put_back")
def test_threads_are_set_and_told():
    for count in (1, 2, 1):
        microtorch.set_num_threads(count)
        assert microtorch.get_num_threads() == count
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="set_num_threads"):
            microtorch.set_num_threads(wrong)


def test_another_library_needs_threadpoolctl(monkeypatch):
    monkeypatch.setattr(_blas, "_threads", lambda: None)
    monkeypatch.setattr(threads, "_threadpoolctl", lambda: None)
    assert microtorch.get_num_threads() == _blas.usable_processors()
    with pytest.raises(RuntimeError, match="threadpoolctl"):
        microtorch.set_num_threads(1)


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "150000 100000"}, 1),
        ({"cpu.max": "max 100000", "a/cpu.max": "max 100000", "a/b/cpu.max": "50000 100000"}, 1),
        ({"a/cpu.max": "100000 100000", "a/b/cpu.max": "max 100000"}, 1),
        ({"a/b/cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_quotas_of_control_groups_count(tmp_path, files, expected):
    (tmp_path / "groups" / "a" / "b").mkdir(parents=True)
    for name, content in files.items():
        (tmp_path / "groups" / name).write_text(content)
    (tmp_path / "cgroup").write_text("0::/a/b\n")
    found = _blas.usable_processors(str(tmp_path / "groups"), str(tmp_path / "cgroup"))
    assert found == (expected or _blas.usable_processors(str(tmp_path / "none"), str(tmp_path / "none")))


@pytest.mark.skipif(not hasattr(sys.modules["os"], "sched_setaffinity"), reason="needs Linux")
def test_affinity_is_respected_from_the_first_product_on():
    code = """
import os
os.environ.pop("OPENBLAS_NUM_THREADS", None), os.environ.pop("OMP_NUM_THREADS", None)
import numpy  # its BLAS has seen all processors
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
import microtorch
microtorch.nn.functional.linear(microtorch.ones(2, 3), microtorch.ones(4, 3))
print(microtorch.get_num_threads())
"""
    code = code.replace("import microtorch\n", "import microtorch, microtorch.nn\n")
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "1" or not FOUND


def test_waiting_is_noticed_once(monkeypatch):
    monkeypatch.setattr(_blas.seen, "divided", True)
    waiting = threads.Waiting()
    for _ in range(50):
        waiting.add(0.010, 0.009)  # at work
    assert waiting.due < math.inf
    waiting = threads.Waiting()
    with (
        pytest.warns(UserWarning, match=r"microtorch waits: of 21 ms .*set_num_threads\(1\)")
        if _divided()
        else _quiet()
    ):
        waiting.add(0.021, 0.0005)
    assert waiting.due == math.inf


def test_a_step_is_timed_now_and_then():
    waiting, calls = threads.Waiting(), []
    step = waiting.watched(lambda x: calls.append(x) or x + 1)
    assert step(2) == 3  # the first is timed
    assert waiting.wall > 0
    waiting.due = math.inf
    wall = waiting.wall
    assert step(3) == 4
    assert waiting.wall == wall
    assert calls == [2, 3]


@pytest.mark.usefixtures("put_back")
@pytest.mark.skipif(not FOUND, reason="numpy computes with another library than OpenBLAS")
def test_auto_goes_on_with_one_thread(monkeypatch):
    monkeypatch.setattr(_blas.seen, "divided", True)
    microtorch.set_num_threads(2)
    waiting = threads.waiting("auto")
    waiting.add(0.1, 0.01)
    assert microtorch.get_num_threads() == 1
    with pytest.raises(ValueError, match="threads is 3"):
        microtorch.capture(lambda x: x, threads=3)


def _divided():
    return microtorch.get_num_threads() > 1


def _quiet():
    return warnings.catch_warnings()


@pytest.mark.skipif(not _blas.addresses(np.dtype(np.float32))[0], reason="numpy's BLAS was not found")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "n, k, m",
    [
        (3, 4, 5),
        (1, 7, 6),
        (6, 1, 5),
        (1, 1, 1),
        (0, 3, 4),
        (3, 0, 4),
        (3, 4, 0),
        (1, 3, 0),
        (65, 64, 64),
        (200, 70, 60),
    ],
)
def test_products_are_those_of_numpy(n, k, m, dtype):
    rng, pair = np.random.default_rng(0), _blas.addresses(np.dtype(dtype))
    for ta in (False, True):
        for tb in (False, True):
            a, b = rng.standard_normal((k, n) if ta else (n, k)), rng.standard_normal((m, k) if tb else (k, m))
            a, b, y = a.astype(dtype), b.astype(dtype), np.full((n, m), np.nan, dtype)
            product.product(*pair, ta, tb, a, b, y)
            np.testing.assert_allclose(y, (a.T if ta else a) @ (b.T if tb else b), rtol=1e-4, atol=1e-4)
            if k and n and m:
                with pytest.raises(ValueError, match="product"):
                    product.product(*pair, ta, tb, a, b[:, :-1].copy() if tb else b[:-1].copy(), y)
