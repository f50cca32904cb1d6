"""Questions are handed out as files, and the filled-in files are checked step by step.

A lesson is two files: ``questions/03.py``, which the student gets a copy of, and ``lessons/lesson03.py``, whose
``steps`` check the copy. Each step is worth points by itself, so that what is right counts although something else is
not.
"""

import importlib
import importlib.util
import re
import sys
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..autograd import gradcheck, gradgradcheck
from ..from_data import tensor
from ..io.files import replacing
from ..tensor import Tensor

__all__ = ["Result", "Step", "check", "start"]


class Step(NamedTuple):
    """One thing that is checked.

    Parameters
    ----------
    title : str
        What it is.
    check : callable
        Without arguments; what it raises says what is wrong.
    points : int, default 1
        What it is worth.
    """

    title: str
    check: object
    points: int = 1


class Result:
    """What a check found; printed, it shows each step with its points and what is wrong.

    Attributes
    ----------
    lesson : str
        The title of the lesson.
    steps : list of (Step, str or None)
        What is wrong with each; None if nothing.
    points, total : int
        Reached, and to be reached.
    """

    def __init__(self, lesson, steps):
        self.lesson, self.steps = lesson, steps
        self.points = sum(step.points for step, wrong in steps if wrong is None)
        self.total = sum(step.points for step, _ in steps)

    def __str__(self):
        lines = [self.lesson]
        told = set()
        for step, wrong in self.steps:
            got = step.points if wrong is None else 0
            mark = "✓" if wrong is None else "✗" if wrong != UNWRITTEN else "·"
            lines.append(f"  {mark} {got}/{step.points}  {step.title}")
            if wrong is not None and wrong not in told:
                told.add(wrong)  # one mistake may cost several steps; it is explained once
                lines += [f"         {line}" for line in wrong.splitlines()]
        lines.append(f"{self.points} of {self.total} points")
        return "\n".join(lines)

    __repr__ = __str__


UNWRITTEN = "not written yet"


class Wrong(AssertionError):
    """An answer that is not the right one; the message says how."""


def start(path):
    """Write the questions of a lesson to a file.

    Parameters
    ----------
    path : str or path-like
        Ends in the number of the lesson, as ``exercises/03`` or ``exercises/03.py``.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    FileExistsError
        If it is there already: nothing that was filled in is overwritten.
    ValueError
        If there is no such lesson.
    """
    path = file_of(path)
    if path.exists():
        raise FileExistsError(f"{path} is there already. Move it away to begin anew.")
    questions = resources.files(__package__) / "questions" / f"{number_of(path)}.py"
    with replacing(path) as temporary:
        temporary.write_bytes(questions.read_bytes())
    return path


def check(path):
    """Check the answers in a file.

    Parameters
    ----------
    path : str or path-like
        As in `start`.

    Returns
    -------
    Result
    """
    path = file_of(path)
    lesson = importlib.import_module(f"{__package__}.lessons.lesson{number_of(path)}")
    student = load(path)
    steps = [(step, what_is_wrong(step)) for step in lesson.steps(student)]
    return Result(f"Lesson {int(number_of(path))}: {lesson.TITLE}", steps)


def file_of(path):
    """The file that is meant."""
    path = Path(path)
    return path if path.suffix == ".py" else path.with_name(path.name + ".py")


def number_of(path):
    """The lesson's number, as two digits."""
    found = re.search(r"(\d+)$", Path(path).stem)
    number = f"{int(found.group()):02}" if found else None
    known = sorted(p.name[:-3] for p in (resources.files(__package__) / "questions").iterdir() if p.name[:2].isdigit())
    if number not in known:
        raise ValueError(f"exercises: {path} names no lesson; they are numbered {known[0]} to {known[-1]}.")
    return number


class Student:
    """The student's module; a name that is not in it is said to be missing from the file."""

    def __init__(self, module, path):
        self._module, self._path = module, path

    def __getattr__(self, name):
        try:
            return getattr(self._module, name)
        except AttributeError:
            raise Wrong(f"{name} is missing from {self._path}") from None


def load(path):
    """The file as a module, under a name that no other module has."""
    spec = importlib.util.spec_from_file_location(f"answers_{number_of(path)}", path)
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # no __pycache__ beside the student's files
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return Student(module, path)


def what_is_wrong(step):
    """None if the step passes, else a sentence."""
    try:
        with np.errstate(all="ignore"):  # overflow in an answer is seen in its result
            step.check()
    except NotImplementedError:
        return UNWRITTEN
    except Wrong as error:
        return str(error)
    except Exception as error:  # whatever a student's code may raise
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        return f"{type(error).__name__}: {error}{notes}{_line(error)}"
    return None


def _line(error):
    """Where in the student's file it happened."""
    at = ""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_globals.get("__name__", "").startswith("answers_"):
            at = f"\nat line {traceback.tb_lineno} of {Path(traceback.tb_frame.f_code.co_filename).name}"
        traceback = traceback.tb_next
    return at


def equal(got, wanted, what, tolerance=1e-6):
    """Complain if `got` is not `wanted`, up to rounding."""
    if got is None:
        raise NotImplementedError
    got = got.detach().numpy() if isinstance(got, Tensor) else np.asarray(got)
    wanted = np.asarray(wanted)
    if got.shape != wanted.shape:
        raise Wrong(f"{what} has shape {got.shape}; the right one has {wanted.shape}")
    if not np.allclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True):
        raise Wrong(f"{what} is {_short(got)}; right is {_short(wanted)}")


def holds(condition, sentence):
    """Complain with `sentence` unless `condition` is true."""
    if not condition:
        raise Wrong(sentence)


def _short(array):
    text = np.array2string(array, precision=5, threshold=8, separator=", ").replace("\n", "")
    return text if len(text) < 120 else text[:117] + "..."


def operation(student, name, formula, arguments, gradients, second=True):
    """The steps of an operation that the student writes as a Function.

    Parameters
    ----------
    student : Student
    name : str
        Of the class.
    formula : callable
        From arrays to the right result.
    arguments : list
        Of `apply`; arrays that are to be differentiated are float64.
    gradients : dict of int to str
        Which arguments have a gradient, and what they are called.
    second : bool, default True
        Whether the second derivative is asked for.
    """

    def make():
        return [
            tensor(a, requires_grad=i in gradients) if isinstance(a, np.ndarray) else a for i, a in enumerate(arguments)
        ]

    def call(*args):
        return getattr(student, name).apply(*args)

    def forward():
        equal(call(*make()), formula(*arguments), f"{name}.forward")

    def gradient(i):
        args = make()
        for k, a in enumerate(args):
            if isinstance(a, Tensor):
                a.requires_grad_(k == i)
        report = gradcheck(call, args, raise_exception=False)
        if not report:
            raise Wrong(str(report))

    def twice():
        report = gradgradcheck(call, make(), raise_exception=False)
        if not report:
            raise Wrong(str(report))

    steps = [Step(f"{name}: the value", forward)]
    for i, letter in gradients.items():
        steps.append(Step(f"{name}: the gradient of {letter}", lambda i=i: gradient(i)))
    if second:
        steps.append(Step(f"{name}: the second derivative", twice))
    return steps
