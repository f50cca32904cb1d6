"""A network that gives a mixture of Gaussians, and its log-likelihood by logsumexp."""

import math

import torch
from torch import nn

torch.manual_seed(0)


class MDN(nn.Module):
    def __init__(self, hidden, count):
        super(MDN, self).__init__()
        self.z_h = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
        self.z_pi, self.z_mu, self.z_sigma = (nn.Linear(hidden, count) for _ in range(3))

    def forward(self, x):
        z = self.z_h(x)
        return nn.functional.log_softmax(self.z_pi(z), -1), self.z_mu(z), torch.exp(self.z_sigma(z))


x = torch.linspace(-3, 3, 40).unsqueeze(1)
y = x + 0.5 * torch.sin(2 * x) + 0.2 * torch.randn(40, 1)
model = MDN(12, 4)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
losses = []
for epoch in range(6):
    log_pi, mu, sigma = model(y)
    log_normal = -0.5 * ((x.expand_as(mu) - mu) / sigma) ** 2 - sigma.log() - 0.5 * math.log(2 * math.pi)
    loss = -torch.logsumexp(log_pi + log_normal, dim=1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
