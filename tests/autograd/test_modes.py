"""no_grad and its kin: in blocks, decorators, generators and threads."""

import threading

import numpy as np
import pytest

import microtorch as mt


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


@pytest.mark.parametrize("switch", [mt.no_grad, mt.inference_mode])
def test_nothing_is_recorded(switch):
    x = leaf(1.0)
    with switch():
        assert not (x * 2).requires_grad
        with mt.enable_grad():
            assert (x * 2).requires_grad
        assert not mt.is_grad_enabled()

    @switch()
    def decorated():
        return x * 2

    assert not decorated().requires_grad
    assert (x * 2).requires_grad


def test_a_mode_is_put_back_after_an_error():
    with pytest.raises(KeyError), mt.no_grad():
        raise KeyError
    assert mt.is_grad_enabled()


@pytest.mark.parametrize("wanted", [False, True])
@pytest.mark.parametrize("before", [False, True])
def test_set_grad_enabled_as_a_decorator_acts_inside_the_function_alone(wanted, before):
    x = leaf(1.0)
    with mt.set_grad_enabled(before):

        @mt.set_grad_enabled(wanted)
        def decorated():
            return x * 2

        assert mt.is_grad_enabled() is before
        for _ in range(2):
            assert decorated().requires_grad is wanted
            assert mt.is_grad_enabled() is before


def test_set_grad_enabled():
    x = leaf(1.0)
    with mt.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    mt.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        mt.set_grad_enabled(True)
    assert (x * 2).requires_grad


def test_a_generator_holds_the_mode_only_while_it_runs():
    @mt.no_grad()
    def batches():
        for _ in range(2):
            yield mt.is_grad_enabled()

    for inside in batches():
        assert not inside
        assert mt.is_grad_enabled()


def test_modes_belong_to_threads():
    inside, outside = [], []
    entered, done = threading.Event(), threading.Event()

    def work():
        with mt.no_grad():
            entered.set()
            done.wait(10)
            inside.append(mt.is_grad_enabled())

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait(10)
    outside.append(mt.is_grad_enabled())
    done.set()
    thread.join()
    assert (inside, outside) == ([False], [True])


def test_threads_train_beside_one_another():
    results = {}

    def train(seed):
        x = mt.tensor(np.full(50, float(seed)), requires_grad=True)
        for _ in range(50):
            (x * x).sum().backward()
        results[seed] = x.grad.numpy().copy()

    threads = [threading.Thread(target=train, args=(seed,)) for seed in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for seed in range(1, 5):
        np.testing.assert_array_equal(results[seed], np.full(50, 100.0 * seed))


def test_inference_mode_that_is_switched_off_records():
    x = mt.ones(1, requires_grad=True)
    with mt.no_grad(), mt.inference_mode(False):
        assert mt.is_grad_enabled()
        assert (x * 2).requires_grad
    with mt.inference_mode():
        assert not mt.is_grad_enabled()
