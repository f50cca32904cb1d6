"""Run reference experiments on real data and write what they measured.

Each is a file in the folder examples of the source. Its section, a table and a picture go to OUT/results/, and all
sections that are there to OUT/results.md.
"""

import importlib
import os
import pathlib
import platform
import sys
import time

from . import folder

# name -> module in examples/, in the order of the page
EXPERIMENTS = {
    "mnist": "mnist_optimizers",
    "cifar": "cifar_optimizers",
    "initialisation": "initialisation",
    "quadratic": "quadratic",
    "svhn": "svhn",
}


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("name", choices=[*EXPERIMENTS, "all"], help="which experiment")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("docs"), help="folder for results.md")
    parser.add_argument("--data", help="folder with the datasets; default: MICROTORCH_DATA, or the user's cache")


def run(args):
    """Run one or all, and write the page."""
    folder("experiment", args.out)
    if args.data:
        os.environ["MICROTORCH_DATA"] = args.data
    sys.path.insert(0, str(find_examples()))
    from ..io.files import replacing

    results = args.out / "results"
    results.mkdir(parents=True, exist_ok=True)
    for name in EXPERIMENTS if args.name == "all" else [args.name]:
        print(f"{name} ...", flush=True)
        begin = time.perf_counter()
        section = importlib.import_module(EXPERIMENTS[name]).run(results)
        section += f"\n{environment()}; {time.perf_counter() - begin:.0f} s in all.\n"
        with replacing(results / f"{name}.md") as temporary:
            temporary.write_text(section, encoding="utf-8")
        print(section)
    sections = [results / f"{name}.md" for name in EXPERIMENTS]
    page = [HEAD, *(path.read_text(encoding="utf-8") for path in sections if path.exists())]
    with replacing(args.out / "results.md") as temporary:
        temporary.write_text("\n".join(page), encoding="utf-8")
    print(f"Written: {args.out / 'results.md'}")


HEAD = """# Results

Measured by `make experiments` with the scripts in `examples/`, seeds fixed. Where PyTorch is installed, it trains
beside microtorch: the same data, the same batches in the same order, the same initial weights.
"""


def find_examples():
    """The folder with the experiments: beside the package in the source, or in the folder where one is."""
    import microtorch

    for base in (pathlib.Path(microtorch.__file__).parents[1], pathlib.Path.cwd()):
        if (base / "examples" / "mnist_optimizers.py").exists():
            return base / "examples"
    raise FileNotFoundError("the experiments are in the folder examples of microtorch's source; run this from there")


def environment():
    """Versions and threads, which the figures depend on."""
    import numpy

    import microtorch

    versions = [f"microtorch {microtorch.__version__}", f"numpy {numpy.__version__}"]
    if "torch" in sys.modules:
        versions.append(f"PyTorch {sys.modules['torch'].__version__}")
    threads = os.environ.get("OMP_NUM_THREADS", os.cpu_count())
    return f"{', '.join(versions)}, Python {platform.python_version()}, {platform.machine()}, threads: {threads}"
