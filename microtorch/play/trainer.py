"""One training in a thread, which can be asked how far it is, and be stopped."""

import threading

from .choices import made

__all__ = ["Trainer"]


STEPS = 20_000  # after which a training ends by itself
EVERY = 5  # steps between recorded ones at first; the recorder doubles it as they get many


class Trainer:
    """Trains what was chosen, one training at a time.

    Attributes
    ----------
    recording : Recording or None
        Of the present training.
    number : int
        Which training it is, from 1.
    """

    def __init__(self):
        self.recording, self.number, self.error = None, 0, ""
        self.lock = threading.Lock()  # held during each step, and while the recording is read
        self._thread, self._stop = None, threading.Event()

    @property
    def running(self):
        """bool: whether a training goes on."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, choices):
        """Stop the present training and start another one."""
        from ..viz.training.record import record

        self.stop()
        model, optimizer, inputs, labels = made(choices)
        title = f"{choices['data']}, {choices['optimizer']}, rate {choices['rate']:g}"
        with self.lock:
            self.recording, self.error = record(model, optimizer, None, every=EVERY, title=title), ""
            self.number += 1
        self._stop = threading.Event()
        arguments = model, optimizer, inputs, labels, choices, self.recording, self._stop
        self._thread = threading.Thread(target=self._run, args=arguments, daemon=True)
        self._thread.start()

    def stop(self):
        """End the present training after its step."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, model, optimizer, inputs, labels, choices, recording, stop):
        import microtorch

        from ..nn.functional import cross_entropy

        generator = microtorch.Generator().manual_seed(choices["seed"])
        try:
            with recording:
                while recording.step < STEPS and not stop.is_set():
                    for rows in microtorch.randperm(len(inputs), generator=generator).split(choices["batch"]):
                        if stop.is_set() or recording.step >= STEPS:
                            break
                        if choices["norm"] == "batch" and len(rows) < 2:
                            continue
                        with self.lock:
                            optimizer.zero_grad()
                            cross_entropy(model(inputs[rows]), labels[rows]).backward()
                            optimizer.step()
                        stop.wait(0.001)  # so that the page is served too
        except Exception as error:  # told on the page: it is what somebody came to see
            self.error = str(error)

    def news(self, number, after):
        """The record of training `number` after a recorded step; all of it if another one was begun."""
        with self.lock:
            found = {"number": self.number, "running": self.running, "error": self.error}
            if self.recording is not None and self.recording.steps:
                data = self.recording.data()
                new = after if number == self.number else 0
                for kept in ("frames", "entered"):
                    data[kept] = {step: one for step, one in data[kept].items() if step > new}
                found["training"] = data
        if "training" in found:
            from ..viz.page.places import lay_out_alike

            lay_out_alike([page for page in found["training"]["entered"].values() if page["size"] is None])
        return found
