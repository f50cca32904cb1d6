"""Without what an extra brings: one ImportError says who needs which package, and what to install."""

import importlib
import re
import sys

import pytest

import microtorch
from microtorch import data, nn, viz
from microtorch.datasets import transforms
from microtorch.io import onnx
from microtorch.train import History
from microtorch.train.callbacks import TensorBoard
from microtorch.utils.tensorboard import SummaryWriter
from microtorch.viz import plots

IMAGE = microtorch.ones(1, 2, 2)
USES = {
    "plots matplotlib": {
        "plot": lambda: History().plot(),
        "viz.plots": lambda: plots.curves({"a": [1.0, 0.5]}),
        "viz.plots, weights": lambda: plots.weight_images(microtorch.ones(2, 4), (2, 2)),
    },
    "images PIL": {
        "save_image": lambda: viz.save_image(IMAGE, "x.png"),
        "ToPILImage": lambda: transforms.ToPILImage()(IMAGE),
        "a transform of your own": lambda: transforms.base.Pictures(IMAGE.byte()[None].numpy()).images(),
    },
    "parquet pyarrow": {"ParquetRows": lambda: data.ParquetRows("x.parquet", "y")},
    "onnx onnx": {
        "io.onnx": lambda: onnx.load("x.onnx"),
        "onnx": lambda: onnx.save(nn.ReLU(), microtorch.ones(2, 2), "x.onnx"),
    },
    "sklearn sklearn": {"microtorch.sklearn": lambda: importlib.import_module("microtorch.sklearn")},
    "tensorboard tensorboard": {
        "TensorBoard": lambda: TensorBoard("runs"),
        "Writing": lambda: SummaryWriter("runs"),
    },
}


@pytest.mark.parametrize(
    "extra, who, call",
    [(extra, who.partition(",")[0], call) for extra, calls in USES.items() for who, call in calls.items()],
)
def test_what_is_missing_is_named_with_its_extra(extra, who, call, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    extra, package = extra.split()
    for name in [n for n in sys.modules if n.startswith((f"{package}.", "microtorch.sklearn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    install = re.escape(f"pip install 'microtorch[{extra}]'")
    words = rf"{who}.* needs .*, which cannot be imported \(.*\)\. Install it: {install}"
    with pytest.raises(ImportError, match=words):
        call()
    assert not list(tmp_path.iterdir())
