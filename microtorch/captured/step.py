"""`capture`, and the step that it makes: recorded where no recording fits, else replayed."""

import functools
import threading
import time
import warnings

import numpy as np

from ..autograd.inplace.changes import record_change
from ..autograd.inplace.views import owner
from ..autograd.mode import state
from ..threads import waiting
from .checking import checked
from .guards import Guard
from .inputs import plain_arrays
from .keys import containers_of, flatten, objects_in, rebuild
from .recorder import Recorder
from .recording import Recording

__all__ = ["CapturedStep", "capture"]

KEPT = 4  # recordings of one step and thread that are kept, as for the last, smaller batch of an epoch
WASTED = 8  # recordings in a row without a replay, after which a step runs eagerly


def capture(step=None, *, strict=True, check_every=None, threads=None):
    """Record `step` at its first call and replay it from then on; also a decorator.

    Parameters
    ----------
    step : callable
        Runs forward, loss, backward and an optimizer's step, or any part of these, on the tensors it is given.
    strict : bool, default True
        Raise CaptureError for what cannot be recorded. Otherwise such a step runs eagerly, and a warning says so once.
    check_every : int, optional
        Run every so many calls eagerly, too, from the same state, and raise CaptureError, which names the tensor and
        the first operation, where the two differ in a single bit.
    threads : "auto", optional
        Go on with one thread where others keep the processors busy, so that the threads of a product would wait for
        each other; the last bits of large products may then change. Default: a warning says so, once.

    Returns
    -------
    CapturedStep

    Raises
    ------
    CaptureError
        At the first call: if the step reads a value into Python (``item``, ``bool``, ``numpy``, printing), has hooks,
        enters `detect_anomaly`, or draws random numbers outside an operation.

    Notes
    -----
    Tensor and array arguments are copied into the recorded inputs; a recorded input itself is used as it is. Results
    are tensors over recorded memory, outside the graph: the next replay overwrites them, ``clone()`` keeps them.
    Python code inside `step` runs only while recording: a number it computes is a constant afterwards. Learning rates,
    step counts, dropout masks, batch statistics and generators go on changing as in eager steps, bit for bit.

    Another shape or dtype, train or eval mode, grad mode, or another model or optimizer in the variables that `step`
    uses, is recorded anew; the last 4 recordings are kept. Inside `detect_anomaly`, and while `explain` watches, the
    step runs eagerly.

    Examples
    --------
    >>> from microtorch import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> @microtorch.capture
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = microtorch.ones(4, 2), microtorch.ones(4, 1)
    >>> losses = [step(x, y).item() for _ in range(3)]
    >>> losses[0] > losses[1] > losses[2]
    True
    """
    if step is None:
        return functools.partial(capture, strict=strict, check_every=check_every, threads=threads)
    if isinstance(step, CapturedStep):
        return step
    if not callable(step):
        raise TypeError(f"capture takes a function, not {type(step).__name__}")
    return CapturedStep(step, strict, check_every, threads)


class CapturedStep:
    """A step that is recorded once and replayed; made by `capture`.

    Attributes
    ----------
    step : callable
        The function as it was written.

    Notes
    -----
    With `quiet` nothing is warned of: whoever made it asks `why_eager`.
    """

    def __init__(self, step, strict=True, check_every=None, threads=None, quiet=False):
        functools.update_wrapper(self, step)
        self.step, self.strict, self.check_every = step, strict, check_every
        self._recordings = ()  # the one used last comes first; a new tuple at each change, as other threads may read
        self._eager = {}  # what could not be recorded: (key, grad mode) -> (why, objects in the key)
        self._always = None  # why nothing is recorded any more
        self._wasted = 0  # recordings in a row that were never replayed
        self._warned = quiet
        self._lock, self._waiting = threading.Lock(), waiting(threads)

    def __reduce__(self):  # a copy makes its own recordings
        threads = "auto" if self._waiting.auto else None
        return CapturedStep, (self.step, self.strict, self.check_every, threads, self._warned)

    def __call__(self, *args, **kwargs):
        if state.observers:  # inside another captured step it is part of that; others want to see what happens
            return self.step(*args, **kwargs)
        if time.perf_counter() > self._waiting.due:
            return self._waiting.timed(self._call, args, kwargs)
        recordings = self._recordings
        if recordings and self.check_every is None and (recording := recordings[0]).holds(args, kwargs):
            return recording.replay(args, kwargs)  # nearly always
        return self._call(args, kwargs)

    def _call(self, args, kwargs):
        for i, recording in enumerate(self._recordings):
            if recording.holds(args, kwargs):
                if i:
                    self._put_first(recording)
                if self.check_every and (recording.replays + 1) % self.check_every == 0:
                    return checked(self.step, recording, args, kwargs)
                return recording.replay(args, kwargs)
        leaves = []
        key = flatten((args, kwargs), leaves)
        if self._always is not None or (key, state.grad) in self._eager:
            return self.step(*args, **kwargs)
        return self._record(key, leaves, args, kwargs)

    def _put_first(self, recording):
        with self._lock:
            idents = {thread.ident for thread in threading.enumerate()}
            others = [r for r in self._recordings if r is not recording and r.guard.thread in idents]
            mine = [r for r in others if r.guard.thread == recording.guard.thread][KEPT - 1 :]
            self._recordings = (recording, *[r for r in others if r not in mine])

    def _record(self, key, leaves, args, kwargs):
        why = self._why(key)
        last = self._recordings[0] if self._recordings else None
        self._wasted = self._wasted + 1 if last is not None and last.replays == 0 else 0
        if self._wasted > WASTED:
            self._always = f"it was recorded {WASTED} times and never replayed, the last time because of {why}"
            self._warn(f"{self._always}. What changes at each call should be a tensor that is passed in.")
            return self.step(*args, **kwargs)
        recorder = Recorder(self.strict, self.step, objects_in((args, kwargs), []))
        buffers = [recorder.input(leaf) for leaf in leaves]
        given = rebuild((args, kwargs), iter(buffers))
        result = recorder.run(self.step, given)
        if recorder.refused is None:
            _refuse_shared(recorder, leaves, buffers)
        if recorder.refused is not None:
            self._eager[key, state.grad] = recorder.refused, objects_in((args, kwargs), [])
            self._warn(recorder.refused)
            _hand_back((args, kwargs), given, dict(zip(map(id, buffers), leaves)))
            return result
        guard = Guard(recorder, args, kwargs, key)
        recording = Recording(guard, guard.compiled(args, kwargs), why, recorder, buffers, result)
        recording.copy_back([leaf if isinstance(leaf, np.ndarray) else leaf._array for leaf in leaves])
        self._put_first(recording)
        return recording.outcome()

    def _warn(self, reason):
        if not self._warned:
            self._warned = True
            warnings.warn(f"capture: this step runs eagerly. {reason}", stacklevel=5)

    def _why(self, key):
        """Why a new recording is made."""
        mine = [r for r in self._recordings if r.guard.thread == threading.get_ident()]
        if not mine:
            return "the first call" if not self._recordings else "another thread"
        nearest = next((r for r in mine if r.guard.key == key and r.guard.grad is state.grad), mine[0])
        return nearest.guard.why_not(key) or "a change that came and went"

    def report(self):
        """The content of each recording, as text: its calls, buffers and bytes, and why it was made."""
        recordings = self._recordings
        lines = [f"captured {getattr(self.step, '__name__', 'step')}: {len(recordings)} recordings"]
        for i, recording in enumerate(recordings):
            lines.append(f"  {i}: because of {recording.why}; replayed {recording.replays} times")
            lines.extend(f"     {line}" for line in recording.describe())
        lines.extend(f"  eager: {why}" for why, _ in self._eager.values())
        return "\n".join(lines if self._always is None else [*lines, f"  eager from now on: {self._always}"])

    @property
    def why_eager(self):
        """str or None: why a step could not be recorded, the first time that happened."""
        return self._always or next((why for why, _ in self._eager.values()), None)

    @property
    def recording(self):
        """Recording: the one used last, or None where none has been made."""
        return self._recordings[0] if self._recordings else None

    @property
    def calls(self):
        """list of str: the names of the calls of the recording used last, in order."""
        return [call.name for call in self._recordings[0].calls] if self._recordings else []


def _hand_back(arguments, given, leaves):
    """Do to the caller's arguments what a step that could not be recorded has done to their copies."""
    for (mine, _), (copy, _) in zip(containers_of(arguments, []), containers_of(given, [])):
        items = [*(copy.items() if isinstance(copy, dict) else copy)]
        if isinstance(copy, dict):
            mine.clear()
            mine.update({name: leaves.get(id(item), item) for name, item in items})
        else:
            mine[:] = [leaves.get(id(item), item) for item in items]
    flatten(given, copies := [])
    for copy in copies:
        leaf = leaves.get(id(copy))
        there, here = (getattr(a, "_array", a) for a in (leaf, copy))
        if leaf is not None and leaf is not copy and there.tobytes() != here.tobytes():
            np.copyto(there, plain_arrays(here))
            record_change(there, "a captured step", "its call")


def _refuse_shared(recorder, leaves, buffers):
    """Refuse arguments whose memory the step changes by another way: they are copied, and would not see it."""
    arrays = [leaf if isinstance(leaf, np.ndarray) else leaf._array for leaf in leaves]
    written = [i for i, b in enumerate(buffers) if id(owner(getattr(b, "_array", b))) in recorder.changed]
    for i, array in enumerate(arrays):
        twice = any(j != i and np.may_share_memory(array, arrays[j]) for j in written)
        if twice or id(owner(array)) in recorder.changed:
            recorder.refuse(
                f"the step changes memory that an argument of shape {array.shape} shares",
                "Arguments are copied: pass it once, or clone() it.",
            )
