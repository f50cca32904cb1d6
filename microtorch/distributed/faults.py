"""The end of all ranks when one of them fails: its words are told with its rank, and the whole job ends."""

import atexit
import sys
import traceback

from ..errors import DistributedError


def guard(group):
    """Have an error that nobody catches in this process, and its end, concern all ranks of `group`; what undoes it."""
    before = sys.excepthook

    def failed(kind, error, trace):
        tell(group, kind, error, trace, before)
        group.abort(130 if issubclass(kind, KeyboardInterrupt) else 1)

    def ended():
        try:
            group.same("the end of the program")
        except (DistributedError, KeyboardInterrupt) as error:
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
    write(text)


def write(text):
    """Put `text` on stderr, after what is on stdout."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is sys.stderr:
                stream.write(text)
            stream.flush()
        except (OSError, ValueError):  # closed, or nobody reads: the end is more important
            pass


def end_all(group, text, status=1):
    """Say on stderr why this rank cannot go on, and end all; return where there is only this one."""
    if group.size > 1:
        write(f"{text} ({group.place}; all ranks are ended)\n")
        group.abort(status)
