"""Runs of recorded calls as one native call, without Python between them and without its lock.

A call is a block of 64-bit words: the address of the kernel that eager steps call, too, and its arguments as compiled
code takes them. A few lines of machine code, one for each kind of arguments, hand a block to its kernel; `_driver` goes
through all blocks. They are made by llvmlite in a few milliseconds and know nothing of a network, whose list is data.
"""

import ctypes
import functools
import struct

import numpy as np

from ..kernels import pointwise
from ..kernels._jit import lock, ready
from .calls import set_gradients
from .same_step import SameStep

# Calls of numpy on arrays that lie in a row, and the kernels that do the same to the last bit.
_SAME = {np.add: pointwise.add, np.copyto: pointwise.copy}


def segments(runs):
    """`runs` with those that follow one another, and have a native form, replaced by one `Segment`."""
    result, waiting = [], []
    for run in [*runs, None]:
        part = None if run is None else _part(run)
        if part is not None:
            waiting.append((run, *part))
            continue
        result += _together(waiting)
        waiting = []
        if run is not None:
            result.append(run)
    return result


def _together(waiting):
    if sum(len(blocks) for _, blocks, _ in waiting) < 2:
        return [run for run, *_ in waiting]
    return [Segment(waiting)]


def _part(run):
    """(the blocks of a call, what Python has to do around them) if it has a native form, else None."""
    if isinstance(run, SameStep):
        blocks = [_block(kernel, args) for kernel, args in run.kernels()]
        return None if None in blocks else (blocks, _Step(run, blocks))
    if not isinstance(run, functools.partial):
        return None
    if run.func is set_gradients:
        return [], _After(run)
    function, args = run.func, run.args
    if function in _SAME:
        if not _in_a_row(args):
            return None
        function, args = ready(_SAME[function]), [a.reshape(-1) for a in args]
    block = _block(function, args)
    return None if block is None else ([block], None)


def _in_a_row(args):
    first = args[0]
    return all(
        isinstance(a, np.ndarray) and a.flags.c_contiguous and a.shape == first.shape and a.dtype is first.dtype
        for a in args
    )


class Segment:
    """Calls that become one."""

    def __init__(self, parts):
        self.runs = [run for run, *_ in parts]
        self.around = [around for *_, around in parts if around is not None]
        self.before = [around for around in self.around if isinstance(around, _Step)]
        blocks = [(block, run) for run, blocks, _ in parts for block in blocks]
        self.owners = [run for _, run in blocks]  # whose block it is
        self.blocks = [block for block, _ in blocks]
        self.addresses = np.array([block.words.ctypes.data for block in self.blocks], np.int64)
        self.callers = np.array([block.caller for block in self.blocks], np.int64)
        driver = _driver()
        self.call = functools.partial(driver, self.callers.ctypes.data, self.addresses.ctypes.data, len(self.blocks))
        self.failed = None

    def __call__(self):
        for around in self.before:
            if not around.prepare():
                for run in self.runs:  # as without a native form
                    run()
                return
        at = self.call()
        if at < len(self.blocks):
            self._fail(at)
        for around in self.around:
            around.finish()

    def _fail(self, at):
        """Make the call that raised, and all that follow, with Python around them, which has the words for it."""
        self.failed = self.owners[at]
        self.failed()
        raise RuntimeError("capture: a native call failed, and did not when it was made again")


class _Step:
    """A step of an optimizer: Python looks whether it is the same, and writes its numbers into the blocks."""

    def __init__(self, step, blocks):
        self.step, self.given = step, None
        self.writers = []
        for (_, (*_, numbers)), block in zip(step.kernels(), blocks):
            pack = struct.Struct(f"={len(numbers)}d")
            memory = memoryview(block.words).cast("B")  # once: an array is slow to give its memory
            self.writers.append(functools.partial(pack.pack_into, memory, memory.nbytes - pack.size))

    def prepare(self):
        self.given = self.step.prepare()
        if self.given is None:
            return False
        for write, (numbers, _) in zip(self.writers, self.given):
            write(*numbers)
        return True

    def finish(self):
        self.step.finish(self.given)


class _After:
    """The work left to Python when the calls have been made."""

    def __init__(self, run):
        self.finish = run


class _Block:
    """One call: its words, and the arrays that they point to."""

    def __init__(self, caller, words, args):
        self.caller, self.words, self.args = caller, words, args


def _block(kernel, args):
    """The native form of ``kernel(*args)``, or None."""
    if not hasattr(kernel, "overloads"):  # numpy's, or there is no compiler
        return None
    import numba

    types = tuple(map(numba.typeof, args))
    if types not in kernel.overloads:  # one that takes the place of two has never run
        kernel.compile(types)
    compiled = kernel.overloads[types]
    if compiled.signature.return_type is not numba.types.none:
        return None
    function = compiled.target_context.call_conv.get_function_type(compiled.fndesc.restype, compiled.fndesc.argtypes)
    kinds = tuple(map(str, function.args[2:]))
    words = [w for a in args for w in _words(a)]
    if len(words) != len(kinds) or not _CALLABLE.issuperset(
        kind.rstrip("*") if "*" in kind else kind for kind in kinds
    ):
        return None
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    caller = _caller(kinds)
    return _Block(caller, np.array([address, *words], np.int64), args)


_CALLABLE = {"i8", "i32", "i64", "float", "double"}  # what arguments, or what they point to, can be here


def _words(a):
    """An argument of a kernel as 64-bit words, in the order in which compiled code takes its parts."""
    if isinstance(a, np.ndarray):  # two counts of references that nobody keeps
        return (0, 0, a.size, a.itemsize, a.ctypes.data, *a.shape, *a.strides)
    if isinstance(a, tuple):
        return [w for part in a for w in _words(part)]
    if isinstance(a, float | np.floating):
        return struct.unpack("=q", struct.pack("=d", a))
    return (int(a),)


# -- machine code ------------------------------------------------------------------------------------------------------


@functools.cache
def _caller(kinds):
    """The address of ``int32 call(int64 *block)`` for a kernel with arguments of these `kinds`, as LLVM spells them."""
    from llvmlite import ir

    word, status = ir.IntType(64), ir.IntType(32)
    pointer = ir.IntType(8).as_pointer()
    plain = {"i8": ir.IntType(8), "i32": status, "i64": word, "float": ir.FloatType(), "double": ir.DoubleType()}
    types = [plain[k] if "*" not in k else plain[k.rstrip("*")].as_pointer() for k in kinds]

    def write(builder, block):
        given = [builder.alloca(pointer), builder.alloca(pointer)]  # the result, and what is raised: neither is read
        for i, kind in enumerate(types):
            value = builder.load(builder.gep(block, [word(i + 1)]))
            if isinstance(kind, ir.PointerType):
                value = builder.inttoptr(value, kind)
            elif isinstance(kind, ir.DoubleType):
                value = builder.bitcast(value, kind)
            elif isinstance(kind, ir.FloatType):
                value = builder.fptrunc(builder.bitcast(value, ir.DoubleType()), kind)
            elif kind.width < 64:
                value = builder.trunc(value, kind)
            given.append(value)
        kind = ir.FunctionType(status, [pointer.as_pointer(), pointer.as_pointer(), *types])
        target = builder.inttoptr(builder.load(block), kind.as_pointer())
        builder.ret(builder.call(target, given))

    return _machine_code("call_" + "_".join(kinds).replace("*", "p"), status, [word.as_pointer()], write)


@functools.cache
def _driver():
    """``driver(callers, blocks, n)``: make n calls; gives how many were made, fewer where one has raised."""
    from llvmlite import ir

    word, status = ir.IntType(64), ir.IntType(32)
    row = word.as_pointer()

    def write(builder, callers, blocks, n):
        function = builder.function
        loop, body, after, end = (function.append_basic_block(name) for name in ("loop", "body", "after", "end"))
        entry = builder.block
        builder.branch(loop)
        builder.position_at_end(loop)
        i = builder.phi(word)
        i.add_incoming(word(0), entry)
        builder.cbranch(builder.icmp_signed("<", i, n), body, end)
        builder.position_at_end(body)
        kind = ir.FunctionType(status, [row])
        caller = builder.inttoptr(builder.load(builder.gep(callers, [i])), kind.as_pointer())
        block = builder.inttoptr(builder.load(builder.gep(blocks, [i])), row)
        failed = builder.call(caller, [block])
        builder.cbranch(builder.icmp_signed("==", failed, status(0)), after, end)
        builder.position_at_end(after)
        i.add_incoming(builder.add(i, word(1)), after)
        builder.branch(loop)
        builder.position_at_end(end)
        builder.ret(i)

    address = _machine_code("driver", word, [row, row, word], write)
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(address)


_engines = []  # what has made code, which lives as long


def _machine_code(name, result, arguments, write):
    """The address of a function whose body ``write(builder, *arguments)`` writes."""
    from llvmlite import binding, ir

    module = ir.Module(name)
    function = ir.Function(module, ir.FunctionType(result, arguments), name)
    write(ir.IRBuilder(function.append_basic_block("entry")), *function.args)
    with lock:
        target = binding.Target.from_default_triple().create_target_machine(opt=2, jit=True)
        parsed = binding.parse_assembly(str(module))
        parsed.verify()
        engine = binding.create_mcjit_compiler(parsed, target)
        engine.finalize_object()
        _engines.append(engine)
        return engine.get_function_address(name)
