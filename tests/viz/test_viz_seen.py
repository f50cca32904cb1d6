"""What was seen to be wrong on the pages, as a browser measures it: marks on labels, scales that are not one."""

import re
from pathlib import Path

import pytest
from chromium import needs_chromium

import microtorch
from microtorch import nn, viz
from microtorch.nn import functional as F

ROOT = Path(__file__).parents[2]


def recorded(rate):
    microtorch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))
    optimizer = microtorch.optim.SGD(model.parameters(), lr=rate, momentum=0.9)
    x, t = microtorch.datasets.moons(60).tensors
    with viz.record(model, optimizer, None, every=1) as recording:
        for _ in range(30):
            optimizer.zero_grad()
            F.cross_entropy(model(x), t).backward()
            optimizer.step()
    return recording


BOXES = """selector => [...document.querySelectorAll(selector)].map(e => {
  const r = e.getBoundingClientRect();
  return [r.left, r.top, r.right, r.bottom];
})"""


def meet(a, b):
    """Whether two boxes do."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_trainings_side_by_side_have_one_scale_and_marks_beside_their_labels(width, tmp_path, visit):
    recordings = {"slow": recorded(0.01), "quick": recorded(2.0)}
    assert recordings["quick"].findings
    viz.compare(recordings, tmp_path / "compared.html")
    page = visit(tmp_path / "compared.html", viewport={"width": width, "height": 900})
    scales = page.eval_on_selector_all(
        ".chart", "all => all.map(c => [...c.querySelectorAll('text')].slice(0, 2).map(e => e.textContent))"
    )
    assert scales[0] == scales[1]
    marks, texts = page.evaluate(BOXES, ".chart .mark"), page.evaluate(BOXES, ".chart text")
    assert marks
    assert not [m for m in marks for t in texts if meet(m, t)]
    told = page.eval_on_selector_all(".finding", "all => all.map(e => e.textContent)")
    assert any(re.search(r"large updates: layer \d: one step changes its weights by \d+\u00a0% of", t) for t in told)


@needs_chromium
def test_the_label_of_the_gradient_stands_beside_its_edge(tmp_path, visit):
    x = microtorch.randn(5, 3)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
    viz.explore(F.cross_entropy(model(x), microtorch.tensor([0, 1, 2, 1, 0])), tmp_path / "back.html", model)
    page = visit(tmp_path / "back.html")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector("text.shape.now")
    (text,) = page.evaluate(BOXES, "text.shape.now")
    (edge,) = page.evaluate(BOXES, "path.edge.now")
    assert text[0] > edge[2] + 4  # the box of a line is without its width
