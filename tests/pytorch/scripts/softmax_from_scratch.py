"""Softmax regression without modules, and gather in the place of cross entropy."""

import torch
import torch.utils.data as Data

torch.manual_seed(0)
torch.set_printoptions(precision=3)
features, labels = torch.normal(0, 1, size=(60, 7)), torch.randint(3, size=(60,))
W = torch.normal(0, 0.01, size=(7, 3), requires_grad=True)
b = torch.zeros(3, requires_grad=True)


def softmax(X):
    X_exp = X.exp()
    return X_exp / X_exp.sum(dim=1, keepdim=True)


def cross_entropy(y_hat, y):
    return -torch.log(y_hat.gather(1, y.view(-1, 1)))


def sgd(params, lr, batch_size):
    for param in params:
        param.data -= lr * param.grad / batch_size


losses = []
for epoch in range(2):
    for X, y in Data.DataLoader(Data.TensorDataset(features, labels), 20, shuffle=True):
        loss = cross_entropy(softmax(torch.mm(X.view((-1, 7)), W) + b), y).sum()
        if W.grad is not None:
            W.grad.data.zero_()
            b.grad.data.zero_()
        loss.backward()
        sgd([W, b], 0.1, 20)
        losses.append(loss.item())
