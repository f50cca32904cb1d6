"""Dropout and batch normalisation in training and in evaluation."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1)
x = torch.unsqueeze(torch.linspace(-1, 1, 24), 1)
y = x + 0.3 * torch.normal(torch.zeros(24, 1), torch.ones(24, 1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn_input = nn.BatchNorm1d(1, momentum=0.5)
        self.fcs = []
        self.bns = []
        for i in range(3):
            fc = nn.Linear(1 if i == 0 else 10, 10)
            setattr(self, "fc%i" % i, fc)
            nn.init.normal_(fc.weight, mean=0.0, std=0.1)
            nn.init.constant_(fc.bias, -0.2)
            self.fcs.append(fc)
            bn = nn.BatchNorm1d(10, momentum=0.5)
            setattr(self, "bn%i" % i, bn)
            self.bns.append(bn)
        self.predict = nn.Linear(10, 1)

    def forward(self, x):
        x = self.bn_input(x)
        for fc, bn in zip(self.fcs, self.bns):
            x = F.dropout(torch.tanh(bn(fc(x))), 0.2, training=self.training)
        return self.predict(x)


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.5)
losses = []
for t in range(6):
    net.train()
    loss = F.mse_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    net.eval()
    losses.extend([loss.item(), F.mse_loss(net(x), y).item()])
