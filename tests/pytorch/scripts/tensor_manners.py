"""What tutorials do with tensors before they train: shapes, types, indices, out, in place, numpy."""

import numpy as np
import torch

torch.manual_seed(0)
x = torch.rand(5, 3)
result = torch.empty(5, 3)
torch.add(x, torch.ones_like(x, dtype=torch.float), out=result)
y = result.view(-1, 5).t_().unsqueeze_(0)
z = torch.arange(12, dtype=torch.float32).reshape(3, 4)
a, b = torch.meshgrid(torch.linspace(0, 1, 3), torch.linspace(0, 1, 4), indexing="ij")
array = np.ones(3)
shared = torch.from_numpy(array)
np.add(array, 1, out=array)
mask = (z > 5).nonzero()
values, order = torch.sort(z[:, 1], descending=True)
one_hot = torch.zeros(4, 4).scatter_(1, torch.tensor([[0], [1], [2], [3]]), 1.0)
stacked = torch.stack([z, z], dim=0).permute(1, 0, 2).contiguous().size()
tensors = {"d": x.double(), "l": x.long(), "b": (x > 0.5), "t": torch.tensor(3.14159, dtype=torch.float64)}
assert x.device == torch.device("cpu") and not x.is_cuda and x.type() == "torch.FloatTensor"
assert torch.is_tensor(x) and x.is_contiguous() and isinstance(x.size(), torch.Size) and z.storage_offset() == 0
assert tuple(stacked) == (3, 2, 4) and mask.shape[1] == 2 and isinstance(x, torch.FloatTensor)
assert torch.equal(torch.tril(torch.ones(3, 3)), torch.ones(3, 3).tril_()) if hasattr(x, "tril_") else True
losses = [
    *(t.float().sum().item() for t in (result, y, a + b, shared, mask, values, order, one_hot, *tensors.values())),
    z.std(unbiased=False).item(),
    z.max(dim=1, keepdim=True)[0].sum().item(),
    torch.where(z > 5, z, torch.zeros_like(z)).mean().item(),
    torch.einsum("ij,kj->ik", z, z).trace().item(),
    z.new_full((2,), 7.0).prod().item(),
    torch.quantile(z, 0.25).item(),
]
