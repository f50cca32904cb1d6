"""Two heads on one body: an actor with entropy, a critic with a smooth loss."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical

torch.manual_seed(1)


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 16)
        self.pi, self.v = nn.Linear(16, 4), nn.Linear(16, 1)

    def forward(self, x):
        x = F.relu(self.body(x))
        return F.softmax(self.pi(x), dim=-1), self.v(x)


model = ActorCritic()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
losses = []
for episode in range(5):
    states = torch.randn(10, 3)
    probs, values = model(states)
    dist = Categorical(probs)
    actions = dist.sample()
    rewards = (actions.float() * states[:, 0]).tolist()
    R, returns = 0, []
    for r in reversed(rewards):
        R = r + 0.98 * R
        returns.insert(0, R)
    returns = torch.tensor(returns, dtype=torch.float32)
    advantage = returns - values.squeeze(-1).detach()
    policy_loss = -(dist.log_prob(actions) * advantage).mean() - 0.01 * dist.entropy().mean()
    value_loss = F.smooth_l1_loss(values.squeeze(-1), returns)
    loss = policy_loss + value_loss
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    losses.append(loss.item())
