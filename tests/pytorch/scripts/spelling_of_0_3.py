"""The spellings of before PyTorch 0.4: Variable, FloatTensor, type, new."""

import torch
from torch.autograd import Variable

Tensor = torch.cuda.FloatTensor if torch.cuda.is_available() else torch.FloatTensor
torch.manual_seed(5)
x_data = Variable(torch.Tensor([[1.0], [2.0], [3.0], [4.0]]))
y_data = Variable(torch.Tensor([[0], [0], [1], [1]]).type(Tensor))
w = Variable(torch.FloatTensor(1, 1).fill_(0.5), requires_grad=True)
b = Variable(x_data.data.new(1).zero_(), requires_grad=True)
losses = []
for epoch in range(8):
    prediction = torch.sigmoid(torch.mm(x_data, w) + b.expand_as(y_data))
    loss = -(y_data * prediction.log() + (1 - y_data) * (1 - prediction).log()).mean()
    losses.append(loss.data.item())
    loss.backward()
    for p in (w, b):
        p.data.sub_(0.1 * p.grad.data)
        p.grad.data.zero_()
right = (prediction.data > 0.5).type(torch.LongTensor).eq(y_data.data.long().view_as(prediction)).cpu().sum()
losses.append(float(right) / y_data.nelement())
