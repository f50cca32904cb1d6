"""PyTorch made to draw its random numbers from microtorch's generator: the same weights, batches and masks in both.

``import twin`` in a process of its own, before a script; it replaces functions of torch's for that process.
"""

import numpy as np
import torch
import torch.utils.data.dataset
from torch.utils.data import RandomSampler

import microtorch
from microtorch.random import default_generator

_DTYPES = {torch.float32: np.float32, torch.float64: np.float64}


def source(generator):
    """numpy's generator inside `generator`, which is one of microtorch's, or inside its default one."""
    return (generator if isinstance(generator, microtorch.Generator) else default_generator).numpy


def shape_of(size, named):
    size = (named,) if named is not None else size
    return tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else tuple(size)


def made(array, dtype=None, requires_grad=False, **ignored):
    t = torch.from_numpy(np.array(array))
    t = t if dtype is None else t.to(dtype)
    return t.requires_grad_() if requires_grad else t


def floating(dtype):
    return _DTYPES[dtype or torch.get_default_dtype()]


def rand(*shape, size=None, generator=None, dtype=None, **options):
    return made(source(generator).random(shape_of(shape, size), floating(dtype)), dtype, **options)


def randn(*shape, size=None, generator=None, dtype=None, **options):
    return made(source(generator).standard_normal(shape_of(shape, size), floating(dtype)), dtype, **options)


def rand_like(input, dtype=None, **options):
    return rand(input.shape, dtype=dtype or input.dtype, **options)


def randn_like(input, dtype=None, **options):
    return randn(input.shape, dtype=dtype or input.dtype, **options)


def randint(low, high=None, size=None, *, generator=None, dtype=torch.int64, **options):
    if size is None:
        high, size = None, high
    low, high = (0, low) if high is None else (low, high)
    return made(source(generator).integers(low, high, tuple(size)), dtype, **options)


def randperm(n, *, generator=None, dtype=torch.int64, **options):
    return made(source(generator).permutation(n), dtype, **options)


def normal(mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, **options):
    tensors = [x for x in (mean, std) if isinstance(x, torch.Tensor)]
    dtype = dtype or (tensors[0].dtype if tensors else None)
    mean, std = (x.detach().numpy() if isinstance(x, torch.Tensor) else float(x) for x in (mean, std))
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std)) if tensors else tuple(size)
    drawn = np.asarray(source(generator).standard_normal(shape, floating(dtype)))
    return made(np.asarray(drawn * std + mean).astype(floating(dtype)), dtype, **options)


def bernoulli(input, p=None, *, generator=None):
    probability = input.detach().numpy() if p is None else p
    return made(source(generator).random(tuple(input.shape)) < probability).to(input.dtype)


def multinomial(input, num_samples, replacement=False, *, generator=None):
    weights = microtorch.tensor(input.detach().numpy())
    return made(microtorch.multinomial(weights, num_samples, replacement, generator=generator).numpy())


@torch.no_grad()
def uniform_(self, a=0.0, b=1.0, *, generator=None):
    drawn = source(generator).random(tuple(self.shape), _DTYPES[self.dtype])
    return self.copy_(made(drawn * float(b - a) + float(a)))


@torch.no_grad()
def normal_(self, mean=0.0, std=1.0, *, generator=None):
    return self.copy_(made(source(generator).standard_normal(tuple(self.shape), _DTYPES[self.dtype]) * std + mean))


def random_(self, *limits, generator=None):
    if self.ndim == 0 and not limits:  # what a DataLoader seeds workers with, and microtorch has none
        return self.fill_(1)
    return self.copy_(made(source(generator).integers(*limits, tuple(self.shape))))


def orthogonal_(tensor, gain=1, generator=None):
    drawn = microtorch.nn.init.orthogonal_(microtorch.empty(*tensor.shape), gain, generator)
    with torch.no_grad():
        return tensor.copy_(made(drawn.numpy()))


def dropout(input, p=0.5, training=True, inplace=False):
    if not training or p == 0:
        return input
    mask = microtorch.nn.functional.dropout(microtorch.ones(*input.shape), p).numpy()
    return input * made(mask, input.dtype)


def indices(self):
    n, count = len(self.data_source), self.num_samples
    if self.replacement:
        return iter(source(self.generator).integers(n, size=count).tolist())
    rounds = [source(self.generator).permutation(n) for _ in range(-(-count // n))]
    return iter(np.concatenate(rounds)[:count].tolist())


_seed = torch.manual_seed


def manual_seed(seed):
    microtorch.manual_seed(seed)
    return _seed(seed)


for _function in (rand, randn, rand_like, randn_like, randint, randperm, normal, bernoulli, multinomial, manual_seed):
    setattr(torch, _function.__name__, _function)
for _function in (uniform_, normal_, random_, bernoulli, multinomial):
    setattr(torch.Tensor, _function.__name__, _function)
torch.nn.init.orthogonal_ = orthogonal_
torch.nn.functional.dropout = dropout
torch.utils.data.dataset.randperm = randperm
RandomSampler.__iter__ = indices
torch.Generator = microtorch.Generator
