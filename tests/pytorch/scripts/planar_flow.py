"""A planar flow fitted to a density that is known up to a constant."""

import math

import torch
from torch import nn

torch.manual_seed(3)


class Planar(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.u = nn.Parameter(torch.Tensor(1, dim))
        self.w = nn.Parameter(torch.Tensor(1, dim))
        self.b = nn.Parameter(torch.Tensor(1))
        for p in self.parameters():
            p.data.uniform_(-0.1, 0.1)

    def forward(self, z):
        activation = torch.nn.functional.linear(z, self.w, self.b)
        psi = (1 - torch.tanh(activation) ** 2) * self.w
        log_det = torch.log(torch.abs(1 + torch.mm(psi, self.u.t())) + 1e-4)
        return z + self.u * torch.tanh(activation), log_det


flow = nn.ModuleList(Planar(2) for _ in range(4))
optimizer = torch.optim.RMSprop(flow.parameters(), lr=1e-2)
losses = []
for i in range(6):
    z = torch.empty(50, 2).normal_()
    log_q = -0.5 * (z**2 + math.log(2 * math.pi)).sum(-1, keepdim=True)
    for layer in flow:
        z, log_det = layer(z)
        log_q = log_q - log_det
    log_p = -0.5 * ((torch.norm(z, p=2, dim=1) - 2) / 0.4) ** 2
    loss = (log_q.squeeze() - log_p).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
