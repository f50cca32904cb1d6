"""A network that obeys the equation of a damped oscillator: derivatives of the output by the input, twice."""

import torch
import torch.nn as nn

torch.manual_seed(123)


class FCN(nn.Module):
    def __init__(self, n_in, n_out, n_hidden, n_layers):
        super().__init__()
        activation = nn.Tanh
        self.fcs = nn.Sequential(*[nn.Linear(n_in, n_hidden), activation()])
        hidden = [nn.Sequential(*[nn.Linear(n_hidden, n_hidden), activation()]) for _ in range(n_layers - 1)]
        self.fch = nn.Sequential(*hidden)
        self.fce = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        return self.fce(self.fch(self.fcs(x)))


d, w0 = 2, 20
mu, k = 2 * d, w0**2
x = torch.linspace(0, 1, 60).view(-1, 1)
y = torch.exp(-d * x) * torch.cos((w0**2 - d**2) ** 0.5 * x)
x_data, y_data = x[0:24:6], y[0:24:6]
x_physics = torch.linspace(0, 1, 20).view(-1, 1).requires_grad_(True)
model = FCN(1, 1, 16, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
losses = []
for i in range(6):
    optimizer.zero_grad()
    loss1 = torch.mean((model(x_data) - y_data) ** 2)
    yhp = model(x_physics)
    dx = torch.autograd.grad(yhp, x_physics, torch.ones_like(yhp), create_graph=True)[0]
    dx2 = torch.autograd.grad(dx, x_physics, torch.ones_like(dx), create_graph=True)[0]
    loss2 = 1e-4 * torch.mean((dx2 + mu * dx + k * yhp) ** 2)
    loss = loss1 + loss2
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
