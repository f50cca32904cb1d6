"""A Module whose gradients are used by hand, then by an optimizer."""

import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 3))
criterion = nn.MSELoss(reduction="sum")
x, y = torch.randn(20, 10), torch.randn(20, 3)
losses = []
for t in range(4):
    loss = criterion(model(x), y)
    losses.append(loss.item())
    model.zero_grad()
    loss.backward()
    with torch.no_grad():
        for param in model.parameters():
            param -= 1e-4 * param.grad
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, momentum=0.9)
for t in range(6):
    loss = criterion(model(x), y)
    losses.append(loss.item())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
