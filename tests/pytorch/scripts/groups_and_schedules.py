"""Groups of parameters with rates of their own, warm-up, a plateau, frozen layers, early stopping."""

import copy

import torch
import torch.nn as nn
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.LayerNorm(12), nn.Linear(12, 1))
for name, param in model.named_parameters():
    if name.startswith("2"):
        param.requires_grad = False
decay = [p for n, p in model.named_parameters() if p.requires_grad and p.dim() > 1]
rest = [p for n, p in model.named_parameters() if p.requires_grad and p.dim() <= 1]
optimizer = torch.optim.SGD(
    [{"params": decay, "weight_decay": 0.01}, {"params": rest, "lr": 0.02}], lr=0.05, momentum=0.9, nesterov=True
)
warmup = LambdaLR(optimizer, lr_lambda=lambda epoch: min(1.0, (epoch + 1) / 4))
plateau = ReduceLROnPlateau(optimizer, mode="min", factor=0.1, patience=0)
x, y = torch.randn(30, 6), torch.randn(30, 1)
best, best_state, losses = float("inf"), None, []
for epoch in range(8):
    optimizer.zero_grad(set_to_none=True)
    loss = nn.functional.huber_loss(model(x), y, delta=0.5)
    loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), 0.1)
    optimizer.step()
    if epoch < 4:
        warmup.step()
    else:
        plateau.step(loss.detach())
    if loss.item() < best:
        best, best_state = loss.item(), copy.deepcopy(model.state_dict())
    losses.extend([loss.item(), *(group["lr"] for group in optimizer.param_groups)])
model.load_state_dict(best_state)
losses.append(model(x).sum().item())
