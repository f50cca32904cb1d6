"""The MNIST lesson as PyTorch's courses write it: nothing but the imports is microtorch's.

MICROTORCH_DATA=... python examples/mnist_lesson.py
"""

import microtorch as torch
import microtorch.nn as nn
from microtorch.data import DataLoader
from microtorch.datasets import MNIST
from microtorch.datasets.transforms import ToTensor

train_dataset = MNIST(root="./data", train=True, transform=ToTensor(), download=True)
test_dataset = MNIST(root="./data", train=False, transform=ToTensor())

batch_size = 100
n_iters = 3000
num_epochs = int(n_iters / (len(train_dataset) / batch_size))

train_loader = DataLoader(dataset=train_dataset, batch_size=batch_size, shuffle=True)
test_loader = DataLoader(dataset=test_dataset, batch_size=batch_size, shuffle=False)


class FeedforwardNeuralNetModel(nn.Module):
    def __init__(self, input_dim, hidden_dim, output_dim):
        super().__init__()
        self.fc1 = nn.Linear(input_dim, hidden_dim)
        self.relu = nn.ReLU()
        self.fc2 = nn.Linear(hidden_dim, output_dim)

    def forward(self, x):
        out = self.fc1(x)
        out = self.relu(out)
        return self.fc2(out)


model = FeedforwardNeuralNetModel(28 * 28, 100, 10)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

iteration = 0
for _ in range(num_epochs):
    for images, labels in train_loader:
        images = images.view(-1, 28 * 28).requires_grad_()
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()

        iteration += 1
        if iteration % 500 == 0:
            correct = 0
            total = 0
            for images, labels in test_loader:
                images = images.view(-1, 28 * 28)
                outputs = model(images)
                _, predicted = torch.max(outputs.data, 1)
                total += labels.size(0)
                correct += (predicted == labels).sum()
            accuracy = 100 * correct / total
            print(f"Iteration: {iteration}. Loss: {loss.item()}. Accuracy: {accuracy}")
