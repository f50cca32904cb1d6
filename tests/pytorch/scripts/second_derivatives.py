"""Hessians, Jacobians, a Newton step, and a learning rate learnt through a training step."""

import torch
from torch.autograd.functional import hessian, jacobian

torch.manual_seed(0)


def rosenbrock(v):
    return (1 - v[0]) ** 2 + 100 * (v[1] - v[0] ** 2) ** 2


v = torch.tensor([-1.2, 1.0], dtype=torch.float64)
losses = []
for step in range(3):
    H, g = hessian(rosenbrock, v), jacobian(rosenbrock, v)
    v = v - torch.linalg.solve(H, g)
    losses.append(rosenbrock(v).item())
w = torch.randn(4, 2, requires_grad=True)
lr = torch.tensor(0.1, requires_grad=True)
x, y = torch.randn(10, 4), torch.randn(10, 2)
for step in range(3):
    inner = ((x @ w - y) ** 2).mean()
    (dw,) = torch.autograd.grad(inner, w, create_graph=True)
    outer = ((x @ (w - lr * dw) - y) ** 2).mean()
    outer.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        lr -= 0.01 * lr.grad
    w.grad, lr.grad = None, None
    losses.extend([inner.item(), outer.item(), lr.item()])
