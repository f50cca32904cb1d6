"""Every kernel equals its formula bit for bit, at the ends of the range too; eager and captured steps are one code."""

import os
import subprocess
import sys

import numpy as np
import pytest

import microtorch
from microtorch import optim
from microtorch.kernels import _address
from microtorch.kernels import optim as kernels
from microtorch.optim import adadelta, adagrad, adam, adamax, asgd, nadam, radam, rmsprop, rprop, sgd

# name -> (the formula, the state's arrays, None where an option is off, and the numbers); the state is made positive
RULES = {
    "sgd": (sgd.sgd, [None], (0.1, 0.0, 1.0, 0.0, 0.0, 1.0)),
    "sgd, decay, maximize": (sgd.sgd, [None], (0.1, 0.0, 1.0, 0.0, 0.3, -1.0)),
    "sgd, momentum": (sgd.sgd, [1], (0.1, 0.9, 0.5, 0.0, 0.3, 1.0)),
    "sgd, nesterov": (sgd.sgd, [1], (0.1, 0.9, 1.0, 1.0, 0.3, 1.0)),
    "adam": (adam.adam, [1, 1, None], (0.1, 0.9, 0.99, 1.5, 1e-6, 0.3, 1.0, 1.0)),
    "adam, amsgrad": (adam.adam, [1, 1, 1], (0.1, 0.9, 0.99, 1.5, 1e-6, 0.0, 0.9, -1.0)),
    "adamax": (adamax.adamax, [1, 1], (0.1, 0.9, 0.99, 1e-6, 0.3, 1.0)),
    "nadam": (nadam.nadam, [1, 1], (0.1, 0.2, 0.9, 0.99, 1.5, 1e-6, 0.3, 0.9, 1.0)),
    "radam": (radam.radam, [1, 1], (0.1, 0.9, 0.99, 1e-6, 0.3, 0.9, 1.0, 0.0)),
    "radam, rectified": (radam.radam, [1, 1], (0.1, 0.9, 0.99, 1e-6, 0.0, 0.9, -1.0, 1.0)),
    "rmsprop": (rmsprop.rmsprop, [1, None, None], (0.1, 0.9, 1e-6, 0.0, 0.3, 1.0)),
    "rmsprop, centered": (rmsprop.rmsprop, [3, 1, None], (0.1, 0.9, 1e-6, 0.0, 0.0, 1.0)),
    "rmsprop, momentum": (rmsprop.rmsprop, [3, None, 1], (0.1, 0.9, 1e-6, 0.5, 0.0, 1.0)),
    "rmsprop, both": (rmsprop.rmsprop, [3, 1, 1], (0.1, 0.9, 1e-6, 0.5, 0.3, -1.0)),
    "adagrad": (adagrad.adagrad, [1], (0.1, 1e-6, 0.3, 1.0)),
    "adadelta": (adadelta.adadelta, [1, 1], (0.5, 0.9, 1e-6, 0.3, 1.0)),
    "asgd": (asgd.asgd, [1], (0.1, 0.99, 0.25, 0.3, 1.0)),
    "asgd, copy": (asgd.asgd, [1], (0.1, 0.99, 1.0, 0.0, -1.0)),
    "rprop": (rprop.rprop, [1, 1], (0.5, 1.2, 1e-6, 50.0, 1.0)),
}
SHAPES = [(0,), (1,), (), (37,), (5, 7)]
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, 1e-38, -1e-30, 1e-19, 1e18, 1.8e19, -5e19, 1e25, 3e38, -3e38]


def test_every_kernel_is_compared():
    names = {name for name, thing in vars(kernels).items() if callable(thing) and not name.startswith("one_")}
    assert names - {"jit", "jit_with", "array_of"} == {rule.split(",")[0] for rule in RULES}


def arguments(rule, shape, dtype, special=()):
    _, kept, _ = RULES[rule]
    rng = np.random.default_rng(1)
    p, g = (np.asarray(rng.standard_normal(shape), dtype) for _ in range(2))
    state = [None if s is None else np.asarray(s * rng.uniform(0.5, 1.5, shape), dtype) for s in kept]
    for i, value in enumerate(special):
        g[i], p[i // 2] = value, value
    return [p, g, *state]


def run_kernel(rule, rows):
    ids = np.array([[0 if a is None else id(a) for a in row] for row in rows], np.int64)
    like = np.empty(0, rows[0][0].dtype)
    assert _address.first_misfit(ids, id(like.dtype)) == -1
    getattr(kernels, RULES[rule][0].__name__)(ids, like, RULES[rule][2])


def assert_same_bits(theirs, ours):
    for a, b in zip(theirs, ours, strict=True):
        if a is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(b, a)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES)
def test_kernel_equals_formula_bit_for_bit(rule, dtype):
    special = [v if dtype == np.float32 or abs(v) < 1e18 else v**8 if abs(v) < 1e30 else v * 1e260 for v in SPECIAL]
    sets = [
        [*(arguments(rule, shape, dtype) for shape in SHAPES), arguments(rule, (40,), dtype, special)] for _ in range(2)
    ]
    for row in sets[0]:
        RULES[rule][0](*row, RULES[rule][2])
    run_kernel(rule, sets[1])
    for theirs, ours in zip(*sets, strict=True):
        assert_same_bits(theirs, ours)
    assert np.isnan(sets[1][-1][0][0])


def test_arrays_that_a_kernel_cannot_take():
    a, dtype = np.zeros((2, 3), np.float32), id(np.dtype(np.float32))
    frozen = np.zeros((2, 3), np.float32)
    frozen.flags.writeable = False
    wide = np.zeros((2, 6), np.float32)

    def misfit(*row):
        return _address.first_misfit(np.array([[id(a), id(a), id(a)], [id(x) for x in row]], np.int64), dtype)

    assert misfit(a, frozen, a) == -1  # a gradient is only read
    for row in (
        (frozen, a, a),
        (a, a, frozen),
        (a, wide[:, ::2], a),
        (a, a.T, a),
        (a, a[:1], a),
        (a, a, a.astype("d")),
    ):
        assert misfit(*row) == 1
    assert misfit(a.astype("d"), a, a) == 1


SETTINGS = [
    ("SGD", {}),
    ("SGD", {"weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"weight_decay": 0.1}),
    *((name, {}) for name in ("Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "ASGD", "Rprop")),
    ("RMSprop", {"centered": True, "momentum": 0.9}),
    ("RMSprop", {}),
]


def trained(name, options, dtype, count, strided, captured):
    rng = np.random.default_rng(3)
    params = []
    for _ in range(count):
        wide = np.asarray(rng.standard_normal((7, 10)), dtype)
        params.append(microtorch.from_numpy(wide[:, ::2] if strided else wide[:, ::2].copy()).requires_grad_())
    optimizer = getattr(optim, name)(params, lr=0.01, **options)

    def step():
        optimizer.zero_grad()
        loss = sum((p * p * p).sum() for p in params)
        loss.backward()
        optimizer.step()
        return loss

    run = microtorch.capture(step) if captured else step
    for _ in range(4):
        run()
    return [p.detach().numpy().copy() for p in params]


@pytest.mark.parametrize("order", [1, -1])
def test_eager_captured_and_strided_steps_are_equal_whatever_ran_before(order):
    for name, options in SETTINGS[::order]:
        for dtype, count in ((np.float32, 3), (np.float64, 1)):
            expected = trained(name, options, dtype, count, False, True)
            for strided, captured in ((False, False), (True, False), (True, True)):
                for a, b in zip(expected, trained(name, options, dtype, count, strided, captured), strict=True):
                    assert np.array_equal(a, b), (name, options, strided, captured)


def test_without_the_compiler_the_bits_are_the_same():
    code = (
        "import sys, warnings; sys.path.insert(0, sys.argv[1]); warnings.simplefilter('ignore'); import numpy as np\n"
        "from test_optim_kernels import *\n"
        "for rule in RULES:\n"
        "    a, b = ([arguments(rule, (40,), np.float32, SPECIAL)] for _ in range(2))\n"
        "    RULES[rule][0](*a[0], RULES[rule][2]); run_kernel(rule, b); assert_same_bits(a[0], b[0])\n"
        "print('same')"
    )
    root = microtorch.__path__[0].rsplit("microtorch", 1)[0]
    run = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)],
        cwd=root,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert run.stdout == "same\n", run.stderr
