"""A network that chooses its depth at each call and shares one layer's weights."""

import random

import torch


class DynamicNet(torch.nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super(DynamicNet, self).__init__()
        self.first = torch.nn.Linear(n_in, n_hidden)
        self.middle = torch.nn.Linear(n_hidden, n_hidden)
        self.last = torch.nn.Linear(n_hidden, n_out)

    def forward(self, x):
        h = self.first(x).clamp(min=0)
        for _ in range(random.randint(0, 3)):
            h = self.middle(h).clamp(min=0)
        return self.last(h)


torch.manual_seed(0)
random.seed(0)
model = DynamicNet(12, 10, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
x, y = torch.randn(16, 12), torch.randn(16, 2)
losses = []
for t in range(8):
    loss = torch.nn.functional.mse_loss(model(x), y)
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
