"""Show versions, threads, where compiled kernels are kept, and which datasets are there."""

import os
import pathlib
import platform
from importlib import metadata

# What each needs at run time, and what adds to it.
PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "safetensors",
    "graphviz",
    "pygraphviz",
    "matplotlib",
    "pooch",
    "scipy",
    "torch",
)


def add_arguments(parser):
    """The options of the command: none."""


def run(args):
    """Print it all."""
    import numpy

    import microtorch

    from ..errors import DatasetError
    from ..kernels import _jit

    print(f"microtorch {microtorch.__version__}  {pathlib.Path(microtorch.__file__).parent}")
    print(f"Python {platform.python_version()}  {platform.platform()}  {os.cpu_count()} processors")
    for name in PACKAGES:
        try:
            print(f"{name:12} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            print(f"{name:12} not installed")
    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    print(f"{'BLAS':12} {blas.get('name')} {blas.get('version', '')}")
    for pool in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        if f"{pool}_NUM_THREADS" in os.environ:
            print(f"{pool}_NUM_THREADS={os.environ[f'{pool}_NUM_THREADS']}")
    print(f"{'kernels':12} {_jit._cache_directory() or 'not kept: no folder to write to'}")
    print(f"{'datasets':12} digits, inside the package")
    for name in ("MNIST", "FashionMNIST", "CIFAR10", "SVHN"):
        try:
            found = getattr(microtorch.datasets, name)(download=False)
            print(f"{'':12} {name}: {len(found)} training images")
        except DatasetError as error:
            print(f"{'':12} {name}: {str(error).split(' (')[0].removeprefix(f'{name}: ')}")
