"""Questions are handed out as files, and the filled-in files are checked step by step.

A lesson is two files: ``questions/03.py``, which the student gets a copy of, and ``lessons/lesson03.py``, whose
``steps`` check the copy; those to go on with lie in ``further`` in both. Each step is worth points by itself, so that
what is right counts although something else is not.
"""

import importlib
import importlib.util
import re
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..autograd import grad, gradcheck, gradgradcheck
from ..from_data import tensor
from ..io.files import replacing
from ..tensor import Tensor
from .remote import Failed, Remote

__all__ = ["Result", "Step", "check", "check_names", "equal", "holds", "operation", "start", "values"]


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
    """The findings of a check; printed, it shows each step with its points and what is wrong.

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
    number = number_of(path)
    questions = resources.files(__package__) / f"questions{_rooms()[number]}" / f"{number}.py"
    with replacing(path) as temporary:
        temporary.write_bytes(questions.read_bytes())
    return path


def check(path, exercise=None, timeout=60.0, user=None):
    """Check the answers in a file, which run in a process of their own.

    Parameters
    ----------
    path : str or path-like
        As in `start`; with an `exercise`, any file.
    exercise : str, path-like or module, optional
        Instead of a lesson of the course: a file or module with a ``TITLE`` and ``steps(student)``, as lessons have.
    timeout : float, default 60.0
        The seconds that an answer may take to one call. What takes longer is stopped, and the next step goes on.
    user : str, optional
        Run the answers as this user, who has no right to read or end what checks them; needs root.

    Returns
    -------
    Result
    """
    path = file_of(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there. start({str(path)!r}) writes the questions to it.")
    title, steps = lesson_of(number_of(path) if exercise is None else exercise)
    student = Remote(path, timeout, user)
    try:
        return Result(title, [(step, what_is_wrong(step)) for step in steps(student)])
    finally:
        student.close()


def not_handed_in(path, exercise=None):
    """The `Result` where the file with the answers is missing: no points, and its name."""
    path = file_of(path)
    title, steps = lesson_of(number_of(path) if exercise is None else exercise)
    return Result(title, [(step, f"{path.name} is missing: hand in a file of this name") for step in steps(Here({}))])


def check_names(names, lesson, step=None):
    """Check answers that are here, as in a notebook: `check` without a process of their own.

    Parameters
    ----------
    names : dict
        Where the answers are: ``globals()``.
    lesson : int, str, path-like or module
        The number of a lesson, or an exercise as in `check`.
    step : str, optional
        Only the step of this title.

    Returns
    -------
    Result

    Raises
    ------
    AssertionError
        With a `step`, if it is not right; the message says how. Graders of notebooks want it so.

    Notes
    -----
    Answers here can change what judges them. Where points count, use `check`.
    """
    title, steps = lesson_of(lesson)
    found = [s for s in steps(Here(names)) if step in (None, s.title)]
    if not found:
        raise ValueError(f"check_names: {title} has no step {step!r}.")
    result = Result(title, [(s, what_is_wrong(s)) for s in found])
    if step is not None and result.points < result.total:
        raise AssertionError("\n".join(wrong for _, wrong in result.steps if wrong is not None))
    return result


def lesson_of(exercise):
    """(title, steps) of a lesson's number, of a file, or of a module."""
    if isinstance(exercise, int) or (isinstance(exercise, str) and exercise.isdigit()):
        exercise = number_of(str(exercise))
        room = _rooms()[exercise].replace("/", ".")
        lesson = importlib.import_module(f"{__package__}.lessons{room}.lesson{exercise}")
        return f"Lesson {int(exercise)}: {lesson.TITLE}", lesson.steps
    if not hasattr(exercise, "steps"):
        path = Path(exercise)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or not path.exists():
            raise FileNotFoundError(f"{path} is no file of Python with an exercise: a TITLE and steps(student).")
        exercise = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(exercise)
    missing = [name for name in ("TITLE", "steps") if not hasattr(exercise, name)]
    if missing:
        raise ValueError(f"{exercise.__name__} is no exercise: it has no {' and no '.join(missing)}.")
    return exercise.TITLE, exercise.steps


def file_of(path):
    """The file that is meant."""
    path = Path(path)
    return path if path.suffix == ".py" else path.with_name(path.name + ".py")


def number_of(path):
    """The lesson's number, as two digits."""
    found = re.search(r"(\d+)$", Path(path).stem)
    number = f"{int(found.group()):02}" if found else None
    known = sorted(_rooms())
    if number not in known:
        raise ValueError(f"exercises: {path} names no lesson; they are numbered {known[0]} to {known[-1]}.")
    return number


def _rooms():
    """{number: folder} of each lesson, below `questions` and `lessons`: none, or that of the lessons to go on with."""
    questions = resources.files(__package__) / "questions"
    files = [("", p) for p in questions.iterdir()] + [("/further", p) for p in (questions / "further").iterdir()]
    return {p.name[:-3]: room for room, p in files if re.fullmatch(r"\d\d\.py", p.name)}


class Here:
    """Answers in this process, with what `Remote` offers to checks."""

    def __init__(self, names):
        self._names = names

    def __getattr__(self, name):
        if name not in self._names:
            raise Failed(f"{name} is missing")
        return self._names[name]

    def there(self, expression, **names):
        """The value of an expression."""
        from .worker import evaluate

        return evaluate(expression, names)

    def operation(self, name):
        """The operation as a function of tensors."""
        return getattr(self, name).apply


def what_is_wrong(step):
    """None if the step passes, else a sentence."""
    try:
        with np.errstate(all="ignore"):  # overflow in an answer is seen in its result
            step.check()
    except NotImplementedError:
        return UNWRITTEN
    except Failed as error:
        return str(error)
    except Exception as error:  # a check may trip over what an answer returned, and an answer here raise anything
        notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
        return f"{type(error).__name__}: {error}{notes}"
    return None


def equal(got, wanted, what, tolerance=1e-6):
    """Complain if `got` is not `wanted`, up to rounding.

    Parameters
    ----------
    got : array_like, Tensor, or what came back from the answers
    wanted : array_like
    what : str
        What it is called in the complaint.
    tolerance : float, default 1e-6
        By which share of it, and by how much, each number may differ.
    """
    if got is None:
        raise NotImplementedError
    got = values(got)
    if got.dtype.kind not in "biuf":
        raise Failed(f"{what} is no number and no array")
    wanted = np.asarray(wanted)
    if got.shape != wanted.shape:
        raise Failed(f"{what} has shape {got.shape}; the right one has {wanted.shape}")
    if not np.allclose(got, wanted, rtol=tolerance, atol=tolerance, equal_nan=True):
        raise Failed(f"{what} is {_short(got)}; right is {_short(wanted)}")


def values(x):
    """The values of `x`, a tensor here or there, an array, a list or a number, as an array."""
    return x._array if hasattr(x, "_array") else np.asarray(x)


def holds(condition, sentence):
    """Complain with `sentence` unless `condition` is true."""
    if not condition:
        raise Failed(sentence)


def _short(array):
    text = np.array2string(array, precision=5, threshold=8, separator=", ").replace("\n", "")
    return text if len(text) < 120 else text[:117] + "..."


def operation(student, name, formula, arguments, gradients, second=True):
    """The steps of an operation that the student writes as an ArrayFunction.

    Parameters
    ----------
    student : object
        What `steps` is given.
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

    def forward():
        equal(student.operation(name)(*make()), formula(*arguments), f"{name}.forward")

    def gradient(i, letter):
        args = make()
        for k, a in enumerate(args):
            if isinstance(a, Tensor):
                a.requires_grad_(k == i)
        report = gradcheck(student.operation(name), args, raise_exception=False)
        if not report:
            raise Failed(str(report))
        (slope,) = grad(student.operation(name)(*args).sum(), [args[i]], allow_unused=True)
        holds(slope is not None and slope.any(), f"the gradient is 0, as is right for a value without {letter} in it")

    def twice():
        student.operation(name)  # what keeps it from being seen is not the first derivative's fault
        try:
            for i, letter in gradients.items():
                gradient(i, letter)
        except Failed:
            raise Failed("the first derivative is not right yet, and this is the derivative of it") from None
        report = gradgradcheck(student.operation(name), make(), raise_exception=False)
        if not report:
            raise Failed(str(report))

    steps = [Step(f"{name}: the value", forward)]
    for i, letter in gradients.items():
        steps.append(Step(f"{name}: the gradient of {letter}", lambda i=i, letter=letter: gradient(i, letter)))
    if second:
        steps.append(Step(f"{name}: the second derivative", twice))
    return steps
