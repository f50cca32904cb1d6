"""Large graphs: what is written of them grows no faster than they do, and is folded where nobody would read it."""

import sys

import pytest

import microtorch
from microtorch import explain, nn, viz


def chain(length):
    x = microtorch.ones(2, requires_grad=True)
    for _ in range(length):
        x = x * 1.01
    return x.sum()


def test_the_text_of_a_chain_grows_as_the_chain():
    short, long = (viz.tree(chain(n), lines=None) for n in (1000, 2000))
    assert short.count("\n") == 1002
    assert long.count("\n") == 2002
    assert len(long) < 2.1 * len(short)
    assert max(map(len, long.splitlines())) < 250
    assert "\nlevel 40: 1962 Mul" in long
    told = viz.tree(chain(2000), lines=100).splitlines()
    assert len(told) == 101
    assert told[-1] == "… and 1,902 more operations: tree(loss, lines=None) writes all"
    assert viz.tree(chain(6000)).count("\n") == 5000


@pytest.mark.parametrize("count", [100, 1000])
def test_many_inputs_of_one_operation_are_one_box(tmp_path, count):
    for inputs in (
        [microtorch.ones(1, requires_grad=True) for _ in range(count)],
        [microtorch.ones(1) for _ in range(count - 1)] + [microtorch.ones(1, requires_grad=True)],
        [microtorch.ones(1, requires_grad=True) * 2 for _ in range(count)],
    ):
        picture = viz.draw(microtorch.stack(inputs).sum())
        assert len(picture.view.boxes) < 10
        assert len(picture.source) < 8000
        assert f"× {count}" in picture.source or f"× {count - 1} alike" in picture.source


def test_many_inputs_that_differ_are_drawn_each(tmp_path):
    def source(count):
        inputs = [microtorch.ones(i + 1, requires_grad=True) for i in range(count)]
        picture = viz.draw(microtorch.concatenate(inputs).sum())
        assert len(picture.view.boxes) == count + 3
        picture.save(tmp_path / "a.svg")
        return len(picture.source), (tmp_path / "a.svg").stat().st_size

    (small, small_svg), (large, large_svg) = source(300), source(600)
    assert large < 2.1 * small
    assert large_svg < 2.2 * small_svg


def test_one_tensor_many_times_in_one_operation():
    x = microtorch.ones(1, requires_grad=True) * 2
    picture = viz.draw(microtorch.stack([x] * 2000).sum())
    assert len(picture.source) < 5000


def test_a_summary_takes_twice_the_calls_for_twice_the_modules():
    def calls(count):
        model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(count)])
        x, counted = microtorch.ones(2, 2), [0]
        explain.summary(model, x)

        def count_one(frame, event, argument):
            counted[0] += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(count_one)
        try:
            text = repr(explain.summary(model, x))
        finally:
            sys.setprofile(before)
        return counted[0], len(text)

    (few, short), (many, long) = calls(100), calls(200)
    assert many < 2.1 * few
    assert long < 2.2 * short
