"""Solver: trains a model on data, and can be stopped and resumed at any step without a trace in the result."""

import contextlib
import itertools
import math
import time

import numpy as np

from .. import captured
from ..data import DataLoader
from ..nn.functional import cross_entropy
from ..nn.utils import clip_grad_norm_, get_total_norm
from ..optim.lr_scheduler import ReduceLROnPlateau
from ..threads import waiting
from .checkpoint import Checkpoints
from .evaluation import accuracy, evaluate_training
from .generators import generators_of, set_states
from .history import CourseHistories, History
from .interrupt import Interrupt
from .loaders import from_course, make_loader, sample
from .progress import Progress
from .ranks import Alone, Ranks
from .rules import check_counts, rule_of, schedule_of
from .state import load_state, state_of

__all__ = ["Solver"]


class Solver(CourseHistories):
    """Trains a model.

    Parameters
    ----------
    model : Module
        What is trained, in place.
    data : DataLoader, Dataset, (inputs, targets) or dict
        What to train on. A Dataset or a pair of arrays is shuffled into batches of `batch_size`; the floating arrays
        of a pair take the dtype of the model's parameters. A dict has ``"X_train"`` and ``"y_train"``, and for
        validation ``"X_val"`` and ``"y_val"``.
    validation : DataLoader, Dataset or (inputs, targets), optional
        What to validate with.
    loss : callable, default `nn.functional.cross_entropy`
        From outputs and targets to the mean loss of a batch.
    optimizer : Optimizer, optional
        Instead of `update_rule` and `optim_config`.
    update_rule : str or type, default "adam"
        See `make_optimizer`.
    optim_config : dict, optional
        Settings of the rule: ``{"learning_rate": 1e-3}``.
    lr_decay : float, default 1.0
        What the learning rate is multiplied by after each epoch.
    scheduler : LRScheduler or callable, optional
        A schedule, or what makes one of an optimizer, instead of `lr_decay`.
    schedule_by : {"epoch", "step"}, default "epoch"
        When the schedule makes a step; ReduceLROnPlateau is given the monitored value.
    num_epochs : int, default 10
        Passes over the data.
    batch_size : int, default 100
        Samples in a batch.
    metrics : dict of str to callable, optional
        From outputs and targets to a mean; default ``{"accuracy": accuracy}`` with the default loss, else none.
    monitor : str, optional
        The column of the evaluations that says what is best, the least of a loss and the greatest of anything else.
        Default: ``val_accuracy``, or ``val_loss`` where there is none.
    clip_norm : float, optional
        The largest norm of all gradients together; greater ones are scaled down.
    accumulate : int, default 1
        How many batches make one update, by the mean of their gradients.
    capture : bool, optional
        Record each kind of step once and replay it, as `microtorch.capture`: the same results, bit for bit, sooner.
        Default: where that can be done; else steps run eagerly, and the output says why. False: never. True: raise
        CaptureError where it cannot be done.
    threads : "auto", optional
        Go on with one thread where others keep the processors busy; see `capture`.
    patience : int, optional
        Stop after so many evaluations in a row without a better monitored value.
    restore_best : bool, default True
        Whether the model ends with its best parameters, where there is validation.
    eval_every : int, optional
        Evaluate after every so many steps and at the end, instead of after each epoch.
    num_train_samples : int or None, default 1000
        How many samples of the training data, evenly spread, are evaluated on; 0 for none, None for all.
    num_val_samples : int, optional
        How many of the validation data; default all.
    log_acc_iteration : bool, default False
        Evaluate after every step.
    log_grad_norm : bool, default False
        Record the norm of all gradients together at each step. `clip_norm` records it as well.
    print_every : int, optional
        Print the loss after every so many steps.
    verbose : bool, default True
        Whether to show progress and evaluations.
    callbacks : sequence of callable
        Called with the solver after each epoch; ``solver.stop()`` makes it the last.
    step_callbacks : sequence of callable
        Called with the solver after each step.
    checkpoints : path or Checkpoints, optional
        Where to save the state after each epoch. While it trains, Ctrl-C and SIGTERM then finish the step and save.
    checkpoint_every : int, optional
        Save after every so many steps, too.
    generator : Generator, default microtorch's own
        What the data are shuffled by.
    distributed : bool, default False
        Train on all ranks of `microtorch.distributed` together: each takes its part of every batch, evaluations are
        over all, rank 0 shows and saves. `batch_size` is that of all ranks together. State, checkpoints and callbacks
        are then calls of all ranks.
    sync_every : int, default 1
        With more, each rank steps by itself and the ranks' models become their mean after so many steps, and at the
        end of each epoch: for slow links; see `microtorch.distributed.LocalSteps`.
    outer : dict, optional
        ``lr``, ``momentum`` and ``nesterov`` of that: ``{"lr": 0.7, "momentum": 0.9, "nesterov": True}`` is DiLoCo's.

    Attributes
    ----------
    history : History
        All numbers.
    loss_history, grad_norm_history, train_acc_history, val_acc_history : list of float
        The former two by step, the latter by evaluation.
    best_val_acc : float
        The best monitored value.
    best_params : dict of str to Tensor, or None
        The model's state where that was reached.
    step, epoch, position : int
        Updates, epochs that are done, and batches of the present epoch that are done.

    Notes
    -----
    `resume` goes on from the newest checkpoint. What follows is bit for bit what would have followed without the
    interruption: parameters, buffers, optimizer, schedule, the order of the data and every generator are part of it.

    Examples
    --------
    >>> from microtorch.datasets import Digits
    >>> from microtorch.train import Solver
    >>> _ = microtorch.manual_seed(0)
    >>> model = nn.MLP([64, 32, 10])
    >>> solver = Solver(model, Digits(train=True), validation=Digits(train=False), update_rule="adam",
    ...                 optim_config={"learning_rate": 3e-3}, num_epochs=5, batch_size=32, verbose=False)
    >>> solver.train().evaluations["step"]
    [46, 92, 138, 184, 230]
    >>> solver.best_val_acc > 0.9
    True
    """

    def __init__(
        self,
        model,
        data,
        *,
        validation=None,
        loss=cross_entropy,
        optimizer=None,
        update_rule="adam",
        optim_config=None,
        lr_decay=1.0,
        scheduler=None,
        schedule_by="epoch",
        num_epochs=10,
        batch_size=100,
        metrics=None,
        monitor=None,
        clip_norm=None,
        accumulate=1,
        capture=None,
        threads=None,
        patience=None,
        restore_best=True,
        eval_every=None,
        num_train_samples=1000,
        num_val_samples=None,
        log_acc_iteration=False,
        log_grad_norm=False,
        print_every=None,
        verbose=True,
        callbacks=(),
        step_callbacks=(),
        checkpoints=None,
        checkpoint_every=None,
        generator=None,
        distributed=False,
        sync_every=1,
        outer=None,
    ):
        check_counts(
            num_epochs=num_epochs, batch_size=batch_size, accumulate=accumulate, eval_every=eval_every,
            print_every=print_every, checkpoint_every=checkpoint_every, patience=patience, sync_every=sync_every,
        )  # fmt: skip
        self.model, self.loss, self.schedule_by = model, loss, schedule_by
        self.eval_every, self.checkpoint_every = 1 if log_acc_iteration else eval_every, checkpoint_every
        periods = {"eval_every": self.eval_every, "checkpoint_every": checkpoint_every}
        self._ranks = (Ranks if distributed else Alone)(model, sync_every, outer, periods)
        self.optimizer = rule_of(model, optimizer, update_rule, optim_config)
        self.scheduler = schedule_of(self.optimizer, scheduler, lr_decay, schedule_by)
        self._set_data(data, validation, batch_size, num_train_samples, num_val_samples, generator)
        self.metrics = ({"accuracy": accuracy} if loss is cross_entropy else {}) if metrics is None else dict(metrics)
        self.monitor = monitor or ("val_accuracy" if "accuracy" in self.metrics else "val_loss")
        self.num_epochs, self.patience, self.restore_best = num_epochs, patience, restore_best
        self.verbose, self.print_every = verbose and self._ranks.first, print_every
        self.callbacks, self.step_callbacks = callbacks, step_callbacks
        if checkpoints is not None and not isinstance(checkpoints, Checkpoints):
            checkpoints = Checkpoints(checkpoints)
        self.checkpoints = checkpoints
        self._set_step(accumulate, clip_norm, capture, threads, log_grad_norm)
        self._interrupt = Interrupt(self._attend_soon, together=distributed)

    def _set_data(self, data, validation, batch_size, num_train_samples, num_val_samples, generator):
        data, validation = from_course(data, validation)
        dtype = next((p.dtype for p in self.model.parameters()), np.dtype(np.float32))
        loader = make_loader(data, batch_size, dtype, shuffle=True, generator=generator)
        self.loader = self._ranks.part(loader, training=True)
        self._train_sample = sample(loader, num_train_samples)
        self._validation = None
        if isinstance(validation, DataLoader) and num_val_samples is None:
            self._validation = validation
        elif validation is not None:
            self._validation = sample(make_loader(validation, 1000, dtype), num_val_samples)

    def _set_step(self, accumulate, clip_norm, capture, threads, log_grad_norm):
        self.accumulate, self.clip_norm = accumulate, clip_norm
        self._parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.history = History()
        self._norms = None
        if clip_norm is not None or log_grad_norm:
            self._norms = self.history.steps.columns["grad_norm"] = []
        if capture is None or capture:
            self._gradient_step = captured.CapturedStep(
                self._gradient_step, strict=bool(capture), threads=threads, quiet=not capture
            )
        else:
            self._gradient_step = waiting(threads).watched(self._gradient_step)
        self._told = capture is not None
        self.step = self.epoch = self.position = 0
        self.seconds = 0.0
        self.best_val_acc, self.best_params, self._stale = math.nan, None, 0
        self.stopped = False
        self._epoch_start = None  # the generators' states before the order of this epoch was drawn
        self._due = 0  # the step at which `_attend` has something to do

    # -- training ----------------------------------------------------------------------------------------------------

    def train(self):
        """Train up to `num_epochs`, from wherever it is.

        Returns
        -------
        History

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C. With `checkpoints`, the state has been saved.
        SystemExit
            With `checkpoints`, after SIGTERM: the state has been saved. The status is 143, as without them.
        CheckpointError
            If a state cannot be saved: found before the first step where that can be. `train` then goes on from there.
        """
        self._ranks.begin(self)
        if self.checkpoints is not None and self._ranks.first:
            self.checkpoints.check(sum(t.numel() * t.element_size() for t in self.model.state_dict().values()))
        total, done = (epochs * len(self.loader) for epochs in (self.num_epochs, self.epoch))
        saving = contextlib.nullcontext() if self.checkpoints is None else self._interrupt
        with Progress(total, done + self.position, self.verbose) as self._progress, saving:
            self._clock = time.perf_counter() - self.seconds
            while self.epoch < self.num_epochs and not self.stopped:
                self._run_epoch()
            self._ranks.settle(self, last=True)
        if self.restore_best and self.best_params is not None:
            self.model.load_state_dict(self.best_params)
        return self.history

    def stop(self):
        """Let the present epoch be the last; for callbacks."""
        self.stopped = True

    def _run_epoch(self):
        batches = self._batches()
        # One batch an update, as a tuple of one, or a list of several; zip is the quickest way to the former.
        several = iter(lambda: list(itertools.islice(batches, self.accumulate)), [])
        groups = zip(batches) if self.accumulate == 1 else several
        self.model.train()
        losses, update = self.history.steps["loss"], self._update
        self._schedule_attention()
        for group in groups:
            losses.append(update(group))
            if not self._told:
                self._tell_how()
            self.step += 1
            self.position += len(group)
            self._ranks.after_step(self)
            if self.step >= self._due:
                self._attend()
        self._finish_epoch()

    def _update(self, group):
        """One step by the mean of the gradients of a few batches; the mean of their losses."""
        losses, norm = self._gradient_step(group, self._ranks.shares(self, group))
        if norm is not None:
            self._norms.append(norm.item())
        return sum([loss.item() for loss in losses])

    def _gradient_step(self, group, shares):
        self.optimizer.zero_grad()
        losses = []
        for i, (inputs, targets) in enumerate(group):
            with self._ranks.joint(i + 1 == len(group)):
                loss = self.loss(self._ranks.model(inputs), targets)
                if len(group) > 1:
                    loss = loss / len(group)
                if shares is not None and shares[i] != 1:
                    loss = loss * shares[i]
                loss.backward()
            losses.append(loss.detach())
        norm = None if self._norms is None else self._clip()
        self.optimizer.step()
        return losses, norm

    def _clip(self):
        """The norm of all gradients, after which it is at most `clip_norm`."""
        if self.clip_norm is not None:
            return clip_grad_norm_(self._parameters, self.clip_norm)
        return get_total_norm([p.grad for p in self._parameters if p.grad is not None])

    def _batches(self):
        """The batches of this epoch that are still to come."""
        generators = generators_of(self)
        if self.position == 0:
            self._epoch_start, batches = self._ranks.start_epoch(generators, self.loader)
            return batches
        now = [generator.get_state() for generator in generators]
        set_states(generators, self._epoch_start)
        batches = self.loader.batches_from(self.position)
        set_states(generators, now)
        return batches

    # -- between steps -----------------------------------------------------------------------------------------------

    def _attend(self):
        """Everything that is not done after each step."""
        if self.schedule_by == "step" and self.scheduler is not None:
            self._step_schedule()
        loss = self.history.steps["loss"][-1]
        self._progress.update(self.epoch * len(self.loader) + self.position, loss)
        if self.print_every and self.step % self.print_every == 0:
            total = self.num_epochs * math.ceil(len(self.loader) / self.accumulate)
            self._progress.say(f"(Iteration {self.step} / {total}) loss: {loss:f}")
        if self.eval_every and self.step % self.eval_every == 0:
            evaluate_training(self)
        for callback in self.step_callbacks:
            callback(self)
        if self.position < len(self.loader):  # else the epoch's own checkpoint is about to be saved
            wanted = self.checkpoint_every and self.step % self.checkpoint_every == 0
            if self.checkpoints is not None and (wanted or self._interrupt.asked):
                self._save()
        self._schedule_attention()

    def _schedule_attention(self):
        """Find the next step at which `_attend` has something to do: the others cost one comparison."""
        periods = (self.print_every, self.eval_every, self.checkpoint_every)
        due = [(self.step // period + 1) * period for period in periods if period]
        due.append(self.step + self._progress.steps_to_next(self.step))
        if self.step_callbacks or (self.schedule_by == "step" and self.scheduler is not None):
            due.append(self.step + 1)
        self._due = min(due)
        if self._interrupt.asked:
            self._due = 0

    def _attend_soon(self):
        self._due = 0

    def _step_schedule(self):
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(self.history.evaluations[self.monitor][-1])
        else:
            self.scheduler.step()

    def _tell_how(self):
        """Say once, after the first step, how steps are made."""
        self._told, why = True, self._gradient_step.why_eager
        how = "are recorded and replayed: the same numbers, sooner" if why is None else f"run eagerly: {why}"
        self._progress.say(f"Steps {how} (capture=False turns {'that' if why is None else 'the attempt'} off)")

    def _finish_epoch(self):
        self._ranks.settle(self)  # whether or not somebody looks: what follows is then the same
        last = self.epoch + 1 == self.num_epochs
        evaluated = len(self.history.evaluations) and self.history.evaluations["step"][-1] == self.step
        if not evaluated and (self.eval_every is None or last):
            evaluate_training(self)
        if self.schedule_by == "epoch" and self.scheduler is not None:
            self._step_schedule()
        self.epoch += 1
        self.position = 0
        self._progress.update(self.epoch * len(self.loader), self.history.steps["loss"][-1])
        if self.patience is not None and self._stale >= self.patience:
            self._progress.say(f"no better {self.monitor} in {self._stale} evaluations: stopping")
            self.stopped = True
        for callback in self.callbacks:
            callback(self)
        if self.checkpoints is not None:
            self._save()

    # -- saving and resuming -----------------------------------------------------------------------------------------

    def resume(self):
        """Go on from the newest checkpoint: `train` then does what is left.

        Returns
        -------
        bool
            Whether there was one.

        Raises
        ------
        CheckpointError
            If it is damaged or of another training. Everything is then as it was.
        """
        if self.checkpoints is None:
            raise ValueError("Solver: resume needs checkpoints: Solver(..., checkpoints='folder').")
        state = self._ranks.read(self.checkpoints)
        if state is not None:
            self.load_state_dict(state)
        return state is not None

    def state_dict(self):
        """All that a training consists of, to be saved between two steps."""
        return state_of(self)

    def load_state_dict(self, state_dict):
        """Go on from a saved state; raises CheckpointError if it does not fit, and leaves everything as it was."""
        load_state(self, state_dict)

    def _save(self):
        self.seconds = time.perf_counter() - self._clock
        self._ranks.settle(self)
        state = self.state_dict()
        path = self.checkpoints.save(state, self.step) if self._ranks.first else None
        if self._interrupt.asked:
            self._ranks.wait_for_all()
            self._progress.say(
                f"Stopped after step {self.step}; all is saved in {path}. Go on with resume() and train()."
            )
            self._interrupt.go()
