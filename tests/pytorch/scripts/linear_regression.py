"""Linear regression on numpy's data, the model saved and read again."""

import os
import tempfile

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(2)
x_train = np.array([[3.3], [4.4], [5.5], [6.71], [6.93], [4.168]], dtype=np.float32)
y_train = np.array([[1.7], [2.76], [2.09], [3.19], [1.694], [1.573]], dtype=np.float32)
model = nn.Linear(1, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
losses = []
for epoch in range(8):
    inputs, targets = torch.from_numpy(x_train), torch.from_numpy(y_train)
    loss = criterion(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.ckpt")
    torch.save(model.state_dict(), path)
    again = nn.Linear(1, 1)
    again.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
losses.append(again(torch.from_numpy(x_train)).detach().numpy().sum().item())
