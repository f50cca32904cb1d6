"""A polynomial fitted to a sine with autograd, its weights changed under no_grad."""

import math

import torch

torch.set_default_device("cpu")
torch.manual_seed(0)
x = torch.linspace(-math.pi, math.pi, 200, dtype=torch.float)
y = torch.sin(x)
weights = [torch.randn((), dtype=torch.float, requires_grad=True) for _ in range(4)]
losses = []
for t in range(10):
    prediction = sum(w * x**k for k, w in enumerate(weights))
    loss = (prediction - y).pow(2).sum()
    losses.append(loss.item())
    loss.backward()
    with torch.no_grad():
        for w in weights:
            w -= 1e-5 * w.grad
            w.grad = None
