"""What users write; `make lint` runs pyright and mypy over it: no error may be found here."""

from typing import Any

import numpy as np

import microtorch
from microtorch import Tensor, nn, optim
from microtorch.data import DataLoader, TensorDataset
from microtorch.nn import functional as F


class Net(nn.Module):
    def __init__(self, features: int, classes: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(features, 32)
        self.norm = nn.BatchNorm1d(32)
        self.drop = nn.Dropout(0.1)
        self.fc2 = nn.Linear(32, classes, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.drop(F.relu(self.norm(self.fc1(x))))
        return self.fc2(h)


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    right = total = 0
    with microtorch.no_grad():
        for images, labels in loader:
            predicted = model(images).argmax(dim=1)
            right += int((predicted == labels).sum().item())
            total += labels.size(0)
    return right / total


def main() -> None:
    microtorch.manual_seed(0)
    x, y = microtorch.randn(64, 4), microtorch.randint(0, 3, (64,))
    loader = DataLoader(TensorDataset(x, y), batch_size=16, shuffle=True)
    net = Net(4, 3)
    optimizer = optim.Adam(net.parameters(), lr=1e-3, betas=(0.9, 0.999))
    schedule = optim.lr_scheduler.StepLR(optimizer, step_size=2)
    criterion = nn.CrossEntropyLoss()
    for _ in range(3):
        for inputs, labels in loader:
            optimizer.zero_grad()
            loss = criterion(net(inputs), labels)
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        schedule.step()
    print(f"accuracy {accuracy(net, loader):.2f}")


def tensors() -> Tensor:
    t = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    a = (2 * t + 1) ** 2 / t.exp() - t.T @ t
    b = a.sum(dim=0, keepdim=True).clamp(min=0).reshape(-1).view(2, 1)
    values, indices = t.sort(dim=1, descending=True)
    c = microtorch.cat([values, t.detach()], dim=0)[1:, 0].unsqueeze(0)
    d = microtorch.where(t > 0, t, 0.0).mean() + np.exp(1.0)
    e = microtorch.stack([t.softmax(dim=-1), nn.Linear(2, 2)(t)]).permute(2, 0, 1).contiguous()
    grads: Any = microtorch.autograd.grad(d, t, create_graph=True)
    total: float = e.sum().item() + float(indices.sum())
    array: np.ndarray = c.detach().numpy()
    shape: tuple[int, ...] = t.shape
    print(total, array, shape, grads, len(t), t.dtype == microtorch.float32)
    for row in t:
        print(row.norm().item())
    return b.expand(2, 3) if b.requires_grad else b


model = nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1), nn.Sigmoid())
out = model(microtorch.zeros(2, 4)).squeeze(1)
weight = nn.Linear(2, 3).weight
nn.init.kaiming_uniform_(weight)
state = model.state_dict()
model.load_state_dict(state)
microtorch.save(state, "model.npz")
