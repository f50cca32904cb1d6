"""The call at which a forward failed, read from the traceback of its exception; nothing is kept on the way there."""

import inspect
import os
from dataclasses import dataclass

import microtorch

from ...autograd.function import ArrayFunction
from ...errors import GraphError
from ...tensor import Tensor

_PACKAGE = os.path.dirname(os.path.abspath(microtorch.__file__)) + os.sep
_OPERATIONS = os.path.join(_PACKAGE, "ops") + os.sep


@dataclass
class FailedCall:
    """The failure: what failed, on which arguments, in which module: `scope` as in ArrayFunction.scope."""

    name: str
    arguments: dict
    scope: tuple | None
    error: str

    @property
    def tensors(self):
        """The tensors among the arguments."""
        return [x for x in self.arguments.values() if isinstance(x, Tensor)]


def failed_call(error):
    """The innermost operation in the traceback of `error`, as a FailedCall."""
    scope, call = None, None
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        code, found = frame.f_code, frame.f_locals
        owner = found.get("self")
        if code.co_name == "forward" and hasattr(owner, "named_parameters"):
            if scope is None or scope[0] is not owner:
                scope = (owner, scope)
            call = None
        file = os.path.abspath(code.co_filename)
        if call is None and file.startswith(_OPERATIONS):
            call = (code.co_name, _arguments(frame))
        elif code.co_name == "apply" and isinstance(found.get("cls"), type) and issubclass(found["cls"], ArrayFunction):
            call = call or (found["cls"].name(), dict(enumerate(found["args"])))
        traceback = traceback.tb_next
    if call is None:
        raise GraphError(
            f"draw: no operation failed in the traceback of this {type(error).__name__}. "
            "Give the exception that a forward raised, inside its `except` or as sys.last_value, or a Tensor."
        ) from error
    name, given = call
    return FailedCall(name, {str(k): x for k, x in given.items()}, scope, str(error))


def _arguments(frame):
    """The arguments of the function that `frame` runs; starred ones one by one."""
    info, given = inspect.getargvalues(frame), {}
    for name in info.args:
        if name in info.locals:
            given[name] = info.locals[name]
    for i, x in enumerate(info.locals.get(info.varargs) or ()):
        given[f"{info.varargs}[{i}]"] = x
    # What is None was not given: an optional argument left out.
    return {name: x for name, x in given.items() if x is not None}
