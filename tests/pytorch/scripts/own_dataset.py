"""A Dataset over a table, split at random, with a collate_fn, weights in the loss, and a confusion matrix."""

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, Subset, random_split

np.random.seed(1)
torch.manual_seed(1)
table = np.column_stack([np.random.randn(50, 3), np.random.randint(0, 3, 50)]).astype(np.float32)


class TableDataset(Dataset):
    def __init__(self, xy, transform=None):
        self.n_samples = xy.shape[0]
        self.x_data, self.y_data = torch.from_numpy(xy[:, :-1].copy()), torch.from_numpy(xy[:, -1].astype(np.int64))
        self.transform = transform

    def __getitem__(self, index):
        sample = self.x_data[index], self.y_data[index]
        return self.transform(sample) if self.transform else sample

    def __len__(self):
        return self.n_samples


def collate(batch):
    xs, ys = zip(*batch)
    return {"x": torch.stack(xs, 0), "y": torch.stack(ys)}


dataset = TableDataset(table, transform=lambda sample: (sample[0] * 2, sample[1]))
train, valid = random_split(dataset, [40, 10])
loader = DataLoader(train, batch_size=8, shuffle=True, collate_fn=collate, drop_last=True)
counts = torch.bincount(dataset.y_data, minlength=3)
model = nn.Sequential(nn.Linear(3, 10), nn.ReLU(inplace=True), nn.Linear(10, 3), nn.LogSoftmax(dim=1))
criterion = nn.NLLLoss(weight=counts.sum() / counts.float())
optimizer = optim.Adagrad(model.parameters(), lr=0.05)
losses = []
for epoch in range(2):
    for batch in loader:
        optimizer.zero_grad()
        loss = criterion(model(batch["x"]), batch["y"])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
confusion = torch.zeros(3, 3)
with torch.no_grad():
    for x, y in DataLoader(Subset(valid, range(8)), batch_size=4):
        values, indices = torch.exp(model(x)).topk(1, dim=1)
        for t, p in zip(y.view(-1), indices.view(-1)):
            confusion[t.long(), p.long()] += 1
losses.extend([confusion.diag().sum().item(), *confusion.sum(1).tolist()])
