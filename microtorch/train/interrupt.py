"""Ctrl-C, and SIGTERM, as a request to stop between two steps, where the state can be saved."""

import signal
import threading

# What each signal does where nobody else handles it, which is when it can become a request: that of a process that was
# started with a signal ignored, as with nohup or in the background of a script, stays ignored.
_USUAL = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


class Interrupt:
    """While it is entered, Ctrl-C and SIGTERM set `asked` and call `notify`; a second one stops at once.

    Only the main thread may handle signals; in others it does nothing. Where several ranks stop `together`, a signal
    sets only `heard`, until `agree` is called on all of them.
    """

    def __init__(self, notify, together=False):
        self.notify, self.together = notify, together
        self.asked = self.heard = None  # the number of the signal
        self._before = {}

    def __enter__(self):
        self.asked = self.heard = None
        if threading.current_thread() is threading.main_thread():
            self._before = {s: usual for s, usual in _USUAL.items() if signal.getsignal(s) is usual}
            for number in self._before:
                signal.signal(number, self._ask)
        return self

    def __exit__(self, kind, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}
        if kind is None and self.asked:  # it came after the last state was saved
            self.go()
        self.asked = self.heard = None

    def agree(self):
        """Have it asked for, perhaps by a signal that another rank has heard."""
        self.asked = self.heard or signal.SIGINT
        self.notify()

    def go(self):
        """Stop as the signal that came would have stopped: KeyboardInterrupt, or SystemExit with 128 + its number."""
        if self.asked == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + self.asked)

    def _ask(self, number, _):
        again, self.heard = self.heard, number
        if again:
            self.asked = number
            self.go()
        if not self.together:
            self.agree()
