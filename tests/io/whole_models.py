"""Models of the user's own, that tests save whole and load again."""

import microtorch
from microtorch import nn
from microtorch.nn import functional as F


class Net(nn.Module):
    def __init__(self, hidden=8):
        super().__init__()
        self.hidden, self.scales, self.options = hidden, (0.5, 2.0), {"slope": 0.1, 3: None}
        self.activation = F.relu
        self.fc1, self.fc2 = nn.Linear(4, hidden), nn.Linear(hidden, 4)
        self.norm = nn.BatchNorm1d(hidden)
        self.fc2.bias.requires_grad_(False)
        self.tied = nn.Linear(4, hidden, bias=False)
        self.tied.weight = self.fc1.weight
        self.again = self.fc1
        self.register_buffer("shift", microtorch.arange(4.0), persistent=False)

    def forward(self, x):
        return self.fc2(self.norm(self.activation(self.fc1(x)) + self.tied(x))) + self.shift


class Strict(nn.Module):
    def __new__(cls):
        raise AssertionError("it was run")
