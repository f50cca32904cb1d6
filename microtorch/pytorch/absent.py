"""What is said of PyTorch's names that are not here: what it is, why it is not here, what to use."""

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
        r"Transformer\w*|Multi[Hh]ead\w*|scaled_dot_product_attention|attention",
        "is attention, and this library is about fully connected networks",
        "Write it with matmul and softmax, which have derivatives of any order, or use PyTorch",
    ),
    (
        r"compile|jit|fx|_dynamo|export|script|trace_module",
        "compiles or rewrites a program",
        "Use microtorch.capture, which records a step and replays it",
    ),
    (
        r"distributed|multiprocessing|DataParallel|DistributedDataParallel|rpc|DistributedSampler|SyncBatchNorm",
        "spreads work over processes or devices, and this library runs in one process",
        "Call the model itself",
    ),
    (
        r"amp|autocast|GradScaler|\w*autocast\w*",
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
    (r"onnx", "writes ONNX files", "Use microtorch.io.onnx"),
]


def refuse(path, name, known):
    """What to raise for ``path.name``, which is not here; `known` are the names that are.

    An AttributeError, as Python asks of a module; an ImportError where it is being imported by name, since Python would
    put its own words in the place of these.
    """
    text = f"{path} has no {name!r}"
    sentence = _sentence(name)
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


def _sentence(name):
    """Of a name that is not here on purpose: what it is, and what to use; None of all others."""
    for pattern, what, instead in _SENTENCES:
        if re.fullmatch(pattern, name):
            return f"{what}. {instead}"
    return None


def no_module(name):
    """The ModuleNotFoundError for a module of PyTorch's that is not here."""
    for word in reversed(name.split(".")):
        if sentence := _sentence(word):
            return ModuleNotFoundError(f"{name} is not in microtorch: it {sentence}.", name=name)
    return ModuleNotFoundError(
        f"{name} is not in microtorch, which stands for torch here. It has tensors, autograd, nn, optim, data and "
        "datasets under PyTorch's names.",
        name=name,
    )
