"""The end of all ranks when one of them fails: its words are told with its rank, and the whole job ends."""

import atexit
import sys
import traceback


def guard(group):
    """Have an error that nobody catches in this process, and its end, concern all ranks of `group`; what undoes it."""
    before = sys.excepthook

    def failed(kind, error, trace):
        tell(group, kind, error, trace, before)
        group.abort(130 if issubclass(kind, KeyboardInterrupt) else 1)

    def ended():
        try:
            group.same("the end of the program")
        except BaseException as error:  # at the end of a program, Python would only print it
            failed(type(error), error, None)

    def undo():
        if sys.excepthook is failed:
            sys.excepthook = before
        atexit.unregister(ended)

    sys.excepthook = failed
    atexit.register(ended)
    return undo


def tell(group, kind, error, trace, before):
    """The error of one rank on stderr, as one piece that other ranks' words do not come between."""
    if issubclass(kind, KeyboardInterrupt):
        text = f"{group.place}: interrupted\n"
    else:
        if before is not sys.__excepthook__:
            before(kind, error, trace)  # a debugger's, or a reporter's
            lines = ""
        else:
            lines = "".join(traceback.format_exception(kind, error, trace))
        text = f"{lines}{group.place}: {kind.__name__}, see above. All ranks are ended.\n"
    group.write(text)
