"""Answers in a process of their own: calls go there, values come back, and the judging stays here."""

import contextlib
import functools
import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np

from ..autograd import ArrayFunction
from ..from_data import tensor
from ..tensor import Tensor
from .wire import decode, encode, read, write

__all__ = ["Failed", "Remote"]

_ROOT = str(Path(__file__).parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from microtorch.exercises.worker import main; main()"


class Failed(AssertionError):
    """The fault of an answer, in words."""


class Remote:
    """The answers in a file, as the checks see them: its names are attributes.

    Parameters
    ----------
    path : path
    seconds : float
        How long one call may take.
    user : str, optional
        As whom the answers run.
    """

    def __init__(self, path, seconds, user=None):
        self._path, self._seconds, self._user = Path(path), seconds, _as_user(user)
        self._process, self._answers, self._hopeless = None, None, None

    # -- what checks use -----------------------------------------------------------------------------------------------

    def __getattr__(self, name):
        return self._ask("get", Handle(self, 0), name)

    def there(self, expression, **names):
        """The value of an expression in the process of the answers; see `worker.evaluate`."""
        return self._ask("there", expression, names)

    def operation(self, name):
        """A function of tensors that runs the answer's operation, with its derivatives, and is recorded here."""
        self._ask("get", Handle(self, 0), name)

        ask = functools.partial(self._ask, "derivative", name)
        return lambda *args: _OfAnswer.apply(ask, (), *args)

    # -- the process ---------------------------------------------------------------------------------------------------

    def _ask(self, *message):
        if self._hopeless is not None:
            raise Failed(self._hopeless)
        if self._process is None:
            self._begin()
        return self._answer(message, self._seconds)

    def _begin(self):
        """Start the process and load the file; where that fails it fails for all that is asked."""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            start_new_session=True,
            **self._user,
        )
        self._answers = queue.Queue()
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        try:
            self._answer(("there", "None", {}), 60)  # until Python and the package have been loaded
            self._answer(("load", str(self._path.absolute())), self._seconds)
        except (Failed, NotImplementedError) as error:
            self._hopeless = str(error) or "the file itself raises NotImplementedError"
            self.close()
            raise Failed(self._hopeless) from None

    def _answer(self, message, seconds):
        asked = [encode(part, _refer) for part in message]
        # In a thread: who does not read lets a long message wait for ever.
        threading.Thread(target=_tell, args=(self._process.stdin, asked), daemon=True).start()
        try:
            reply = self._answers.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise Failed(
                f"it took longer than {self._seconds:g} seconds and was stopped: is there an endless loop?"
            ) from None
        if not isinstance(reply, dict):
            try:
                said = f"it ended the process (exit code {self._process.wait(1.0)})"
            except subprocess.TimeoutExpired:
                said = "it disturbed what its results come through"
            self.close()
            raise Failed(f"{said} and gave no answer")
        if "error" in reply:
            error = reply["error"]
            if isinstance(error, dict) and error.get("unwritten") is True:
                raise NotImplementedError
            raise Failed(str(error.get("text") if isinstance(error, dict) else error)[:4000])
        try:
            return decode(reply["value"], lambda found: _handle(self, found))
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"its answer cannot be read: {error}") from None

    def close(self):
        """End the process and whatever it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()


def _as_user(user):
    """The call that makes a process that of another user, with that user's home and nothing of this one's groups."""
    if user is None:
        return {}
    if os.name != "posix" or os.geteuid() != 0:
        raise PermissionError(f"check: only root can run answers as {user}.")
    import pwd

    try:
        who = pwd.getpwnam(user)
    except KeyError:
        raise ValueError(f"check: there is no user {user}.") from None
    environment = {**os.environ, "HOME": who.pw_dir, "USER": user}
    settings = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": [], "env": environment, "cwd": "/"}
    try:
        subprocess.run([sys.executable, "-c", "import numba"], check=True, capture_output=True, **settings)
    except (OSError, subprocess.CalledProcessError) as error:
        raise PermissionError(
            f"check: {user} cannot run {sys.executable} and what is installed there. Install it where that user may "
            "read it: not in somebody's home."
        ) from error
    return settings


def _tell(file, message):
    """Send a message; where nobody reads it any more, the answer that does not come says so."""
    with contextlib.suppress(OSError, ValueError):
        write(file, message)


def _listen(file, answers):
    """Put what comes into a queue; None at the end."""
    with file:
        try:
            while True:
                answers.put(read(file))
        except (EOFError, ValueError, OSError):
            answers.put(None)


class Handle:
    """Something that stays in the other process."""

    def __init__(self, remote, number):
        self._remote, self._number = remote, number

    def __getattr__(self, name):
        if name.startswith("_"):  # numpy and others look for their protocols
            raise AttributeError(name)
        return self._remote._ask("get", self, name)

    def __call__(self, *args, **kwargs):
        return self._remote._ask("call", self, list(args), kwargs)

    def __add__(self, other):
        return self._remote.there("a + b", a=self, b=other)

    def __mul__(self, other):
        return self._remote.there("a * b", a=self, b=other)


class TensorHandle(Handle):
    """A tensor there, and its values here: `_array`."""

    def __init__(self, remote, number, array):
        super().__init__(remote, number)
        self._array = array


def _handle(remote, found):
    number = found["$handle"]
    return TensorHandle(remote, number, found["array"]) if "array" in found else Handle(remote, number)


def _refer(value):
    if isinstance(value, Handle):
        return {"$handle": value._number}
    if isinstance(value, Tensor):
        return {}
    raise TypeError(f"a check cannot hand out a {type(value).__name__}: make it there, student.there('...')")


class _OfAnswer(ArrayFunction):
    """An operation of the answers, or a derivative of it, as a node of the graph here."""

    @staticmethod
    def forward(ctx, ask, path, *args):
        arrays = [isinstance(a, np.ndarray) for a in args]
        sent = [tensor(a) if array else a for a, array in zip(args, arrays, strict=True)]
        found = ask(list(path), sent)
        if not isinstance(found, TensorHandle):
            raise Failed(f"it gives a {type(found).__name__}, not an array")
        ctx.save_for_backward(*(a for a, array in zip(args, arrays, strict=True) if array))
        ctx.question, ctx.others = (ask, path), [None if array else (a,) for a, array in zip(args, arrays)]
        return found._array

    @staticmethod
    def backward(ctx, dy):
        saved, (ask, path) = iter(ctx.saved_tensors), ctx.question
        args = [next(saved) if other is None else other[0] for other in ctx.others]
        wanted = ctx.needs_input_grad[2:]
        return None, None, *(_OfAnswer.apply(ask, (*path, i), dy, *args) if w else None for i, w in enumerate(wanted))
