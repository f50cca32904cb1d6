"""The classifier of the courses: a class, a loader, a device, an evaluation without gradients."""

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.manual_seed(0)
torch.backends.cudnn.deterministic = True
images, labels = torch.rand(96, 1, 8, 8), torch.randint(0, 5, (96,))
train_loader = DataLoader(TensorDataset(images[:64], labels[:64]), batch_size=16, shuffle=True, num_workers=0)
test_loader = DataLoader(dataset=TensorDataset(images[64:], labels[64:]), batch_size=16, shuffle=False)


class NeuralNet(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super(NeuralNet, self).__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(x)))


model = NeuralNet(64, 32, 5).to(device)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
losses = []
for epoch in range(2):
    for i, (x, y) in enumerate(train_loader):
        x, y = x.reshape(-1, 64).to(device), y.to(device)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
with torch.no_grad():
    correct = 0
    for x, y in test_loader:
        _, predicted = torch.max(model(x.reshape(-1, 64).to(device)).data, 1)
        correct += (predicted == y.to(device)).sum().item()
losses.append(correct / len(test_loader.dataset))
