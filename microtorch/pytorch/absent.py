"""The sentences about PyTorch's names that are not here: what it is, why it is not here, what to use."""

import difflib
import dis
import re
import sys

# A pattern for names, below torch or any of its modules: what it is and why it is not here; what to use instead.
_SENTENCES = [
    (
        r"half|float16|bfloat16|HalfTensor|BFloat16Tensor|float8\w*",
        "is a dtype of 16 bits or less, which pays on accelerators only; numpy is slower in it than in float32",
        "Use float32, or float64",
    ),
    (r"cfloat|cdouble|chalf|complex\w*|polar|view_as_complex|view_as_real", "needs complex numbers", "Use real ones"),
    (
        r"int8|int16|short|uint16|uint32|uint64|q?u?int\d+x?\d*|ShortTensor|CharTensor|char",
        "is a dtype that networks seldom need; there are float32, float64, int64, int32, uint8 and bool",
        "Use int32 or uint8",
    ),
    (
        r"\w*[Cc]onv\w*[123]d\w*|conv_tbc|convolution|\w*[Pp]ool[123]d\w*|[Uu]nfold|[Ff]old|PixelShuffle|pixel_shuffle"
        r"|[Uu]psample\w*|interpolate|grid_sample|affine_grid|Local\w*Norm|LPPool\w*|ReflectionPad\w*|ReplicationPad\w*",
        "belongs to convolutional networks, and this library is about fully connected ones",
        "Flatten the images and use nn.Linear, or use PyTorch",
    ),
    (
        r"(RNN|LSTM|GRU)(Cell|Base)?|rnn|lstm|gru|\w*rnn_\w*|pack_\w+|pad_packed_sequence|PackedSequence",
        "belongs to recurrent networks, and this library is about fully connected ones",
        "Unroll the steps with nn.Linear in a loop of your own, or use PyTorch",
    ),
    (
        r"Transformer\w*|Multi[Hh]ead\w*|multi_head_\w+|scaled_dot_product_attention|attention",
        "is attention, and this library is about fully connected networks",
        "Write it with matmul and softmax, which have derivatives of any order, or use PyTorch",
    ),
    (
        r"jit|fx|_dynamo|export|script|trace_module",
        "compiles or rewrites a program",
        "Use microtorch.capture, which records a step and replays it",
    ),
    (
        r"multiprocessing|rpc|pipelining|tensor_parallel|fsdp|elastic",
        "spreads work over processes in a way that is not here",
        "Use microtorch.distributed and DistributedDataParallel, docs/howto/machines.md",
    ),
    (
        r"\w*autocast\w*|custom_fwd|custom_bwd",
        "mixes dtypes of 16 and 32 bits, which pays on accelerators only",
        "Leave it out: all is float32",
    ),
    (r"\w*sparse\w*|SparseAdam|EmbeddingBag|embedding_bag|coalesce", "is about sparse tensors", "Use dense ones"),
    (r"\w*quant\w*|q_\w+", "is about weights of few bits", "Use float32"),
    (r"fft|stft|istft|\w+_window", "is signal processing", "Use numpy.fft on t.detach().numpy()"),
    (
        r"svd\w*|qr|eig\w*|symeig|lobpcg|lu\w*|lstsq|pinv\w*|matrix_rank|geqrf|ormqr",
        "is a decomposition of matrices without a derivative here",
        "Use numpy.linalg on t.detach().numpy(), for values alone",
    ),
    (
        r"profiler|bottleneck|benchmark|Stream|Event",
        "measures PyTorch's own machinery",
        "Use Python's cProfile, microtorch.explain.saved_tensors, or viz.draw(loss, show='time')",
    ),
    (r"models|hub|detection|segmentation", "loads networks that others trained", "Use torchvision, and safetensors"),
    (r"conj\w*|resolve_(conj|neg)|is_(conj|neg)|angle|imag|real|isreal|H|mH", "needs complex numbers", "Use real ones"),
    (
        r"\w*(Circular|Constant|Zero)Pad[123]d|\w*[Pp]ixel_?[Uu]nshuffle|\w*[Cc]hannel_?[Ss]huffle|CrossMapLRN2d"
        r"|local_response_norm|UpsamplingNearest2d|UpsamplingBilinear2d|constant_pad_nd|dirac_?|grid_sampler\w*"
        r"|LazyBatchNorm[123]d|LazyInstanceNorm[123]d|affine_grid_generator|fuse_\w+|feature_dropout_?",
        "belongs to networks of images",
        "Use nn.functional.pad, or use PyTorch",
    ),
    (r"ctc_loss|CTCLoss|RNNCellBase", "belongs to recurrent networks", "Use PyTorch"),
    (
        r"det|slogdet|logdet|cholesky_(inverse|solve)|triangular_solve|orgqr|matrix_exp|solve|nuclear_norm|frobenius_norm"
        r"|norm_except_dim",
        "is linear algebra that fully connected networks do not need",
        "Use linalg.solve and linalg.cholesky, norm, or numpy.linalg for values alone",
    ),
    (
        r"(i0|igammac?|mvlgamma)_?|hash_tensor|histogramdd|binomial|poisson",
        "is a function of statistics that losses do not need",
        "Use numpy or scipy.special on t.detach().numpy(), for values alone",
    ),
    (
        r"as_strided\w*|empty_strided|empty_permuted|new_empty_strided|dim_order|memory_format|const_data_ptr|index",
        "looks at memory by strides, which nothing checks",
        "Use slices, expand, permute and reshape",
    ),
    (r"\w+_copy", "is the copy of a view", "Use the view and .clone()"),
    (r"unsafe_\w+", "is a split whose parts must not be changed", "Use the name without unsafe_"),
    (
        r"AdaptiveLogSoftmaxWithLoss|LinearCrossEntropy\w*|linear_cross_entropy|Adafactor|Muon|\w*grouped_mm|scaled_mm"
        r"|ScalingType|SwizzleType",
        "saves memory or work in networks of billions of weights",
        "Use CrossEntropyLoss and AdamW",
    ),
    (
        r"\w*DataPipe|DataChunk|StackDataset|functional_datapipe|\w*runtime_validation\w*|argument_validation"
        r"|\w*non_?determin\w*|guaranteed_datapipes_determinism",
        "belongs to a kind of loader that PyTorch has given up",
        "Use Dataset and DataLoader",
    ),
    (
        r"NestedIOFunction|variable|\w*multithreading\w*|\w*grad_layout\w*|Container|Buffer|NLLLoss2d|Uninitialized\w+"
        r"|factory_kwargs|assert_int_or_pair|skip_init|swap_in_optimizer_params_and_state|clip_grad_norm",
        "is an old or inner part of PyTorch",
        "Use Function, Module and Parameter",
    ),
    (r"onnx", "writes ONNX files", "Use microtorch.io.onnx"),
]


# The same below one path alone. The top of torch and its Tensor have much that is not for PyTorch's users.
_OF_TORCH = [
    (r"[a-z]\w*_", "changes a tensor in place", "Use the tensor's method of that name, or the function without the _"),
    (
        r"[A-Z]\w*|(cudnn|miopen|mkldnn|fbgemm|native|batch_norm|sym|import_ir|parse|is|set|get)_\w+|\w+_(type|types|list)"
        r"|nonzero_static|conv_\w+|segment_reduce|fork|wait|cond|vmap|from_file|frombuffer|asarray|to_dlpack|dtype|layout"
        r"|init_num_threads|thread_safe_generator|parse_schema|choose_\w+|int_repr|qscheme|slice_inverse|dsmm|h?smm"
        r"|merge_type_from_type_comment|hspmm|saddmm|sspaddmm|spmm|put|binomial|lstm_cell|gru_cell",
        "is a part of PyTorch's own machinery",
        "Look for the function in nn.functional, or the name in docs/pytorch-names.md",
    ),
    (
        r"(ccol|crow|col|row)_indices|indices|values|to_\w+|dense_dim|is_\w+|ipu|xpu|mtia|volatile|storage_type|smm|solve"
        r"|as_subclass|grad_dtype|record_stream|reinforce|resize(_as)?|sspaddmm|module_load|register_post_accumulate_grad_hook",
        "speaks of devices, sparse tensors or times that are not here",
        "Leave it out",
    ),
]

_BELOW = {
    "special": [
        (
            r"\w+",
            "is a special function that networks seldom need",
            "Use scipy.special on t.detach().numpy(), for values alone",
        )
    ],
    "microtorch": _OF_TORCH,
    "Tensor": _OF_TORCH,
    "distributions": [
        (
            r"[A-Z]\w*|biject_to|transform_to",
            "is a distribution or a transform of one that networks seldom need",
            "Make it of those that are here, with TransformedDistribution",
        )
    ],
    "func": [
        (r"\w+", "belongs to PyTorch's compiler, or to derivatives in forward mode", "Use vjp, jvp, hessian and vmap")
    ],
    "nn.utils.parametrizations": [
        (r"orthogonal", "keeps a matrix orthogonal while it is trained", "Use init.orthogonal_")
    ],
    "nn.utils.parametrize": [(r"\w+", "is an inner part of PyTorch", "Use register_parametrization")],
    "nn.utils.prune": [(r"[A-Z]\w*", "is the class behind a function", "Use the function, as l1_unstructured")],
}


def refuse(path, name, known):
    """The exception for ``path.name``, which is not here; `known` are the names that are.

    An AttributeError, as Python asks of a module; an ImportError where it is being imported by name, since Python would
    put its own words in the place of these.
    """
    text = f"{path} has no {name!r}"
    sentence = sentence_of(path, name)
    close = [] if sentence or name.startswith("_") else difflib.get_close_matches(name, known, 3, 0.75)
    if sentence:
        text += f": it {sentence}."
    elif close:
        text += f". Did you mean {' or '.join(close)}?"
    elif not name.startswith("_"):
        text += ". What of PyTorch's names is here: docs/pytorch-names.md."
    caller = sys._getframe(2)
    if dis.opname[caller.f_code.co_code[caller.f_lasti]] == "IMPORT_FROM":
        return ImportError(text, name=path)
    return AttributeError(text, name=name)


def sentence_of(path, name):
    """Of a name below `path` that is not here on purpose: what it is, and what to use; None of all others."""
    for pattern, what, instead in _SENTENCES + _BELOW.get(path, []):
        if re.fullmatch(pattern, name):
            return f"{what}. {instead}"
    return None


def no_module(name):
    """The ModuleNotFoundError for a module of PyTorch's that is not here."""
    for word in reversed(name.split(".")):
        if sentence := sentence_of("", word):
            return ModuleNotFoundError(f"{name} is not in microtorch: it {sentence}.", name=name)
    return ModuleNotFoundError(
        f"{name} is not in microtorch, which stands for torch here. It has tensors, autograd, nn, optim, data and "
        "datasets under PyTorch's names.",
        name=name,
    )
