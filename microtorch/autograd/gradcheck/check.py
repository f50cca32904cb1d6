"""gradcheck: the gradients that backward computes against those that function values tell."""

import functools
import time

import numpy as np

from ...errors import GraphError
from ...tensor import Tensor, over, wrap
from ..gradients import grad
from .diagnose import likely_cause
from .numeric import FIRST_STEP, best, step_for
from .report import KINKS, NEGLIGIBLE, Block, GradcheckError, Report
from .subject import Subject, away_from_zero, flat

__all__ = ["gradcheck", "gradgradcheck"]

# The verdict: |analytic − numeric| ≤ WITHIN · (the numeric error) + FLOOR · (the largest derivative of that input).
WITHIN = 10
FLOOR = 1e-9
FLOAT32 = 1e-3  # what float32 may lose against the same formula in float64
NOISE = 1e-3  # the share of the largest gradient below which one that cancels to 0 is rounding noise
POOR = 1e-5  # a numeric error above this share of the largest derivative is worth a closer look
BUDGET = 2.0  # seconds, for models
LEAST = 4  # samples of each input, whatever the budget
SMALL = 40_000  # derivatives: a whole Jacobian that is computed to find the cause of a failure


def gradcheck(
    func,
    inputs,
    loss=None,
    *,
    eps=None,
    atol=None,
    rtol=None,
    raise_exception=True,
    nondet_tol=0.0,
    fast_mode=False,
    budget=None,
):
    """Compare the gradients that backward computes with numerical ones, and say what is wrong.

    Parameters
    ----------
    func : callable or Module
        From the inputs to a Tensor or several; or a model, whose parameters are then checked by name.
    inputs : Tensor or sequence
        The arguments. Those tensors that require a gradient are checked; for a model, the batch.
    loss : callable, optional
        With a model: ``loss(model(*inputs[:-1]), inputs[-1])`` is differentiated.
    eps : float, optional
        The first step; default chosen for each element by its size.
    atol, rtol : float, optional
        Accept ``|analytic - numeric| <= atol + rtol * |numeric|`` instead of judging by the numeric error.
    raise_exception : bool, default True
        Raise if the check fails; else return the report, which is then false.
    nondet_tol : float, default 0.0
        By how much two runs on the same inputs may differ.
    fast_mode : bool, default False
        Check one random direction of each input instead of every element.
    budget : float, optional
        Seconds to spend: elements are sampled, in turn from each input, instead of checked one and all. Default
        everything for a function, 2 for a model.

    Returns
    -------
    Report
        True in a condition if the check passed; printed, it shows a line per input, the worst elements and, after a
        failure, the likely cause.

    Raises
    ------
    GradcheckError
        If the check fails; its message is the report, its ``report`` the object.
    GraphError
        If no input requires a gradient.

    Notes
    -----
    Numerical derivatives come from central differences with Richardson's extrapolation, which also estimate their own
    error; a gradient passes if it is within 10 times that error. Where one-sided derivatives disagree (relu at 0, ties
    of max), any value between them passes, and the report says so. float32 inputs are checked in float64, and the
    float32 gradient is then compared with that of float64.

    Examples
    --------
    >>> from microtorch.autograd import gradcheck
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> print(gradcheck(lambda x: x * x, x))
    gradcheck passed
      x (2,): 4 derivatives agree
    """
    arguments = _sequence(inputs)
    if hasattr(func, "named_parameters"):
        subject = Subject.of_model(func, arguments, loss)
        budget = BUDGET if budget is None else budget
    elif loss is not None:
        raise TypeError("gradcheck: `loss` goes with a model; for a function, compute the loss inside it.")
    else:
        subject = Subject.of_function(func, arguments)
    return _verdict(subject, raise_exception, eps, atol, rtol, nondet_tol, fast_mode, budget)


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps=None,
    atol=None,
    rtol=None,
    raise_exception=True,
    nondet_tol=0.0,
    fast_mode=False,
):
    """Compare second derivatives with numerical ones: `gradcheck` of the gradient.

    Parameters
    ----------
    func : callable
        From the inputs to a Tensor or several.
    inputs : Tensor or sequence
        The arguments; those tensors that require a gradient are checked.
    grad_outputs : Tensor or sequence of Tensor, optional
        The gradients of the outputs; default random ones, away from zero.
    eps, atol, rtol, raise_exception, nondet_tol, fast_mode
        As in `gradcheck`.

    Returns
    -------
    Report
        As `gradcheck`.

    Raises
    ------
    GradcheckError
        If the check fails.

    Examples
    --------
    >>> from microtorch.autograd import gradgradcheck
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> bool(gradgradcheck(lambda x: x * x * x, x))
    True
    """
    first = Subject.of_function(func, _sequence(inputs))
    outputs = first.outputs()
    if grad_outputs is None:
        rng = np.random.default_rng(0)
        grad_outputs = [wrap(away_from_zero(rng, y.shape).astype(y.dtype)) for y in outputs]
    seeds = [over(dy._array).requires_grad_() for dy in _sequence(grad_outputs)]

    def gradients():
        pairs = [(y, dy) for y, dy in zip(first.outputs(), seeds, strict=True) if y.requires_grad]
        roots, dys = [y for y, _ in pairs], [dy for _, dy in pairs]
        return grad(roots, first.inputs, dys, create_graph=True, materialize_grads=True)

    inputs = dict(zip(first.names, first.inputs, strict=True))
    inputs.update((f"grad_output {i}", dy) for i, dy in enumerate(seeds))
    return _verdict(Subject(gradients, inputs, first.others), raise_exception, eps, atol, rtol, nondet_tol, fast_mode)


def _sequence(tensors):
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def _verdict(subject, raise_exception, eps, atol, rtol, nondet_tol, fast_mode, budget=None):
    if not subject.inputs:
        raise GraphError("gradcheck: no input requires a gradient. Make at least one with requires_grad_().")
    report = Report()
    judge = functools.partial(Block.judge, within=WITHIN, floor=FLOOR, atol=atol, rtol=rtol)
    with subject.swapped():
        cause = subject.unsteady(nondet_tol)
        if cause is not None:
            return _raised(report.fail(cause), raise_exception)
        note = subject.drifting()
        if note is not None:
            report.notes.append(note)
    with subject.swapped(np.float64):
        _examine(subject, report, judge, eps, nondet_tol, fast_mode, budget)
    if report and any(x.dtype == np.float32 for x in subject.inputs):
        _examine_float32(subject, report)
    return _raised(report, raise_exception)


def _raised(report, raise_exception):
    if raise_exception and not report:
        raise GradcheckError(report)
    return report


def _examine(subject, report, judge, eps, nondet_tol, fast_mode, budget):
    """Fill `report` with the blocks of all inputs, judged, and the cause of what is wrong."""
    outputs = subject.outputs()
    rng = np.random.default_rng(0)
    u = away_from_zero(rng, sum(y.numel() for y in outputs))
    dxs = subject.gradients(outputs, u)
    cause = _not_linear(subject, outputs, u, dxs, nondet_tol)
    if cause is not None:
        report.fail(cause)
    elif fast_mode:
        report.blocks = [_direction(subject, k, u, dx, rng, eps) for k, dx in enumerate(dxs)]
    elif budget is not None:
        report.blocks = _sampled(subject, u, dxs, rng, eps, judge, budget)
    else:
        report.blocks = _jacobians(subject, outputs, eps, judge)
    for b in report.blocks:
        judge(b)
    if report.blocks and not report:
        whole = report.blocks
        if fast_mode or (budget is not None and sum(x.numel() for x in subject.inputs) * len(u) <= SMALL):
            whole = _jacobians(subject, outputs, eps, judge)
            for b in whole:
                judge(b)
        report.cause = likely_cause(whole, [x._array for x in subject.inputs], outputs)
    _add_notes(report)


def _not_linear(subject, outputs, u, dxs, nondet_tol):
    """Backward must be linear in the gradient it receives, and the same twice; a sentence if it is not."""
    again, double = subject.gradients(outputs, u), subject.gradients(outputs, 2 * u)
    for name, dx, same, twice in zip(subject.names, dxs, again, double, strict=True):
        size = np.max(np.abs(dx), initial=0.0, where=np.isfinite(dx))
        finite = np.isfinite(dx)
        if np.any(np.abs(dx - same)[finite] > nondet_tol + 1e-13 * size):
            return (
                f"the backward of {name} gives another gradient the second time: it changes what it saved or its "
                "argument, or draws random numbers"
            )
        if np.any(np.abs(twice - 2 * dx)[finite] > 1e-9 * size):
            if np.allclose(twice, dx, rtol=1e-9):
                return f"the gradient of {name} ignores the incoming gradient (cotangent): multiply by dy in backward"
            return f"the gradient of {name} is not linear in the incoming gradient: twice dy must give twice dx"
    return None


def _along(subject, x, index, here, weights=None):
    """The outputs as a function of how far the element `index` of `x` (or all, along `index`) moves."""

    def along(t):
        array = x._array
        if isinstance(index, tuple):
            array[index] = here + t
        else:
            array[...] = here + t * index
        try:
            values = subject.values()
        finally:
            if isinstance(index, tuple):
                array[index] = here
            else:
                array[...] = here
        return values if weights is None else np.array([weights @ values])

    return along


def _goodness(analytic, judge, natural):
    """A test of estimates against one column of analytic derivatives."""

    def is_good(e):
        block = Block("", (), [()], analytic[:, None], [e], natural)
        judge(block)
        size = np.max(np.abs(analytic), where=np.isfinite(analytic), initial=max(block.scale, NEGLIGIBLE * natural))
        return ~(block.wrong | block.unsure | block.kink)[:, 0] & (e.error <= POOR * size + 1e-14)

    return is_good


def _natural(f0, x):
    size = np.max(np.abs(x._array), initial=0.0)
    return np.max(np.abs(f0), where=np.isfinite(f0), initial=0.0) / max(size, 1e-3)


def _jacobians(subject, outputs, eps, judge):
    """A block for each input with the derivative of every output element by every input element."""
    count = sum(y.numel() for y in outputs)
    rows = [subject.gradients(outputs, row) for row in np.eye(count)]
    f0 = flat(outputs)
    blocks = []
    for k, (name, x) in enumerate(zip(subject.names, subject.inputs, strict=True)):
        analytic = np.array([row[k] for row in rows]).reshape(count, x.numel())
        indices = list(np.ndindex(x.shape))
        estimates = []
        for column, index in enumerate(indices):
            here = x._array[index].item()
            along = _along(subject, x, index, here)
            is_good = _goodness(analytic[:, column], judge, _natural(f0, x))
            estimates.append(best(along, f0, step_for(here) if eps is None else eps, is_good))
        blocks.append(Block(name, x.shape, indices, analytic, estimates, _natural(f0, x)))
    return blocks


def _direction(subject, k, u, dx, rng, eps):
    """A block of one: the derivative of the outputs along `u` by input `k` along a random direction."""
    x = subject.inputs[k]
    v = away_from_zero(rng, x.shape)
    here = x._array.copy()
    # All elements move together: in a network each step would otherwise cross many kinks at once.
    h = FIRST_STEP * max(np.sqrt(np.mean(here**2)) if here.size else 0.0, 0.125) / np.sqrt(max(here.size, 1))
    along, f0 = _along(subject, x, v, here, u), np.array([u @ subject.values()])
    analytic = np.array([dx @ np.ravel(v)])
    judge = functools.partial(Block.judge, within=1, floor=FLOOR, atol=None, rtol=None)
    found = best(along, f0, h if eps is None else eps, _goodness(analytic, judge, _natural(f0, x)))
    return Block(subject.names[k], x.shape, None, analytic[:, None], [found], _natural(f0, x))


def _sampled(subject, u, dxs, rng, eps, judge, budget):
    """A block for each input: random elements, in turn from each input, until the time is spent."""
    end = time.monotonic() + budget
    f0 = np.array([u @ subject.values()])
    orders = [rng.permutation(x.numel()) for x in subject.inputs]
    found = [([], [], []) for _ in subject.inputs]
    for turn in range(max(map(len, orders))):
        if turn >= LEAST and time.monotonic() > end:
            break
        for k, x in enumerate(subject.inputs):
            if turn >= len(orders[k]) or (turn >= LEAST and time.monotonic() > end):
                continue
            place = orders[k][turn]
            index = tuple(map(int, np.unravel_index(place, x.shape)))
            here = x._array[index].item()
            analytic = dxs[k][place : place + 1]
            along = _along(subject, x, index, here, u)
            indices, columns, estimates = found[k]
            indices.append(index)
            columns.append(analytic)
            h = step_for(here) if eps is None else eps
            estimates.append(best(along, f0, h, _goodness(analytic, judge, _natural(f0, x))))
    return [
        Block(name, x.shape, indices, np.array(columns).reshape(1, -1), estimates, _natural(f0, x))
        for name, x, (indices, columns, estimates) in zip(subject.names, subject.inputs, found, strict=True)
    ]


def _examine_float32(subject, report):
    """The formula is right in float64; now what float32 makes of it."""
    with subject.swapped(np.float64):
        outputs = subject.outputs()
        u = away_from_zero(np.random.default_rng(1), sum(y.numel() for y in outputs))
        right = subject.gradients(outputs, u)
        natural = [_natural(flat(outputs), x) for x in subject.inputs]
    with subject.swapped():
        outputs = subject.outputs()
        given = subject.gradients(outputs, u)
    # A gradient that is 0 because large terms cancel, as that of a bias before batch norm, is rounding noise of their
    # size in float32: they show in the gradients of the other inputs.
    largest = max((np.abs(b[np.isfinite(b)]).max(initial=0.0) for b in right), default=0.0)
    for name, a, b, size in zip(subject.names, given, right, natural, strict=True):
        size = np.max(np.abs(b), where=np.isfinite(b), initial=max(NEGLIGIBLE * size, NOISE * largest))
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(a - b) <= FLOAT32 * (np.abs(b) + size)) & np.isfinite(b)
        if wrong.any():
            at = int(np.argmax(wrong))
            report.fail(
                f"right in float64, but not in float32: the gradient of {name} is {a[at]:.6g} where float64 "
                f"gives {b[at]:.6g}. Look for overflow, for digits lost in a difference, or for a constant that "
                "changes the dtype"
            )
            return


def _add_notes(report):
    """Say where the function has kinks and what could not be decided."""
    for b in report.blocks:
        kinks = np.argwhere(b.kink & ~b.wrong & ~b.unsure)
        for r, c in kinks[:KINKS]:
            report.notes.append(
                f"kink at {b.where(c)}: analytic {b.analytic[r, c]:.4g} lies in [{b.low[r, c]:.4g}, {b.high[r, c]:.4g}]"
            )
        if len(kinks) > KINKS:
            report.notes.append(f"{len(kinks) - KINKS} more kinks of {b.name}")
        if b.unsure.any():
            report.notes.append(
                f"{int(b.unsure.sum())} derivatives by {b.name} could not be decided: the function is not finite or "
                "too rough there"
            )
