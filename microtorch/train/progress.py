"""The progress bar of a training, and what is printed beside it."""

import importlib.util
import sys
import time

from tqdm import tqdm

_INTERVAL = 0.1  # seconds between two looks at the bar


def _bar():
    """The bar's class, and whether it shows: None means on terminals; in notebooks it does, as a widget if it can."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        return tqdm, None
    if importlib.util.find_spec("ipywidgets") is None:
        return tqdm, False
    from tqdm.notebook import tqdm as widget

    return widget, False


class Progress:
    """How far a training is, how fast, and how long it will take: on terminals a bar; nothing if not `shown`."""

    def __init__(self, total, done, shown):
        self.shown = shown
        bar, off = _bar()
        self.bar = bar(total=total, initial=done, unit="batch", disable=off if shown else True, dynamic_ncols=True)
        self.metrics = {}
        self.seen = (None, time.perf_counter())

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()

    def update(self, done, loss):
        """Move the bar to `done` batches."""
        if not self.bar.disable:
            self.bar.set_postfix(loss=f"{loss:.4f}", **self.metrics, refresh=False)
            self.bar.update(done - self.bar.n)

    def steps_to_next(self, step):
        """How many steps take about as long as the bar may stand still."""
        if self.bar.disable:
            return 1 << 40
        before, then = self.seen
        now = time.perf_counter()
        self.seen = (step, now)
        if before is None or step <= before:
            return 1
        return max(1, int(_INTERVAL * (step - before) / max(now - then, 1e-9)))

    def evaluated(self, metrics):
        """Show these beside the loss from now on."""
        self.metrics = metrics

    def say(self, line):
        """Print a line above the bar."""
        if self.shown:
            tqdm.write(line)
