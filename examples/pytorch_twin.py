"""The same training in PyTorch, where it is installed: same initial weights, same batches in the same order."""

import inspect
import time
from collections import OrderedDict
from importlib.util import find_spec

import numpy as np

AVAILABLE = find_spec("torch") is not None


def train(solver):
    """Train the PyTorch twin of a solver that has not begun; leaves the solver and its generators as they were.

    Returns a dict: ``losses`` by step, ``accuracies`` by evaluation, ``seconds`` of the CPU.
    """
    import torch

    model = twin(solver.model)
    options = {k: v for k, v in solver.optimizer.param_groups[0].items() if k not in ("params", "param_names")}
    kind = getattr(torch.optim, type(solver.optimizer).__name__)
    known = inspect.signature(kind).parameters
    optimizer = kind(model.parameters(), **{k: v for k, v in options.items() if k in known})
    decay = solver.scheduler.gamma if solver.scheduler else 1.0
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, decay)
    dtype = next(model.parameters()).dtype
    validation = everything(solver._validation.dataset, dtype)
    data = torch.utils.data.TensorDataset(*everything(solver.loader.dataset, dtype))
    losses, accuracies, begin = [], [], time.process_time()
    for batches in orders(solver):
        for x, y in torch.utils.data.DataLoader(data, batch_sampler=batches):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if solver.eval_every and len(losses) % solver.eval_every == 0:
                accuracies.append(accuracy(model, *validation))
        if not solver.eval_every:
            accuracies.append(accuracy(model, *validation))
        schedule.step()
    return {"losses": losses, "accuracies": accuracies, "seconds": time.process_time() - begin}


def twin(model):
    """A torch Sequential with the layers and the weights of an MLP, under the same names."""
    import torch

    arguments = {"Linear": ("in_features", "out_features"), "BatchNorm1d": ("num_features",)}
    layers = OrderedDict(flatten=torch.nn.Flatten())
    for name, layer in model.named_children():
        kind = type(layer).__name__
        layers[name] = getattr(torch.nn, kind)(*(getattr(layer, a) for a in arguments.get(kind, ())))
    dtype = getattr(torch, next(model.parameters()).dtype.name)
    other = torch.nn.Sequential(layers).to(dtype)
    other.load_state_dict({name: torch.from_numpy(np.array(t.numpy())) for name, t in model.state_dict().items()})
    return other


def orders(solver):
    """The batches of every epoch as lists of indices, in the order in which the solver will draw them."""
    generator = solver.loader.generator
    before = generator.get_state()
    drawn = [[batch.tolist() for batch in solver.loader.batch_sampler] for _ in range(solver.num_epochs)]
    generator.set_state(before)
    return drawn


def everything(dataset, dtype):
    """All samples as two torch tensors."""
    import torch

    inputs, targets = (torch.from_numpy(t.numpy()) for t in dataset.__getitems__(np.arange(len(dataset))))
    return inputs.to(dtype), targets


def accuracy(model, x, y):
    """Of the model in evaluation mode, on all samples at once."""
    import torch

    model.eval()
    with torch.no_grad():
        share = (model(x).argmax(1) == y).float().mean().item()
    model.train()
    return share
