"""Does an installed wheel work? `make build` runs it in an empty environment, away from the sources.

python tests/project/installed.py
"""

import importlib
import importlib.metadata
import pkgutil
import tempfile
from pathlib import Path

import microtorch
from microtorch import data, datasets, nn, optim, viz


def main():
    """Look at what the wheel brought, and train a network with it."""
    folder = Path(microtorch.__file__).parent
    assert "site-packages" in folder.parts, f"{folder} is not installed"
    assert microtorch.__version__ == importlib.metadata.version("microtorch")
    source = Path(__file__).resolve().parents[2] / "microtorch"
    for path in source.rglob("*"):
        name = path.relative_to(source)
        if path.is_file() and path.suffix != ".pyc":
            assert (folder / name).exists(), f"{name} is not in the wheel"
    modules = [m.name for m in pkgutil.walk_packages([str(folder)], "microtorch.") if "__main__" not in m.name]
    for name in modules:
        if ".questions" not in name:
            try:
                importlib.import_module(name)
            except ImportError as error:  # an extra's, which says so
                if "pip install" not in str(error):
                    raise

    microtorch.manual_seed(0)
    train = datasets.Digits(train=True)
    loader = data.DataLoader(train, batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer, losses = optim.Adam(model.parameters(), lr=0.01), []
    for _ in range(5):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert losses[-1] < losses[0] / 3, losses
    with tempfile.TemporaryDirectory() as place:
        viz.draw(loss).save(Path(place) / "graph.svg")
        assert (Path(place) / "graph.svg").stat().st_size > 1000
    fell = f"{losses[0]:.2f} to {losses[-1]:.2f}"
    print(f"The wheel of {microtorch.__version__} works: {len(modules)} modules; a loss fell from {fell}.")


if __name__ == "__main__":
    main()
