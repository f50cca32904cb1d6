"""Ctrl-C as a request to stop between two steps, where the state can be saved."""

import signal
import threading


class Interrupt:
    """While it is entered, Ctrl-C sets `asked` and calls `notify`; a second one interrupts at once.

    Only the main thread may handle signals; in others, and where Ctrl-C is handled by somebody else, it does nothing.
    """

    def __init__(self, notify):
        self.notify = notify
        self.asked = False
        self._before = None

    def __enter__(self):
        self.asked = False
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *error):
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None
        self.asked = False

    def _ask(self, *_):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.notify()
