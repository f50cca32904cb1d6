"""Every operation against PyTorch, on the samples that PyTorch's maintainers test with.

For each operation: value, dtype, shape, first and second derivative on all samples in float64 and float32; value,
dtype and shape on all samples in the integer dtypes and bool, and on all reference inputs (extreme values, odd layouts)
in float64 and int64; and an error of the same kind for all error inputs. `pytest -v` shows the score of each.
"""

import re

import pytest
import torch_samples

pytestmark = pytest.mark.oracle

OPERATIONS = {
    "arithmetic": """add sub rsub mul div true_divide pow __radd__ __rsub__ __rmul__ __rdiv__ __rpow__ __rmod__
        maximum minimum fmax fmin addcmul addcdiv xlogy logaddexp logaddexp2 copysign heaviside nextafter gcd lcm
        ldexp float_power clamp clamp_min clamp_max lerp fmod remainder floor_divide atan2 hypot""",
    "comparison": """eq ne lt le gt ge equal isclose allclose logical_and logical_or logical_xor logical_not isnan
        isinf isfinite isposinf isneginf signbit bitwise_left_shift bitwise_right_shift where __rand__ __ror__
        __rxor__ bitwise_and bitwise_not bitwise_or bitwise_xor""",
    "elementwise": """neg exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square abs sign reciprocal sin cos tan sinh
        cosh tanh asin acos atan asinh acosh atanh deg2rad rad2deg sigmoid logit erf erfc sinc floor ceil round
        trunc frac frexp sgn positive digamma erfinv lgamma polygamma nan_to_num""",
    "creation": """zeros ones full empty arange linspace logspace scalar_tensor fill eye zeros_like ones_like
        full_like empty_like rand_like randn_like randn randint randint_like normal bernoulli multinomial new_full
        new_ones new_zeros """,
    "dtype": "to float double int long bool clone contiguous byte item",
    "reduction": """sum mean prod var std var_mean max min amax amin argmax argmin logsumexp norm cumsum cumprod
        any all count_nonzero median sort topk nansum nanmean nanmedian quantile nanquantile cummax cummin
        logcumsumexp aminmax msort kthvalue mode unique unique_consecutive bincount histc histogram cov corrcoef
        renorm diff trapezoid trapz cumulative_trapezoid gradient argsort std_mean""",
    "linalg": """matmul __rmatmul__ mm bmm mv dot outer addmm baddbmm einsum tensordot trace
        nn.functional.linear nn.functional.bilinear vdot inner kron cross addmv addr addbmm block_diag diag_embed
        diagflat tril_indices triu_indices cholesky logdet""",
    "shape": """T mT transpose permute reshape view flatten unflatten squeeze unsqueeze expand broadcast_to
        repeat tile cat stack split chunk unbind narrow flip roll hstack vstack dstack column_stack
        repeat_interleave broadcast_tensors broadcast_shapes meshgrid cartesian_prod combinations rot90 fliplr
        flipud atleast_1d atleast_2d atleast_3d tensor_split hsplit vsplit dsplit split_with_sizes narrow_copy
        view_as reshape_as sum_to_size expand_as movedim ravel t""",
    "indexing": """select __getitem__ gather scatter scatter_add index_select index_add take masked_fill
        masked_select tril triu diag diagonal nn.functional.one_hot nonzero argwhere unravel_index take_along_dim
        scatter_reduce index_reduce index_fill index_copy index_put put masked_scatter select_scatter slice_scatter
        diagonal_scatter searchsorted bucketize isin""",
    "activation": """softmax log_softmax nn.functional.softmin nn.functional.relu nn.functional.relu6
        nn.functional.leaky_relu nn.functional.prelu nn.functional.elu nn.functional.selu nn.functional.celu
        nn.functional.gelu nn.functional.silu nn.functional.mish nn.functional.softplus nn.functional.softsign
        nn.functional.tanhshrink nn.functional.hardtanh nn.functional.hardswish nn.functional.hardsigmoid
        nn.functional.logsigmoid nn.functional.glu nn.functional.threshold nn.functional.hardshrink
        nn.functional.softshrink nn.functional.rrelu""",
    "loss": """nn.functional.cross_entropy nn.functional.nll_loss nn.functional.mse_loss
        nn.functional.l1_loss nn.functional.smooth_l1_loss nn.functional.huber_loss
        nn.functional.binary_cross_entropy nn.functional.binary_cross_entropy_with_logits nn.functional.kl_div
        nn.functional.hinge_embedding_loss nn.functional.multi_margin_loss nn.functional.soft_margin_loss
        nn.functional.cosine_embedding_loss nn.functional.margin_ranking_loss nn.functional.triplet_margin_loss
        nn.functional.poisson_nll_loss nn.functional.gaussian_nll_loss nn.functional.cosine_similarity
        nn.functional.pairwise_distance nn.functional.pdist nn.functional.multilabel_margin_loss
        nn.functional.multilabel_soft_margin_loss nn.functional.triplet_margin_with_distance_loss cdist dist""",
    "normalization": """nn.functional.batch_norm nn.functional.layer_norm nn.functional.group_norm
        nn.functional.instance_norm nn.functional.rms_norm nn.functional.normalize""",
    "dropout": """nn.functional.dropout nn.functional.alpha_dropout nn.functional.feature_alpha_dropout
        nn.functional.dropout2d nn.functional.dropout3d""",
    "embedding": "nn.functional.embedding nn.functional.pad",
}
NAMES = {name: family for family, names in OPERATIONS.items() for name in names.split()}
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


@pytest.mark.parametrize("name", NAMES)
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
