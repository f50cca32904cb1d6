"""Weights that are distributions: a mixture for prior, samples with the trick, several of them per step."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Gaussian(object):
    def __init__(self, mu, rho):
        self.mu, self.rho = mu, rho
        self.normal = torch.distributions.Normal(0, 1)

    @property
    def sigma(self):
        return torch.log1p(torch.exp(self.rho))

    def sample(self):
        epsilon = self.normal.sample(self.rho.size())
        return self.mu + self.sigma * epsilon

    def log_prob(self, input):
        term = -math.log(math.sqrt(2 * math.pi)) - torch.log(self.sigma)
        return (term - ((input - self.mu) ** 2) / (2 * self.sigma**2)).sum()


class BayesianLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.mu = nn.Parameter(torch.Tensor(n_out, n_in).uniform_(-0.2, 0.2))
        self.rho = nn.Parameter(torch.Tensor(n_out, n_in).uniform_(-5, -4))
        self.weight = Gaussian(self.mu, self.rho)

    def forward(self, x):
        w = self.weight.sample()
        prior = torch.log(0.5 * torch.exp(-0.5 * w**2) + 0.5 * torch.exp(-0.5 * (w / 0.1) ** 2) / 0.1).sum()
        return F.linear(x, w), self.weight.log_prob(w) - prior


layer1, layer2 = BayesianLinear(3, 10), BayesianLinear(10, 1)
optimizer = torch.optim.Adam([*layer1.parameters(), *layer2.parameters()])
x = torch.randn(20, 3)
y = x.sum(1, keepdim=True) + 0.1 * torch.randn(20, 1)
losses = []
for step in range(5):
    layer1.zero_grad()
    layer2.zero_grad()
    total = torch.zeros(2)
    for i in range(2):
        h, kl1 = layer1(x)
        out, kl2 = layer2(F.relu(h))
        total[i] = F.mse_loss(out, y, reduction="sum") + (kl1 + kl2) / 100
    loss = total.mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
