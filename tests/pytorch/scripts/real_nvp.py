"""A flow of affine couplings with masks, and the density of its base."""

import torch
import torch.nn as nn
from torch.distributions import MultivariateNormal

torch.manual_seed(0)


class Coupling(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.s = nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(), nn.Linear(12, 2), nn.Tanh())
        self.t = nn.Sequential(nn.Linear(2, 12), nn.LeakyReLU(), nn.Linear(12, 2))

    def forward(self, x):
        kept = x * self.mask
        s, t = self.s(kept) * (1 - self.mask), self.t(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (x * torch.exp(s) + t), s.sum(dim=1)


layers = nn.ModuleList([Coupling(torch.tensor(m)) for m in ([0.0, 1.0], [1.0, 0.0], [0.0, 1.0])])
prior = MultivariateNormal(torch.zeros(2), torch.eye(2))
optimizer = torch.optim.Adam(layers.parameters(), lr=1e-3)
losses = []
for step in range(6):
    z = torch.randn(32, 2) * torch.tensor([1.0, 0.3]) + 0.5
    log_det = torch.zeros(len(z))
    for layer in layers:
        z, ld = layer(z)
        log_det += ld
    loss = -(prior.log_prob(z) + log_det).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
