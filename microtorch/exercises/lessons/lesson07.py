"""Checks of lesson 7."""

import microtorch

from ...datasets import Digits
from ...nn.functional import cross_entropy, linear, relu
from ..grading import Step, equal, holds, values

TITLE = "a network, trained by hand"


def steps(student):
    """Each gradient against the engine's, then the accuracy."""
    generator = microtorch.Generator().manual_seed(0)
    sizes = {"w1": (6, 5), "b1": (6,), "w2": (3, 6), "b2": (3,)}
    x = microtorch.randn(8, 5, dtype=microtorch.float64, generator=generator)
    labels = microtorch.randint(0, 3, (8,), generator=generator)
    leaves = {
        n: microtorch.randn(*s, dtype=microtorch.float64, generator=generator).requires_grad_()
        for n, s in sizes.items()
    }

    def gradient(i, name):
        def check():
            w1, b1, w2, b2 = leaves.values()
            loss = cross_entropy(linear(relu(linear(x, w1, b1)), w2, b2), labels)
            (right,) = microtorch.autograd.grad(loss, [leaves[name]])
            arrays = [t.detach().numpy().copy() for t in (x, labels, *leaves.values())]
            found = student.gradients(*arrays)
            if found is None:
                raise NotImplementedError
            equal(found[i], right.numpy(), f"d{name}")

        return check

    def trained():
        student.there("microtorch.manual_seed(0)")
        model = student.train(student.there("Digits(train=True)"))
        if model is None:
            raise NotImplementedError
        test = Digits(train=False)
        images, digits = test.__getitems__(range(len(test)))
        model.eval()
        share = (values(model(images)).argmax(1) == digits.numpy()).mean()
        holds(share >= 0.93, f"{share:.1%} of the test images are right, of 93 %")

    return [
        *(Step(f"the gradient of {n}", gradient(i, n)) for i, n in enumerate(sizes)),
        Step("the digits", trained, 2),
    ]
