"""PyTorch's own samples, run through both libraries and compared.

PyTorch's wheel carries the table that its maintainers test with (`op_db`): for each operation samples, reference
inputs with extreme values and odd layouts, and inputs that must raise. Each becomes one call in each library.
"""

import functools
import re
import warnings

import numpy as np

import microtorch

TOLERANCE = {"float64": 1e-8, "float32": 2e-4}  # of each value, relative to the larger of 1 and the value
EXACT = ("int64", "int32", "uint8", "bool")  # no derivatives; value, dtype and shape

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

# There is one device, one layout and one memory format here: these arguments say nothing.
_PLACES = {"device", "layout", "memory_format", "pin_memory"}

# Where PyTorch's table calls the operation with its arguments in another order.
_ORDER = {
    "where": lambda f: lambda x, condition, other: f(condition, x, other),
    "polygamma": lambda f: lambda x, n: f(n, x),
    "einsum": lambda f: lambda tensors, equation: f(equation, *tensors),
    "nn.functional.embedding": lambda f: lambda weight, index, **options: f(index, weight, **options),
}


class NoSuchDtype(Exception):
    """The sample asks for a dtype that microtorch does not have (complex, half, int8)."""


@functools.cache
def entries():
    """PyTorch's table: {name: [OpInfo of each variant]}."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    found = {}
    for op in op_db:
        found.setdefault(op.name, []).append(op)
    return found


def find(name):
    """What PyTorch's name stands for in microtorch (`nn.functional.relu`, `add`, `__radd__`, `mT`), or None."""
    stem = name.removeprefix("nn.functional.")
    functional = getattr(getattr(microtorch, "nn", None), "functional", None)
    for place in (functional, microtorch, microtorch.Tensor):
        found = getattr(place, stem, None)
        if isinstance(found, property):
            return found.fget
        if callable(found) and not isinstance(found, np.dtype):
            return found
    return None


def ours(op):
    """The microtorch function for an entry, with what the entry has fixed (as ``mode="reflect"`` of pad)."""
    function = find(op.name + "_" if op.variant_test_name == "in_place" else op.name)
    if function is None:
        raise AttributeError(f"microtorch has no {op.name}")
    function = _ORDER.get(op.name, lambda f: f)(function)
    return functools.partial(function, **op.op.keywords) if isinstance(op.op, functools.partial) else function


class _Arguments:
    """The arguments of one sample for one library; a tensor that occurs twice stays one tensor."""

    def __init__(self):
        self.made, self.leaves = {}, []

    def __call__(self, value):
        import torch

        if isinstance(value, torch.Tensor):
            if id(value) not in self.made:
                self.made[id(value)] = t = self.tensor(value)
                if value.requires_grad:
                    self.leaves.append(t)
            return self.made[id(value)]
        if isinstance(value, slice):
            return slice(self(value.start), self(value.stop), self(value.step))
        if isinstance(value, list):
            return [self(v) for v in value]
        if isinstance(value, tuple):
            return tuple(self(v) for v in value)
        if isinstance(value, dict):
            return {k: self(v) for k, v in value.items()}
        return self.plain(value)


class _Theirs(_Arguments):
    library = staticmethod(lambda: __import__("torch"))

    def tensor(self, t):
        return t.detach().clone().requires_grad_(t.requires_grad)

    def plain(self, value):
        return value


class _Ours(_Arguments):
    library = staticmethod(lambda: microtorch)

    def tensor(self, t):
        if t.dtype in _dtypes():
            # The sample's very memory, so that strides and overlaps are PyTorch's; PyTorch computes on a clone.
            return microtorch.from_numpy(t.detach().numpy()).requires_grad_(t.requires_grad)
        raise NoSuchDtype(t.dtype)

    def __call__(self, value):
        if isinstance(value, dict):
            value = {k: v for k, v in value.items() if k not in _PLACES}
        return super().__call__(value)

    def plain(self, value):
        import torch

        if isinstance(value, torch.dtype):
            if value not in _dtypes():
                raise NoSuchDtype(value)
            return np.dtype(str(value).removeprefix("torch."))
        if isinstance(value, torch.nn.Module):  # as a distance function
            return getattr(microtorch.nn, type(value).__name__)()
        if isinstance(value, complex):
            raise NoSuchDtype(complex)
        return value


@functools.cache
def _dtypes():
    import torch

    return {torch.bool, torch.uint8, torch.int32, torch.int64, torch.float32, torch.float64}


class Run:
    """One call of an operation on a sample in one library, and its derivatives."""

    def __init__(self, function, sample, arguments):
        self.library = arguments.library()
        self.outputs = _flat(
            function(arguments(sample.input), *arguments(tuple(sample.args)), **arguments(dict(sample.kwargs)))
        )
        self.leaves = arguments.leaves
        self.recorded = [y for y in self.outputs if getattr(y, "requires_grad", False)]

    def _grad(self, outputs, inputs, seeds, **options):
        grads = self.library.autograd.grad(outputs, inputs, seeds, allow_unused=True, **options)
        return [self.library.zeros_like(x) if g is None else g for g, x in zip(grads, inputs, strict=True)]

    def _cotangents(self, like, seed):
        rng = np.random.default_rng(seed)
        drawn = [np.asarray(rng.uniform(0.5, 1.5, tuple(y.shape))).astype(_array(y).dtype) for y in like]
        return [self.library.from_numpy(w) for w in drawn]

    def first(self):
        """The gradient of each leaf, in an ordinary backward."""
        return self._grad(self.recorded, self.leaves, self._cotangents(self.recorded, 1))

    def second(self):
        """The gradients of each leaf under create_graph, and the second derivatives by leaves and cotangents."""
        seeds = [w.requires_grad_() for w in self._cotangents(self.recorded, 1)]
        dxs = self._grad(self.recorded, self.leaves, seeds, create_graph=True)
        variables, again = [*self.leaves, *seeds], [dx for dx in dxs if dx.requires_grad]
        if not again:
            return dxs, [self.library.zeros_like(x) for x in variables]
        return dxs, self._grad(again, variables, self._cotangents(again, 2))


def _flat(result):
    if isinstance(result, list | tuple):
        return [y for item in result for y in _flat(item)]
    return [result]


def _array(y):
    if isinstance(y, microtorch.Tensor):
        return y._array
    return y.numpy(force=True) if hasattr(y, "detach") else np.asarray(y)


def difference(mine, theirs, *, random=False, undefined=False):
    """What is wrong with `mine`, or None.

    `random`: shape and dtype are compared only. `undefined`: where PyTorch has NaN or inf, anything is right.
    """
    if isinstance(mine, microtorch.Tensor) != hasattr(theirs, "detach"):
        return f"a {type(mine).__name__} for a {type(theirs).__name__}"
    a, b = _array(mine), _array(theirs)
    if a.shape != b.shape:
        return f"shape {a.shape}, should be {b.shape}"
    if isinstance(mine, microtorch.Tensor) and a.dtype != b.dtype:
        return f"dtype {a.dtype}, should be {b.dtype}"
    if random:
        return None
    if a.dtype.kind == "f":
        tolerance = TOLERANCE[a.dtype.name]
        with np.errstate(all="ignore"):
            close = np.abs(a - b) <= tolerance * np.maximum(1, np.abs(b))
        wrong = ~(close | (a == b) | (np.isnan(a) & np.isnan(b)))
        if undefined:
            wrong &= np.isfinite(b)
    else:
        wrong = a != b
    if not wrong.any():
        return None
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return f"{np.sum(wrong)} of {wrong.size} wrong, first {at}: {a[at]!r}, should be {b[at]!r}"


def check(op, sample, *, random=False, undefined=False):
    """What differs on one sample: a list of sentences. None where there is nothing to compare with.

    Parameters
    ----------
    op : OpInfo
    sample : SampleInput
    random : bool
        Compare shape and dtype only.
    undefined : bool
        Do not compare derivatives where PyTorch has NaN or inf.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = Run(op.op, sample, _Theirs())
        except Exception:  # a sample that this build of PyTorch refuses itself
            return None
        if NotImplemented in theirs.outputs:  # a reflected operator that leaves the work to another type
            return None
        kept = [(t, t.detach().clone()) for t in _tensors(sample)]
        try:
            mine = Run(ours(op), sample, _Ours())
        except NoSuchDtype:
            return None
        except Exception as error:
            return [f"{type(error).__name__}: {error}"]
        if len(mine.outputs) != len(theirs.outputs):
            return [f"{len(mine.outputs)} outputs, should be {len(theirs.outputs)}"]
        both = list(zip(mine.outputs, theirs.outputs, strict=True))
        wrong = _listed("value", [difference(a, b, random=random) for a, b in both])
        updates = op.variant_test_name == "in_place" or op.name.endswith(("batch_norm", "instance_norm"))
        if not updates:  # as it should: itself, or its running statistics
            changed = [i for i, (t, before) in enumerate(kept) if not t.equal(before) and not before.isnan().any()]
            wrong += [f"argument {i} was changed" for i in changed]
        if wrong or random or not theirs.recorded:
            return wrong
        if [getattr(a, "requires_grad", False) != getattr(b, "requires_grad", False) for a, b in both].count(True):
            return ["requires_grad of the outputs differs"]
        return _derivatives(op, sample, mine, theirs, functools.partial(difference, undefined=undefined))


def _derivatives(op, sample, mine, theirs, differ):
    try:
        their_dxs, their_ddxs = theirs.second()
    except RuntimeError:  # PyTorch has no second derivative here, or none at all
        theirs, their_ddxs = Run(op.op, sample, _Theirs()), None
        try:
            their_dxs = theirs.first()
        except RuntimeError:
            return []
    try:
        dxs, ddxs = mine.second()
        plain = Run(ours(op), sample, _Ours()).first()  # the kernels serve the ordinary backward only
    except Exception as error:
        return [f"derivative: {type(error).__name__}: {error}"]
    wrong = _listed("derivative 1", map(differ, dxs, their_dxs)) + _listed("backward", map(differ, plain, their_dxs))
    return wrong if their_ddxs is None else wrong + _listed("derivative 2", map(differ, ddxs, their_ddxs))


def _listed(what, differences):
    return [f"{what} [{i}]: {text}" for i, text in enumerate(differences) if text is not None]


def _tensors(value):
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, list | tuple):
        return [t for item in value for t in _tensors(item)]
    if isinstance(value, dict):
        return _tensors(list(value.values()))
    return _tensors([value.input, *value.args, value.kwargs]) if hasattr(value, "kwargs") else []


# PyTorch raises RuntimeError for most of what here is a shape, a dtype or an index that does not fit.
_KINDS = {RuntimeError: (RuntimeError, ValueError, TypeError, IndexError)}


def check_error(op, case):
    """What is wrong with the error that an error input raises: a sentence, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = Run(ours(op), case.sample_input, _Ours())
        except NoSuchDtype:
            return None
        except Exception as error:
            kinds = _KINDS.get(case.error_type, (case.error_type,))
            if not isinstance(error, kinds):
                return f"{type(error).__name__} ({error}), should be {case.error_type.__name__}: {case.error_regex}"
            if not _tells(str(error), op.name):
                return f"the message tells too little: {error!r}; PyTorch: {case.error_regex}"
            return None
    return f"no error, gives {[tuple(np.shape(_array(y))) for y in result.outputs]}; PyTorch: {case.error_regex}"


def _tells(message, name):
    """Whether a message names the operation or an argument's fact, in more than a few words."""
    stem = name.removeprefix("nn.functional.").strip("_")
    return len(message.split()) >= 4 and (stem in message or re.search(r"\d|'\w+'|`\w+`", message) is not None)


def samples(op, dtype):
    """All samples, with derivatives in the floating dtypes; and all reference inputs, without, in float64 and int64."""
    import torch

    of_torch = getattr(torch, dtype)
    if of_torch not in op.dtypes:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from op.sample_inputs("cpu", of_torch, requires_grad=dtype in TOLERANCE and op.supports_autograd)
        if op.reference_inputs_func is not None and dtype in ("float64", "int64"):
            yield from op.reference_inputs("cpu", of_torch, requires_grad=False)


def _shared(function, sample, arguments):
    """For each output: whether it shares memory with an argument, and whether it is one."""
    given = arguments(sample.input), *arguments(tuple(sample.args)), arguments(dict(sample.kwargs))
    outputs = _flat(function(*given[:-1], **given[-1]))
    tensors = list(arguments.made.values())
    return [
        (any(np.shares_memory(_array(y), _array(t)) for t in tensors), any(y is t for t in tensors))
        for y in outputs
        if hasattr(y, "grad_fn") and y.numel()
    ]


def shared_outputs(op, sample):
    """Which outputs share memory with an argument, here and in PyTorch; None where there is nothing to compare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _shared(ours(op), sample, _Ours()), _shared(op.op, sample, _Theirs())
        except Exception:  # compared elsewhere
            return None


def hidden_views(op, sample):
    """Which outputs are views of what is no argument, here and in PyTorch; None where there is nothing to compare."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _hidden(ours(op), sample, _Ours()), _hidden(op.op, sample, _Theirs())
        except Exception:  # compared elsewhere
            return None


def _hidden(function, sample, arguments):
    given = arguments(sample.input), *arguments(tuple(sample.args)), arguments(dict(sample.kwargs))
    outputs = _flat(function(*given[:-1], **given[-1]))
    tensors = list(arguments.made.values())
    bases = [y._base if hasattr(y, "_base") else getattr(getattr(y, "_view", None), "base", None) for y in outputs]
    return [base is not None and not any(base is t for t in tensors) for base in bases]


def module_error(layer, case):
    """What is wrong with the error that an error input of a layer raises: a sentence, or None."""
    given, arguments = case.module_error_input, _Ours()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made, call = given.constructor_input, given.forward_input
            module = layer(
                *arguments(tuple(made.args)),
                **{k: _plain(arguments, v) for k, v in made.kwargs.items() if k not in _PLACES},
            )
            if call is not None:
                module(*arguments(tuple(call.args)), **arguments(dict(call.kwargs)))
        except NoSuchDtype:
            return None
        except Exception as error:
            kinds = _KINDS.get(case.error_type, (case.error_type,))
            return None if isinstance(error, kinds) else f"{error!r}, should be {case.error_type}: {case.error_regex}"
    return f"no error; PyTorch: {case.error_regex}"


def _plain(arguments, value):
    return value if isinstance(value, complex) else arguments(value)
