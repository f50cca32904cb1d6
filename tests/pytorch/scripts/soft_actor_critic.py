"""A squashed Gaussian policy with rsample, two critics, and slow copies of them."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal

torch.manual_seed(0)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.mu, self.log_std = nn.Linear(3, 16), nn.Linear(16, 1), nn.Linear(16, 1)

    def forward(self, x):
        h = F.relu(self.fc(x))
        dist = Normal(self.mu(h), F.softplus(self.log_std(h)))
        raw = dist.rsample()
        action = torch.tanh(raw)
        return action, dist.log_prob(raw) - torch.log(1 - action.pow(2) + 1e-7)


class Q(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, s, a):
        return self.net(torch.cat([s, a], dim=1))


pi, q1, q2 = Policy(), Q(), Q()
target = copy.deepcopy(q1)
log_alpha = torch.tensor(-1.0, requires_grad=True)
opt_q = torch.optim.Adam(list(q1.parameters()) + list(q2.parameters()), lr=1e-2)
opt_pi = torch.optim.Adam(pi.parameters(), lr=5e-3)
opt_alpha = torch.optim.Adam([log_alpha], lr=1e-2)
losses = []
for step in range(4):
    s, a, s2 = torch.randn(12, 3), torch.rand(12, 1) * 2 - 1, torch.randn(12, 3)
    with torch.no_grad():
        a2, logp2 = pi(s2)
        y = s[:, :1] * a + 0.98 * (target(s2, a2) - log_alpha.exp() * logp2)
    q_loss = F.smooth_l1_loss(q1(s, a), y) + F.smooth_l1_loss(q2(s, a), y)
    opt_q.zero_grad()
    q_loss.backward()
    opt_q.step()
    action, logp = pi(s)
    pi_loss = (
        log_alpha.exp().detach() * logp - torch.min(torch.cat([q1(s, action), q2(s, action)], 1), 1, keepdim=True)[0]
    ).mean()
    opt_pi.zero_grad()
    pi_loss.backward()
    opt_pi.step()
    alpha_loss = -(log_alpha.exp() * (logp + 1.0).detach()).mean()
    opt_alpha.zero_grad()
    alpha_loss.backward()
    opt_alpha.step()
    for p, t in zip(q1.parameters(), target.parameters()):
        t.data.copy_(t.data * 0.99 + p.data * 0.01)
    losses.extend([q_loss.item(), pi_loss.item(), alpha_loss.item()])
