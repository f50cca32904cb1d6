"""What a notebook shows of tensors and modules."""

import html.parser
import re
from pathlib import Path

import pytest

import microtorch
from microtorch import nn, viz


class Balanced(html.parser.HTMLParser):
    """Collects the text, and complains about tags that do not match."""

    def __init__(self, page):
        super().__init__()
        self.open, self.texts, self.cells = [], [], 0
        self.feed(page)
        assert not self.open
        self.text = " ".join(self.texts)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.cells += tag == "td"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("shape, cells", [((), 1), ((3,), 3), ((2, 4), 8), ((0, 3), 0), ((100, 3), 0), ((2, 2, 2), 0)])
def test_small_tensors_show_their_numbers_and_large_ones_a_summary(shape, cells):
    page = Balanced(microtorch.ones(*shape)._repr_html_() if shape else microtorch.tensor(1.0)._repr_html_())
    assert page.cells == cells
    assert "float32" in page.text


def test_signs_have_the_colours_that_they_have_in_the_pages():
    colours = re.findall(r"rgba\(([\d,]+),", microtorch.tensor([-1.0, 1.0])._repr_html_())
    web = Path(viz.__file__).parent
    for page in (web / "page" / "web" / "explorer_panel.js", web / "training" / "web" / "charts.js"):
        found = re.search(r"< 0 \? \[(.*?)\] : \[(.*?)\]", page.read_text(encoding="utf-8"))
        assert [colour.replace(" ", "") for colour in found.groups()] == colours


def test_awkward_values_and_kinds_are_shown():
    page = Balanced(microtorch.tensor([float("nan"), float("inf"), -2.0])._repr_html_())
    assert "NaN" in page.text
    assert "∞" in page.text
    assert "−2" in page.text
    assert Balanced(microtorch.tensor([True, False])._repr_html_()).cells == 2
    w = microtorch.ones(2, requires_grad=True)
    assert "requires a gradient" in w._repr_html_()
    assert "made by Mul" in (w * 2)._repr_html_()
    w.name = "<w>"
    assert "&lt;w&gt;" in w._repr_html_()


def test_a_module_shows_its_layers_and_parameters():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 2, bias=False)))
    page = Balanced(model._repr_html_())
    for words in ("0: Linear(in_features=4", "weight 3 × 4, bias 3", "1: ReLU", "2: Sequential", "21 parameters"):
        assert words in page.text
    assert "1 parameters" not in Balanced(nn.ReLU()._repr_html_()).text
