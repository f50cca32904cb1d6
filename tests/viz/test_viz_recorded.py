"""The calls of a captured step in the explorer's page: what is listed, and which operations they are matched with."""

import pytest
from chromium import CONTRAST, data_of, needs_chromium

import microtorch
from microtorch import nn, optim, viz
from microtorch.captured.calls import Call
from microtorch.nn import functional as F


def page_of(path, loss, model=None, **options):
    """What the page of `loss` has in it."""
    viz.explore(loss, path / "x.html", model, **options)
    return data_of(path / "x.html")


def recorded(loss_of, parameters):
    """A captured step of the loss that `loss_of` computes, called once."""
    optimizer = optim.SGD(parameters, lr=0.1)

    @microtorch.capture
    def step():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        return loss

    step()
    return step


def linked(page):
    """(name of a call, what it writes first, title and subtitle of an operation it is linked with)"""
    nodes = {n["id"]: n for n in page["nodes"]}
    return [
        (call["name"], call["writes"][0][0], nodes[id]["title"], nodes[id]["subtitle"])
        for call in page["calls"]
        for id in call["operations"]
    ]


@pytest.fixture
def model():
    microtorch.manual_seed(0)
    return nn.MLP([4, 6, 5, 3])


@pytest.fixture
def x():
    return microtorch.randn(2, 4)


def test_calls_are_listed_in_order_with_module_and_arrays(tmp_path, model, x):
    step = recorded(lambda: F.cross_entropy(model(x), microtorch.tensor([0, 2])), model.parameters())
    page = page_of(tmp_path, F.cross_entropy(model(x), microtorch.tensor([0, 2])), model, captured=step)
    calls = page["calls"]
    assert [c["name"] for c in calls] == step.calls
    first = next(c for c in calls if c["name"] == "Linear backward")  # of the last layer
    assert first["place"] == "fc3"
    assert first["writes"] == [["2 × 5", "float32", "40 B"], ["3 × 5", "float32", "60 B"], ["3", "float32", "12 B"]]
    assert [c["place"] for c in calls if c["name"] == "grad"][:2] == ["fc1.weight.grad = None", "fc1.bias.grad = None"]
    assert calls[-1] == {"name": "SGD.step", "place": "", "writes": [], "operations": []}


def test_forward_and_backward_are_linked_with_their_operation(tmp_path, model, x):
    step = recorded(lambda: (model(x) ** 2).sum(), model.parameters())
    page = page_of(tmp_path, (model(x) ** 2).sum(), model, captured=step)
    paths = {m["id"]: m["path"] for m in page["modules"]}
    nodes = {n["id"]: n for n in page["nodes"]}
    found = {}
    for call in page["calls"]:
        for id in call["operations"]:
            assert call["name"].removesuffix(" backward") == nodes[id]["title"]
            assert call["place"] == (paths[nodes[id]["module"]] if nodes[id]["module"] else "")
            found.setdefault(id, []).append(call["name"].endswith("backward"))
    layers = [n["id"] for n in page["nodes"] if n["title"] in ("Linear", "Relu")]
    assert len(layers) == 5
    assert all(found[id] == [False, True] for id in layers)


def test_operations_of_one_name_and_module_are_matched_in_their_order(tmp_path):
    x, w = microtorch.randn(4, 6), microtorch.randn(6, 3, requires_grad=True)

    def loss_of():
        y = (x.relu() @ w).relu()  # the first Relu is of no graph
        return (y.T.relu().sum(0).relu() * 2).relu().sum()

    step = recorded(loss_of, [w])
    page = page_of(tmp_path, loss_of(), captured=step)
    relus = [found for found in linked(page) if found[0].startswith("Relu")]
    assert relus == [
        (name, shape, "Relu", shape)
        for name, shapes in (("Relu", ["4 × 3", "3 × 4", "4", "4"]), ("Relu backward", ["4", "4", "3 × 4", "4 × 3"]))
        for shape in shapes
    ]
    ids = [c["operations"][0] for c in page["calls"] if c["name"].startswith("Relu") and c["operations"]]
    assert ids[:4] == ids[:3:-1]
    assert len(set(ids)) == 4


def test_an_operation_without_a_call_does_not_shift_the_others(tmp_path):
    w = microtorch.randn(6, 4, requires_grad=True)

    def loss_of():
        seen = w.reshape(3, 8)  # a view: nothing to call
        copied = seen.T.reshape(12, 2)
        return (copied * copied.reshape(2, 12).T).sum()

    step = recorded(loss_of, [w])
    page = page_of(tmp_path, loss_of(), captured=step)
    assert [f for f in linked(page) if f[0] == "Reshape"] == [("Reshape", "12 × 2", "Reshape", "12 × 2")]


def fused(step):
    """`step` with its first Linear and the Relu after it recorded as one call."""
    calls = step.recording.calls
    i = next(i for i, c in enumerate(calls) if c.name == "Linear")
    a, b = calls[i : i + 2]
    both = Call("Linear, Relu", (*a.runs, *b.runs), (*a.outputs, *b.outputs), operations=a.operations + b.operations)
    calls[i : i + 2] = [both]
    return step


def test_a_call_for_several_operations_is_linked_with_each(tmp_path, model, x):
    step = fused(recorded(lambda: model(x).sum(), model.parameters()))
    page = page_of(tmp_path, model(x).sum(), model, captured=step)
    found = [f for f in linked(page) if f[0] == "Linear, Relu"]
    assert [title for _, _, title, _ in found] == ["Linear", "Relu"]
    call = next(c for c in page["calls"] if c["name"] == "Linear, Relu")
    assert call["place"] == "fc1, act1"
    assert len(call["writes"]) == 2


def test_another_batch_size_is_matched_all_the_same(tmp_path, model, x):
    step = recorded(lambda: model(x).sum(), model.parameters())
    page = page_of(tmp_path, model(x[:1]).sum(), model, captured=step)
    assert ("Linear", "2 × 6", "Linear", "1 × 6") in linked(page)


def test_what_ran_another_number_of_times_is_not_matched(tmp_path, model, x):
    step = recorded(lambda: model(x).tanh().sum() + model(2 * x).exp().sum(), model.parameters())
    page = page_of(tmp_path, model(x).tanh().sum(), model, captured=step)
    assert {name for name, *_ in linked(page)} == {"Tanh", "Tanh backward"}


def test_another_model_is_not_matched(tmp_path, model, x):
    step = recorded(lambda: model(x).sum(), model.parameters())
    other = nn.MLP([4, 6, 5, 3])
    page = page_of(tmp_path, other(x).sum(), other, captured=step)
    assert len(page["calls"]) == len(step.calls)
    assert linked(page) == []


def test_the_recording_used_last_is_shown(tmp_path, model):
    @microtorch.capture
    def step(x):
        return model(x).sum()

    for rows in (2, 7, 2):
        step(microtorch.ones(rows, 4))
    page = page_of(tmp_path, model(microtorch.ones(2, 4)).sum(), model, captured=step)
    assert page["calls"][0]["writes"] == [["2 × 6", "float32", "48 B"]]


def test_without_a_step_there_is_no_list(tmp_path, model, x):
    assert "calls" not in page_of(tmp_path, model(x).sum(), model)


def test_a_step_without_a_recording_is_an_error_that_says_what_to_do(tmp_path, model, x):
    step = microtorch.capture(lambda: model(x).sum(), strict=False)
    with pytest.raises(microtorch.CaptureError, match="Call the step once first"):
        viz.explore(model(x).sum(), tmp_path / "x.html", model, captured=step)

    @microtorch.capture(strict=False)
    def reading():
        return model(x).sum().item()

    with pytest.warns(UserWarning, match="runs eagerly"):
        reading()
    with pytest.raises(microtorch.CaptureError, match=r"reading\.report\(\) says why"):
        viz.explore(model(x).sum(), tmp_path / "x.html", model, captured=reading)
    with pytest.raises(TypeError, match=r"microtorch\.capture"):
        viz.explore(model(x).sum(), tmp_path / "x.html", model, captured=lambda: None)
    assert not (tmp_path / "x.html").exists()


# -- in Chromium ---------------------------------------------------------------------------------------------------


@pytest.fixture
def page_file(tmp_path, model, x):
    step = recorded(lambda: model(x).logsumexp(1).sum(), model.parameters())
    viz.explore(model(x).logsumexp(1).sum(), tmp_path / "x.html", model, captured=step)
    return tmp_path / "x.html"


def lit(page):
    """The numbers of the calls that are highlighted."""
    return page.eval_on_selector_all("#calls [aria-selected=true]", "rows => rows.map(r => +r.children[0].textContent)")


def calls_of(data, node):
    return [i for i, call in enumerate(data["calls"], 1) if node in call["operations"]]


@needs_chromium
def test_the_calls_of_the_current_operation_are_highlighted(page_file, visit):
    data, page = data_of(page_file), visit(page_file)
    assert page.locator("#calls li").count() == len(data["calls"])
    assert lit(page) == []
    for step in data["steps"]:
        page.keyboard.press("ArrowRight")
        assert lit(page) == calls_of(data, step["node"])
    page.keyboard.press("Home")
    assert lit(page) == []
    linear = next(n["id"] for n in data["nodes"] if n["title"] == "Linear")
    page.focus(f"#{linear}")
    page.keyboard.press("Enter")
    assert len(lit(page)) == 2
    assert lit(page) == calls_of(data, linear)


@needs_chromium
def test_a_click_on_a_call_opens_its_operation_also_in_a_folded_module(page_file, visit):
    data, page = data_of(page_file), visit(page_file)
    page.get_by_label("fold fc2").focus()
    page.keyboard.press("Enter")
    number, call = next((i, c) for i, c in enumerate(data["calls"]) if c["name"] == "Linear" and c["place"] == "fc2")
    page.locator("#calls li").nth(number).click()
    assert page.get_attribute(".node.open", "id") == call["operations"][0]
    assert page.is_visible(".node.open")
    before = lit(page)
    assert number + 1 in before
    page.locator("#calls li").first.click(force=True)  # it clears a gradient, and is for no operation
    assert lit(page) == before


@needs_chromium
def test_a_call_for_several_operations_opens_one_after_the_other(tmp_path, model, x, visit):
    step = fused(recorded(lambda: model(x).sum(), model.parameters()))
    data = page_of(tmp_path, model(x).sum(), model, captured=step)
    number, call = next((i, c) for i, c in enumerate(data["calls"]) if c["name"] == "Linear, Relu")
    page = visit(tmp_path / "x.html")
    for node in (*call["operations"], call["operations"][0]):
        page.locator("#calls li").nth(number).click()
        assert page.get_attribute(".node.open", "id") == node
        assert number + 1 in lit(page)


@needs_chromium
def test_keys_walk_the_list(page_file, visit):
    data, page = data_of(page_file), visit(page_file)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#calls') !== null"):
            break
    first = next(i for i, call in enumerate(data["calls"]) if call["operations"])
    for _ in range(first):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.get_attribute(".node.open", "id") == data["calls"][first]["operations"][0]
    page.keyboard.press("PageDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.children[0].textContent") == str(first + 10)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#calls') === null")


@needs_chromium
def test_a_long_list_scrolls_and_what_runs_now_is_in_view(tmp_path, visit):
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(60)])
    step = recorded(lambda: model(microtorch.ones(1, 2)).sum(), model.parameters())
    data = page_of(tmp_path, model(microtorch.ones(1, 2)).sum(), model, captured=step)
    assert len(data["calls"]) > 300
    page = visit(tmp_path / "x.html")
    hidden = """() => [...document.querySelectorAll("#calls [aria-selected=true]")].slice(-1).filter(row => {
        const a = row.getBoundingClientRect(), b = row.parentElement.getBoundingClientRect();
        return a.top < b.top - 1 || a.bottom > b.bottom + 1;
    }).length"""
    for step in (1, 30, 61, 2):
        page.evaluate("i => go(i)", step)
        assert len(lit(page)) == 2
        assert page.evaluate(hidden) == 0
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.evaluate("document.getElementById('panel').clientHeight > 200")


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width, height", [(1280, 800), (390, 780)])
def test_the_list_meets_contrast_aa_in_both_themes_on_desktop_and_phone(page_file, visit, theme, width, height):
    page = visit(page_file, "#step=3", color_scheme=theme, viewport={"width": width, "height": height})
    assert len(lit(page)) == 2
    assert page.evaluate(CONTRAST)[0] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('#calls ol').clientHeight > 80")


@needs_chromium
def test_where_nothing_matches_the_page_says_so(tmp_path, model, x, visit):
    step = recorded(lambda: model(x).sum(), model.parameters())
    other = nn.MLP([4, 6, 5, 3])
    viz.explore(other(x).sum(), tmp_path / "x.html", other, captured=step)
    page = visit(tmp_path / "x.html", "#step=2")
    assert "none could be matched" in page.inner_text("#calls")
    assert lit(page) == []


@needs_chromium
def test_without_a_step_the_page_has_no_list(tmp_path, model, x, visit):
    viz.explore(model(x).sum(), tmp_path / "x.html", model)
    page = visit(tmp_path / "x.html", "#step=2")
    assert page.locator("#calls, .recorded").count() == 0
    assert page.locator("#keys dt").filter(has_text="PgUp").count() == 0
