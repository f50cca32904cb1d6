"""Proximal policy optimisation with a Gaussian policy whose scale is a parameter."""

import torch
import torch.nn as nn
from torch.distributions.normal import Normal

torch.manual_seed(2)


def layer_init(layer, std=2**0.5, bias_const=0.0):
    torch.nn.init.orthogonal_(layer.weight, std)
    torch.nn.init.constant_(layer.bias, bias_const)
    return layer


actor = nn.Sequential(layer_init(nn.Linear(3, 16)), nn.Tanh(), layer_init(nn.Linear(16, 2), std=0.01))
critic = nn.Sequential(layer_init(nn.Linear(3, 16)), nn.Tanh(), layer_init(nn.Linear(16, 1), std=1.0))
logstd = nn.Parameter(torch.zeros(1, 2))
parameters = [*actor.parameters(), *critic.parameters(), logstd]
optimizer = torch.optim.Adam(parameters, lr=1e-2, eps=1e-5)
obs = torch.randn(24, 3)
with torch.no_grad():
    old = Normal(actor(obs), logstd.exp().expand(24, 2))
    actions = old.sample()
    old_logprob = old.log_prob(actions).sum(1)
    advantages = (obs[:, 0] * actions[:, 0]) - critic(obs).view(-1)
    returns = advantages + critic(obs).view(-1)
losses = []
for update in range(3):
    for idx in torch.randperm(24).chunk(3):
        mean = actor(obs[idx])
        dist = Normal(mean, torch.exp(logstd.expand_as(mean)))
        logratio = dist.log_prob(actions[idx]).sum(1) - old_logprob[idx]
        ratio = logratio.exp()
        adv = advantages[idx]
        adv = (adv - adv.mean()) / (adv.std() + 1e-8)
        pg_loss = torch.max(-adv * ratio, -adv * torch.clamp(ratio, 0.8, 1.2)).mean()
        v_loss = 0.5 * ((critic(obs[idx]).view(-1) - returns[idx]) ** 2).mean()
        loss = pg_loss - 0.01 * dist.entropy().sum(1).mean() + v_loss * 0.5
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 0.5)
        optimizer.step()
        losses.append(loss.item())
