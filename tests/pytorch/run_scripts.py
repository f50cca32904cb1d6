"""Run the scripts of a folder one after the other in this process, and print their losses as JSON.

    python tests/pytorch/run_scripts.py MODE SCRIPT...

MODE is ``as_torch``, where torch is microtorch; ``changed``, where the import lines are changed as the page for those
who come from PyTorch says; or ``torch``, PyTorch itself with microtorch's numbers.
"""

import json
import pathlib
import re
import sys
import traceback
import warnings

CHANGES = [
    (r"^import torch$", "import microtorch as torch"),
    (r"^(from|import) torch\.utils\.data\b", r"\1 microtorch.data"),
    (r"^(from|import) torch\b", r"\1 microtorch"),
]


def run(mode, path):
    """The numbers in `losses` after the script at `path` has run."""
    text = path.read_text(encoding="utf-8")
    for old, new in CHANGES if mode == "changed" else ():
        text = re.sub(old, new, text, flags=re.MULTILINE)
    names = {"__name__": "__main__"}
    exec(compile(text, str(path), "exec"), names)
    return [float(loss) for loss in names["losses"]]


if __name__ == "__main__":
    mode, *paths = sys.argv[1:]
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
    warnings.simplefilter("ignore")
    if mode == "as_torch":
        import microtorch.as_torch
    if mode == "torch":
        import torch
        import twin

        torch.set_num_threads(1)
    import microtorch

    found = {}
    for path in map(pathlib.Path, paths):
        (twin if mode == "torch" else microtorch).manual_seed(0)
        try:
            found[path.stem] = run(mode, path)
        except Exception:
            found[path.stem] = traceback.format_exc()
    print(json.dumps(found))
