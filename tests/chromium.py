"""A page opened from its file in Debian's Chromium, driven by Playwright; without either, such tests are skipped."""

import importlib.util
import json
import re
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or importlib.util.find_spec("playwright") is None,
    reason="the explorer is not opened: it needs Chromium (apt-get install chromium) and the package playwright",
)


def data_of(path):
    """What the page has in it."""
    text = path.read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S).group(1))


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """A function that opens a file; at the end nothing was requested and nothing was logged."""
    requests, logged, contexts = [], [], []

    def open_file(path, address="", **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        context.set_default_timeout(5000)
        page = context.new_page()
        page.on("request", lambda r: requests.append(r.url))
        page.on("console", lambda m: logged.append(m.text))
        page.on("pageerror", lambda e: logged.append(str(e)))
        page.goto(path.as_uri() + address)
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert not logged, logged
    assert all(url.startswith("file://") for url in requests)
    assert len(requests) == len(contexts)


# Every piece of text with the colour behind it, as the browser computes both.
CONTRAST = """() => {
  const parse = c => {
    const v = (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return v.length < 4 ? [...v, 1] : v;
  };
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; }
    return [255, 255, 255, 1];
  };
  const bad = [], seen = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    if (e.closest("script, style, .hidden, dialog:not([open])")) continue;
    const style = getComputedStyle(e), svg = e.namespaceURI.endsWith("svg");
    if (!e.getClientRects().length) continue;
    const ink = parse(svg ? style.fill : style.color), box = svg && e.parentElement.querySelector(":scope > rect");
    const filled = box && !e.closest(".frame") && parse(getComputedStyle(box).fill);
    const paper = filled && filled[3] === 1 ? filled : behind(svg ? e.ownerSVGElement : e);
    const [a, b] = [light(ink), light(paper)].sort((p, q) => q - p), ratio = (a + .05) / (b + .05);
    seen.add(e.tagName);
    const words = e.textContent.trim().slice(0, 20);
    if (ratio < 4.5) bad.push(`${e.tagName} ${e.getAttribute("class")} "${words}" ${ratio.toFixed(2)}`);
  }
  return [bad, seen.size];
}"""
