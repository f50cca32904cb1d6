"""Mistakes about shapes, dtypes and labels: most of them seen at the first batch."""

from . import asked, mistake
from .graph_mistakes import batch, net


@mistake(
    names=("Net.fc2 (Linear)", "(6, 8)", "(3, 10)"),
    remedy=("Linear(8, 3)",),
    source="https://github.com/theislab/multimil/issues/77",
)
def layers_do_not_fit(torch):
    """Two layers whose sizes do not fit"""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = torch.nn.Linear(4, 8)
            self.fc2 = torch.nn.Linear(10, 3)

        def forward(self, x):
            return self.fc2(torch.relu(self.fc1(x)))

    Net()(batch(torch)[0])


@mistake(
    names=("Sequential.0 (Linear)", "(5, 2, 2)"),
    remedy=("flatten(1)",),
    source="https://github.com/wqshmzh/CANet-CZSL/issues/7",
)
def images_not_flattened(torch):
    """Giving images to a linear layer without flattening them"""
    net(torch)(torch.ones(5, 2, 2))


@mistake(
    names=("Net.block (Block)", "(6, 4)", "(6, 3)", "4 and 3"),
    remedy=("equal or 1", "reshape"),
    source="https://github.com/Comfy-Org/ComfyUI/issues/6256",
)
def residual_of_another_size(torch):
    """Adding a residual of another size, in user code inside forward"""

    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(4, 3)

        def forward(self, x):
            return x + self.fc(x)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()

        def forward(self, x):
            return self.block(x)

    Net()(batch(torch)[0])


@mistake(
    names=("matmul", "(6, 4)", "(8, 4)"),
    remedy=(".mT",),
    source="https://github.com/ekosman/AnomalyDetectionCVPR2018-Pytorch/issues/229",
)
def weight_not_transposed(torch):
    """Multiplying with a weight that has to be transposed"""
    batch(torch)[0] @ net(torch)[0].weight


@mistake(
    names=("mse_loss", "(6, 1)", "(6,)"),
    remedy=("reshape",),
    source="https://github.com/pytorch/pytorch/issues/16045",
)
def column_against_row(torch):
    """Comparing predictions (N, 1) with targets (N,)"""
    prediction = torch.nn.Linear(4, 1)(batch(torch)[0])
    torch.nn.functional.mse_loss(prediction, torch.ones(6)).backward()


@mistake(
    names=("(6, 1)", "(6,)", "Sub"),
    remedy=("squeeze", "reshape"),
    source="https://github.com/FluxML/Flux.jl/pull/1636",
)
def column_against_row_by_hand(torch):
    """The same in a loss written by hand, where no function can warn"""
    model, x = torch.nn.Linear(4, 1), batch(torch)[0]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return asked(torch, "check_training", model, (x, x.sum(1)), lambda out, y: ((out - y) ** 2).mean(), optimizer)


@mistake(
    names=("cross_entropy", "(6, 1)", "(6,)"),
    remedy=("target.squeeze(-1)",),
    source="https://github.com/pytorch/pytorch/issues/72056",
)
def labels_as_a_column(torch):
    """Labels of shape (N, 1)"""
    model, (x, y) = net(torch), batch(torch)
    torch.nn.functional.cross_entropy(model(x), y.reshape(-1, 1))


@mistake(
    names=("cross_entropy", "float32"),
    remedy=("target.long()",),
    source="https://github.com/pytorch/pytorch/issues/69339",
)
def labels_as_floats(torch):
    """Labels that are floating-point numbers"""
    model, (x, y) = net(torch), batch(torch)
    torch.nn.functional.cross_entropy(model(x), y.float())


@mistake(
    names=("cross_entropy", "one-hot", "(6, 3)"),
    remedy=("target.argmax(1)", "target.float()"),
    source="https://github.com/pytorch/pytorch/issues/91383",
)
def one_hot_integer_labels(torch):
    """One-hot labels of integers"""
    model, (x, y) = net(torch), batch(torch)
    torch.nn.functional.cross_entropy(model(x), torch.nn.functional.one_hot(y, 3))


@mistake(
    names=("label 3", "row 2", "3 classes"),
    remedy=("start at 1",),
    source="https://github.com/pytorch/pytorch/issues/15508",
)
def labels_from_one(torch):
    """Labels 1 to C instead of 0 to C - 1"""
    model, (x, y) = net(torch), batch(torch)
    torch.nn.functional.cross_entropy(model(x), y + 1)


@mistake(
    names=("Sequential.0 (Linear)", "float64", "float32"),
    remedy=(".float()", "double()"),
    source="https://github.com/OUCMachineLearning/OUCML/issues/24",
)
def float64_input(torch):
    """Data from numpy in float64 for a model in float32"""
    import numpy as np

    net(torch)(torch.from_numpy(np.ones((6, 4))))


@mistake(
    names=("Sequential.0 (Linear)", "uint8", "float32"),
    remedy=(".float()", "255"),
    source="https://github.com/matterport/Mask_RCNN/issues/859",
)
def bytes_as_input(torch):
    """Images as bytes, not converted"""
    net(torch)(torch.ones(6, 4, dtype=torch.uint8))


@mistake(
    names=("binary_cross_entropy", "-"),
    remedy=("binary_cross_entropy_with_logits", "sigmoid first"),
    source="https://github.com/yunlongdong/FCN-pytorch/issues/7",
)
def logits_for_probabilities(torch):
    """Scores given to a loss that wants probabilities"""
    x = torch.tensor([-1.5, 2.0], requires_grad=True)
    torch.nn.functional.binary_cross_entropy(x, torch.tensor([0.0, 1.0]))


@mistake(
    names=("truth", "(3,)"),
    remedy=("where", ".any()"),
    source="https://github.com/kingsman142/captcha-solver/issues/2",
)
def if_on_a_vector(torch):
    """An if on a tensor of several elements"""
    x = torch.tensor([-1.0, 0.0, 1.0])
    if x > 0:
        x = x * 2


@mistake(
    names=("CrossEntropyLoss",),
    remedy=("CrossEntropyLoss()(",),
    source="https://github.com/Lightning-AI/pytorch-lightning/issues/501",
)
def loss_module_given_tensors(torch):
    """Writing CrossEntropyLoss(output, target) for CrossEntropyLoss()(output, target)"""
    model, (x, y) = net(torch), batch(torch)
    torch.nn.CrossEntropyLoss(model(x), y)


@mistake(
    names=("batch_norm", "(1, 8)"),
    remedy=("model.eval()", "drop_last"),
    source="https://github.com/pytorch/pytorch/issues/7716",
)
def batch_of_one_in_batch_norm(torch):
    """A last batch of one sample in batch normalisation"""
    torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8))(torch.ones(1, 4))
