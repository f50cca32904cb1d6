"""Planted mistakes: pyright and mypy must find one on each line that says so."""

import microtorch
from microtorch import nn, optim

model = nn.Linear(2, 3)
x = microtorch.zeros(4, 2)

optim.Adam(model.parameters(), lrr=1)  # mistake
nn.Linear("2", 3)  # mistake
x.expp()  # mistake
nn.Linear(2, 3)(x).reluu()  # mistake
microtorch.zeross(3)  # mistake
nn.Linear(2)  # mistake
nn.CrossEntropyLoss(reduction="maen")  # mistake
x.sum(dims=0)  # mistake
x.sort().valuess  # mistake
nn.functional.dropout(x, p="0.5")  # mistake
