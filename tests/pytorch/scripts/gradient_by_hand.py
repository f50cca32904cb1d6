"""A network of two layers whose gradients are written out, with tensors alone."""

import torch

dtype = torch.float
device = torch.device("cpu")
torch.manual_seed(1)
x, y = torch.randn(32, 20, device=device, dtype=dtype), torch.randn(32, 4, device=device, dtype=dtype)
w1, w2 = torch.randn(20, 15, device=device, dtype=dtype), torch.randn(15, 4, device=device, dtype=dtype)
losses = []
for step in range(8):
    hidden = x.mm(w1)
    active = hidden.clamp(min=0)
    prediction = active.mm(w2)
    losses.append((prediction - y).pow(2).sum().item())
    d_prediction = 2.0 * (prediction - y)
    d_w2 = active.t().mm(d_prediction)
    d_hidden = d_prediction.mm(w2.t()).clone()
    d_hidden[hidden < 0] = 0
    w1 -= 1e-5 * x.t().mm(d_hidden)
    w2 -= 1e-5 * d_w2
