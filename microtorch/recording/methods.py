"""What is put in place while a thread records, so that nothing else pays for it."""

import functools

import numpy as np

from .. import from_data
from ..autograd.function import Function, record
from ..autograd.mode import state
from ..errors import explain
from ..ops import creation
from ..ops.promotion import Binary, pair
from ..optim.lr_scheduler import LRScheduler
from ..optim.optimizer import Optimizer
from ..random import Generator
from ..tensor import Tensor, wrap
from .calls import Memory
from .inputs import plain_arrays

READING = (
    *("item", "tolist", "numpy", "__contains__", "__format__", "__repr__"),
    *("__array__", "__bool__", "__float__", "__index__", "__int__"),
)

_recording = 0
_replaced = []


def watch_methods(change):
    """Put recording versions of methods in place for the first thread that records; away after the last."""
    global _recording
    _recording += change
    if _recording == change == 1:
        for owner_, name, version in _versions():
            _replaced.append((owner_, name, owner_.__dict__[name]))
            setattr(owner_, name, version)
    elif _recording == 0:
        while _replaced:
            owner_, name, plain = _replaced.pop()
            setattr(owner_, name, plain)


def _versions():
    """(class, attribute, version while recording) of everything a recording looks at."""
    yield Function, "apply", classmethod(_recorded_apply)
    yield Binary, "apply", classmethod(functools.partial(_recorded_binary, Binary.__dict__["apply"].__func__))
    for name in READING:
        yield Tensor, name, _refusing(Tensor.__dict__[name], f"{name.strip('_')} reads a value into Python")
    data = Tensor.__dict__["data"]
    yield Tensor, "data", property(data.fget, _refusing(data.fset, "t.data = value gives a tensor other memory"))
    yield from_data, "_to_array", _recorded_to_array(from_data._to_array)
    yield from_data, "wrap", _recorded_copy
    yield creation, "wrap", _recorded_new
    yield Tensor, "grad", _recorded_grad(Tensor.__dict__["grad"])
    drawing = "random numbers are drawn outside an operation"
    yield Generator, "numpy", property(_refusing(Generator.__dict__["numpy"].fget, drawing))
    yield Generator, "next_key", _refusing(Generator.__dict__["next_key"], drawing)
    yield Optimizer, "zero_grad", _recorded_zero_grad(Optimizer.__dict__["zero_grad"])
    for base in (Optimizer, LRScheduler):
        for cls in (base, *_subclasses(base)):
            if "step" in cls.__dict__:
                yield cls, "step", _recorded_step(cls.__dict__["step"])


def _subclasses(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _recorded_to_array(plain):
    def to_array(data, dtype):
        array, recorder = plain(data, dtype), state.recorder
        if recorder is not None and not recorder.inside:
            recorder.reading = recorder.reads(data)
            shared = isinstance(data, np.ndarray) and np.may_share_memory(array, plain_arrays(data))
            if recorder.reading and not shared:
                recorder.copies()
        return array

    return to_array


def _recorded_copy(array):
    """`wrap` in ``tensor(data)``."""
    if state.recorder is not None and not state.recorder.inside and state.recorder.reading:
        state.recorder.copies()
    return _recorded_new(array)


def _recorded_new(array):
    if state.recorder is not None:
        state.recorder.constant(array)
    return wrap(array)


def _recorded_apply(cls, *args):
    recorder = state.recorder
    if recorder is None or recorder.inside or not any(isinstance(a, Tensor) for a in args):
        return _plain_apply(cls, *args)
    ctx = cls()
    ctx.saved, ctx.inputs = (), args
    arrays = [a._array if isinstance(a, Tensor) else a for a in args]
    ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a._requires_grad for a in args)
    ctx.empty = memory = Memory()
    ctx.empty_gradient = functools.partial(memory.empty_gradient, ctx)
    recorder.inside += 1
    try:
        y = cls.forward(ctx, *arrays)
    except Exception as error:
        raise explain(error, cls, arrays) from error.__cause__
    finally:
        recorder.inside -= 1
    out = record(ctx, y, True in ctx.needs_input_grad)
    outputs = [t._array for t in (out if isinstance(out, tuple) else (out,))]
    place = recorder.place(ctx)
    recorder.forward(cls, ctx, place, arrays, outputs, memory)
    ctx.first_order = functools.partial(_recorded_backward, recorder, cls.first_order, place)
    return out


_plain_apply = Function.__dict__["apply"].__func__


def _recorded_binary(plain, cls, a, b):
    if state.recorder is None or not (isinstance(a, Tensor) or isinstance(b, Tensor)):
        return plain(cls, a, b)
    return _recorded_apply(cls, *pair(a, b))


def _recorded_backward(recorder, first_order, place, ctx, *dys):
    if state.recorder is not recorder:
        return first_order(ctx, *dys)
    recorder.inside += 1
    try:
        dxs = first_order(ctx, *dys)
    finally:
        recorder.inside -= 1
    return recorder.backward(first_order, ctx, place, dys, dxs if type(dxs) is tuple else (dxs,))


def _refusing(plain, reason):
    @functools.wraps(plain)
    def method(self, *args, **kwargs):
        recorder = state.recorder
        if recorder is not None and not recorder.inside:
            recorder.refuse(reason)
        return plain(self, *args, **kwargs)

    return method


def _recorded_grad(plain):
    def set_grad(self, value):
        plain.fset(self, value)
        if state.recorder is not None and not state.recorder.inside:
            state.recorder.cleared(self)

    return property(plain.fget, set_grad)


def _recorded_zero_grad(plain):
    @functools.wraps(plain)
    def zero_grad(self, *args, **kwargs):
        if state.recorder is not None:
            state.recorder.groups_of(self)
        return plain(self, *args, **kwargs)

    return zero_grad


def _recorded_step(plain):
    @functools.wraps(plain)
    def step(self, *args, **kwargs):
        recorder = state.recorder
        if recorder is None or recorder.inside:
            return plain(self, *args, **kwargs)
        if any(callable(a) for a in (*args, *kwargs.values())):
            recorder.refuse("an optimizer's closure is Python code that runs at every step")
        name = f"{type(self).__name__}.step"
        if isinstance(self, Optimizer):
            recorder.groups_of(self)
        return recorder.whole(functools.partial(plain, self), name, args, kwargs)

    return step
