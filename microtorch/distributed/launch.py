"""Starting a program as several ranks on this machine, and saying which of them ended the others."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

from ..errors import DistributedError
from . import threads
from .group import PLACES
from .joining import is_available

__all__ = ["launch"]

_KILLED = re.compile(rb"PID (\d+) RUNNING AT (\S+)\s*=\s+EXIT CODE: (\d+)")
_MOST = 1 << 16  # bytes of the output that are searched for it
_SECONDS = 8  # between a request to stop and the end of all


def mpiexec():
    """The path of the ``mpiexec`` that belongs to this Python, or of the first that is found; None without one."""
    beside = Path(sysconfig.get_path("scripts")) / "mpiexec"
    return str(beside) if beside.exists() else shutil.which("mpiexec")


def launch(command, ranks, environment=None):
    """Run a program as `ranks` processes on this machine, each with its share of the cores.

    Parameters
    ----------
    command : list of str
        As ``[sys.executable, "train.py"]``.
    ranks : int
    environment : dict of str to str, optional
        Default: that of this process.

    Returns
    -------
    int
        The exit status: 0 if all ranks ended well.

    Raises
    ------
    DistributedError
        If mpi4py or ``mpiexec`` is missing.

    Notes
    -----
    Ctrl-C and SIGTERM are handed on, as Ctrl-C; ranks that have not ended 8 seconds later are killed. If one rank is
    killed, its number is printed.

    Examples
    --------
    >>> import sys
    >>> from microtorch.distributed import launch
    >>> launch([sys.executable, "-c", "import microtorch; microtorch.distributed.init_process_group()"], 2)
    0
    """
    starter = mpiexec()
    if starter is None or not is_available():
        what = "mpi4py" if starter else "mpiexec"
        raise DistributedError(f"{ranks} ranks need {what}, which is not installed: pip install 'microtorch[mpi]'.")
    environment = dict(os.environ if environment is None else environment)
    if not any(name in environment for name in threads.NAMES):
        environment |= dict.fromkeys(threads.NAMES, str(threads.share(ranks)))
    with tempfile.TemporaryDirectory() as folder:
        environment[PLACES] = folder
        # In a session of its own: Ctrl-C on a terminal reaches this process only, which hands it on, once.
        pipes = {
            "start_new_session": True,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        output = [bytearray(), bytearray()]
        with subprocess.Popen([starter, "-n", str(ranks), *command], env=environment, **pipes) as process:
            pumps = [
                threading.Thread(target=_pump, args=arguments)
                for arguments in zip((process.stdout, process.stderr), (sys.stdout, sys.stderr), output, strict=True)
            ]
            for pump in pumps:
                pump.start()
            with _handing_on(process):
                status = process.wait()
            for pump in pumps:
                pump.join()
        _tell_killed(output, Path(folder))
    return status if status >= 0 else 128 - status


def _pump(source, target, kept):
    """Write what comes out of `source` to `target` at once, and keep the end of it."""
    while chunk := source.read1(1 << 14):
        kept += chunk
        del kept[:-_MOST]
        with contextlib.suppress(OSError, ValueError):  # nobody reads
            if hasattr(target, "buffer"):
                target.buffer.write(chunk)
            else:
                target.write(chunk.decode(errors="replace"))
            target.flush()


@contextlib.contextmanager
def _handing_on(process):
    """Hand Ctrl-C and SIGTERM on to the ranks, and end them if that does not."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    timers = []

    def stop(number, frame):
        process.send_signal(signal.SIGINT)
        timers.append(threading.Timer(_SECONDS, process.kill))
        timers[-1].start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_killed(output, folder):
    """Say which rank was killed, where the starter has said which process was."""
    for match in (m for text in output for m in _KILLED.finditer(bytes(text))):
        process, host, number = match[1].decode(), match[2].decode(), int(match[3])
        rank = next((p.suffix[1:] for p in folder.glob("rank.*") if p.read_text() == process), None)
        name = signal.Signals(number).name if number in signal.valid_signals() else f"status {number}"
        which = "a process that had not joined yet" if rank is None else f"rank {rank}"
        print(
            f"microtorch: {which} (process {process} on {host}) was ended by {name}, and all with it.", file=sys.stderr
        )
