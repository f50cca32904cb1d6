"""A Hamiltonian whose gradient, turned, is a field; sines for activations, their weights drawn as they should be."""

import numpy as np
import torch

torch.manual_seed(0)


class Sine(torch.nn.Module):
    def __init__(self, w0=1.0):
        super().__init__()
        self.w0 = w0

    def forward(self, x):
        return torch.sin(self.w0 * x)


net = torch.nn.Sequential(torch.nn.Linear(2, 20), Sine(3.0), torch.nn.Linear(20, 20), Sine(), torch.nn.Linear(20, 1))
for layer in net:
    if isinstance(layer, torch.nn.Linear):
        bound = np.sqrt(6 / layer.weight.size(-1)) / 3
        layer.weight.data.uniform_(-bound, bound)
M = torch.eye(2)[[1, 0]] * torch.tensor([[1.0], [-1.0]])
angle = np.linspace(0, 2 * np.pi, 16)
x = torch.tensor(np.stack([np.cos(angle), np.sin(angle)], 1), requires_grad=True, dtype=torch.float32)
dxdt = torch.tensor(np.stack([np.sin(angle), -np.cos(angle)], 1), dtype=torch.float32)
optimizer = torch.optim.Adam(net.parameters(), 1e-3, weight_decay=1e-4)
losses = []
for step in range(6):
    H = net(x).sum()
    field = torch.autograd.grad(H, x, create_graph=True)[0] @ M.t()
    loss = (dxdt - field).pow(2).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    losses.append(loss.item())
