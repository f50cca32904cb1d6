"""A Wasserstein critic with clipped weights, and with a penalty on its gradient."""

import torch
import torch.autograd as autograd
import torch.nn as nn

torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(5, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
generator = nn.Sequential(nn.Linear(3, 16), nn.ReLU(True), nn.Linear(16, 5))
optimizer_C = torch.optim.RMSprop(critic.parameters(), lr=5e-3)
optimizer_G = torch.optim.Adam(generator.parameters(), lr=5e-3)


def gradient_penalty(real, fake):
    alpha = torch.rand(real.size(0), 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    scores = critic(mixed)
    gradients = autograd.grad(
        outputs=scores,
        inputs=mixed,
        grad_outputs=torch.ones(scores.size()),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return ((gradients.view(gradients.size(0), -1).norm(2, dim=1) - 1) ** 2).mean()


losses = []
for step in range(6):
    real, fake = torch.randn(10, 5) + 1, generator(torch.randn(10, 3)).detach()
    loss = -torch.mean(critic(real)) + torch.mean(critic(fake))
    if step % 2:
        loss = loss + 10 * gradient_penalty(real.data, fake.data)
    optimizer_C.zero_grad()
    loss.backward()
    optimizer_C.step()
    for p in critic.parameters():
        p.data.clamp_(-0.5, 0.5)
    optimizer_G.zero_grad()
    g_loss = -critic(generator(torch.randn(10, 3))).mean()
    g_loss.backward()
    optimizer_G.step()
    losses.extend([loss.item(), g_loss.item()])
