"""Every operation against PyTorch, on the samples that PyTorch's maintainers test with.

For each operation: value, dtype, shape, first and second derivative on all samples in float64 and float32; value,
dtype and shape on all samples in the integer dtypes and bool, and on all reference inputs (extreme values, odd layouts)
in float64 and int64; and an error of the same kind for all error inputs. `pytest -v` shows the score of each.
"""

import re

import pytest
import torch_samples

pytestmark = pytest.mark.oracle

ALL_DTYPES = (*torch_samples.TOLERANCE, *torch_samples.EXACT)

# The values are drawn from another generator than PyTorch's, or (empty) are whatever the memory held.
RANDOM = """empty empty_like rand_like randn_like randn randint randint_like normal bernoulli multinomial
    nn.functional.dropout nn.functional.alpha_dropout nn.functional.feature_alpha_dropout nn.functional.dropout2d
    nn.functional.dropout3d nn.functional.rrelu"""

# Where microtorch differs on purpose: sentences that a finding may match, and the reason, with the operations. Nothing
# else is left out, and a difference that no longer occurs fails the test until it leaves the list.
DIFFERENCES = [
    (
        r"^no error.*PyTorch: $|^no error.*argument 'input'.*must be Tensor",
        "a number is taken as a tensor of no dimensions",
        """rsub pow __radd__ __rsub__ __rmul__ __rdiv__ __rpow__ __rmod__ maximum minimum clamp_min clamp_max fmod
        remainder atan2 hypot fmax fmin xlogy logaddexp copysign heaviside nextafter gcd lcm ldexp float_power
        bitwise_left_shift bitwise_right_shift
        __rand__ __ror__ __rxor__ bitwise_and bitwise_or bitwise_xor
        eq ne lt le gt ge isclose logical_and logical_or logical_xor""",
    ),
    # Only the positions differ, and only in dtypes whose samples have equal elements; the values are compared.
    (r"^value \[1\]: \d+ of \d+ wrong", "equal elements keep their order", "sort topk kthvalue mode"),
    (
        r"^value \[0\]: \d+ of \d+ wrong, first .*: np.float64\(-0.0\), should be np.float64\(nan\)",
        "the limit at −inf, where PyTorch has −inf · 0",
        "nn.functional.silu nn.functional.mish",
    ),
    (r"^requires_grad of the outputs differs", "it has no derivative; PyTorch refuses in backward only", "nextafter"),
    (
        r"^(derivative \d|backward).*np.float32",
        "PyTorch's derivative, by logarithms of gradients, loses digits in float32",
        "logcumsumexp",
    ),
    (r"^derivative 2 .*np.float32", "second derivatives by weights that cancel out but for rounding", "cov"),
    (
        r"^value .*: dtype (int32|uint8|bool), should be int64",
        "a tensor that has the size already stays",
        "sum_to_size",
    ),
    (
        r"^derivative: GradientError.*once_differentiable",
        "a second derivative of products is refused",
        "scatter_reduce index_reduce",
    ),
    (r"^the message tells too little.*meta", "a tensor without memory is no argument", "gradient"),
    (r"^value \[0\].*np.float64\(-0.0\), should be np.float64\(nan\)", "the limit at inf", "polygamma"),
    (r"^value \[0\]: \d+ of 8000 wrong", "equal elements keep their order", "argsort"),
]


class _Score:
    """How many samples of an operation agree, and what is wrong with the others."""

    def __init__(self, name):
        self.name, self.total, self.agree, self.wrong = name, 0, 0, []
        self.reasons = {pattern: reason for pattern, reason, names in DIFFERENCES if name in names.split()}
        self.met = set()

    def add(self, kind, sample, findings):
        self.total += 1
        self.agree += not findings
        for text in findings:
            matching = [pattern for pattern in self.reasons if re.search(pattern, text, re.DOTALL)]
            self.met.update(matching)
            if not matching:
                self.wrong.append(f"{kind} {sample.summary()}: {text}")

    def __str__(self):
        rest = f"; on purpose: {', '.join(self.reasons.values())}" if self.reasons else ""
        return f"{self.name}: {self.agree} of {self.total} samples agree{rest}"


@pytest.mark.parametrize("name", torch_samples.NAMES)
def test_operation(name, torch, record_property):
    score = _Score(name)
    for op in torch_samples.entries()[name]:
        for dtype in ALL_DTYPES:
            for sample in torch_samples.samples(op, dtype):
                torch.manual_seed(0)
                findings = torch_samples.check(op, sample, random=name in RANDOM.split())
                if findings is not None:
                    score.add(dtype, sample, findings)
        for case in op.error_inputs("cpu") if op.error_inputs_func is not None else ():
            if "out" in case.sample_input.kwargs:  # an out= that does not fit: what has room is filled here
                continue
            finding = torch_samples.check_error(op, case)
            score.add("error input", case.sample_input, [finding] if finding else [])
    record_property("score", str(score))
    assert score.total, f"no sample of {name} could be compared"
    assert not score.wrong, f"{len(score.wrong)} differences:\n" + "\n".join(w[:400] for w in score.wrong[:12])
    gone = [reason for pattern, reason in score.reasons.items() if pattern not in score.met]
    assert not gone, f"{name} no longer differs: {gone}. Take it off the list."
