"""Burgers' equation on a grid, in float64, with a coefficient to be found and L-BFGS with a closure."""

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
np.random.seed(0)


class PhysicsInformedNN:
    def __init__(self, X, u):
        self.x = torch.tensor(X[:, 0:1], requires_grad=True)
        self.t = torch.tensor(X[:, 1:2], requires_grad=True)
        self.u = torch.tensor(u)
        self.nu = torch.nn.Parameter(torch.tensor([0.1]))
        self.dnn = torch.nn.Sequential(torch.nn.Linear(2, 10), torch.nn.Tanh(), torch.nn.Linear(10, 1))
        self.dnn.register_parameter("nu", self.nu)
        self.optimizer = torch.optim.LBFGS(
            self.dnn.parameters(), lr=0.5, max_iter=4, history_size=5, line_search_fn="strong_wolfe"
        )

    def net_f(self):
        u = self.dnn(torch.cat([self.x, self.t], dim=1))
        ones = torch.ones_like(u)
        u_t = torch.autograd.grad(u, self.t, grad_outputs=ones, retain_graph=True, create_graph=True)[0]
        u_x = torch.autograd.grad(u, self.x, grad_outputs=ones, retain_graph=True, create_graph=True)[0]
        u_xx = torch.autograd.grad(u_x, self.x, grad_outputs=ones, retain_graph=True, create_graph=True)[0]
        return u, u_t + u * u_x - self.nu * u_xx

    def loss_func(self):
        self.optimizer.zero_grad()
        u_pred, f = self.net_f()
        loss = torch.mean((u_pred - self.u) ** 2) + torch.mean(f**2)
        loss.backward()
        losses.append(loss.item())
        return loss


losses = []
X, T = np.meshgrid(np.linspace(-1, 1, 6), np.linspace(0, 1, 5))
points = np.hstack((X.flatten()[:, None], T.flatten()[:, None]))
model = PhysicsInformedNN(points, -np.sin(np.pi * points[:, 0:1]))
for epoch in range(2):
    model.optimizer.step(model.loss_func)
torch.set_default_dtype(torch.float32)
