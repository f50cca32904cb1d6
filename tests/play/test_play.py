"""`microtorch play`: what its server answers and refuses, and the page in a real browser."""

import http.client
import json
import socket
import threading
import time

import pytest
from chromium import CONTRAST, needs_chromium

from microtorch.play import server as module
from microtorch.play.choices import CHOICES, checked, made
from microtorch.play.trainer import Trainer


@pytest.fixture(scope="module")
def server():
    server = module.Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.trainer.stop()
    server.shutdown()
    server.server_close()
    thread.join()


def request(server, method="GET", place="", body=None, token=None, **headers):
    """(status, headers, text) of a request; headers with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if method == "POST":
        headers = {"Content-Type": "application/json", **headers}
    connection.request(method, f"/{token or server.token}/{place}", body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


def test_it_listens_on_the_loopback_address_only(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.token in server.url
    assert len(server.token) >= 32


@pytest.mark.parametrize("method, place", [("GET", ""), ("GET", "news"), ("POST", "start"), ("POST", "stop")])
@pytest.mark.parametrize(
    "how",
    [
        {"Host": "example.org"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1.example.org:80"},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"token": "x" * 32},
        {"token": "."},
    ],
)
def test_other_hosts_origins_and_tokens_are_refused(server, method, place, how):
    before = server.trainer.number
    status, _, text = request(server, method, place, "{}" if method == "POST" else None, **how)
    assert status == 403
    assert server.token not in text
    assert server.trainer.number == before


def test_its_own_page_is_answered_and_kept_from_others(server):
    own = f"http://127.0.0.1:{server.server_port}"
    status, headers, text = request(server, Origin=own, Sec_Fetch_Site="same-origin")
    assert status == 200
    assert "<title>" in text
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("place", ["x", "../etc/passwd", "%2e%2e/", "news/x"])
def test_there_is_nothing_else(server, place):
    assert request(server, place=place)[0] in (403, 404)


@pytest.mark.parametrize(
    "body, headers, status",
    [
        ("{}", {"Content-Type": "text/plain"}, 415),
        ("{}", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("x" * 10_001, {}, 413),
        ("not json", {}, 400),
        ("[" * 5000, {}, 400),
        ('{"layers": "1000000"}', {}, 400),
        ('{"rate": "nan"}', {}, 400),
        ('{"rate": -1}', {}, 400),
        ('{"data": "/etc/passwd"}', {}, 400),
        ('{"else": 1}', {}, 400),
        ("[]", {}, 400),
    ],
)
def test_what_cannot_be_started_is_refused_in_words(server, body, headers, status):
    before = server.trainer.number
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    connection.request("POST", f"/{server.token}/start", body, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == status
    if status == 400:
        assert json.loads(text)["error"]
    assert server.trainer.number == before


def test_half_a_request_keeps_nobody_waiting(server):
    with socket.create_connection(("127.0.0.1", server.server_port)):
        assert request(server)[0] == 200


@pytest.mark.parametrize("choice", [c for c in CHOICES if c.options], ids=lambda c: c.name)
def test_every_choice_makes_a_training(choice):
    for option in choice.options:
        model, _, inputs, labels = made(checked({choice.name: option, "layers": "4"}))
        assert model(inputs[:5]).shape[0] == len(labels[:5])


def test_a_training_tells_how_it_goes_and_stops():
    trainer = Trainer()
    trainer.start(checked({"data": "moons", "layers": "4"}))
    while trainer.recording.step < 12:
        time.sleep(0.01)
    found = trainer.news(0, 0)
    assert found["running"]
    t = found["training"]
    assert len(t["steps"]) == len(t["loss"]) == len(t["layers"][0]["gradient"])
    after = max(map(int, t["frames"]))
    trainer.stop()
    assert not trainer.running
    assert all(step > after for step in trainer.news(1, after)["training"]["frames"])
    trainer.start(checked({"layers": "4", "seed": 1}))
    trainer.stop()
    assert trainer.number == 2


@needs_chromium
def test_choose_train_and_follow(server, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    page, wrong, hosts = context.new_page(), [], set()
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("request", lambda r: hosts.add(r.url.split("/")[2]))
    page.goto(server.url)
    page.fill("[name=layers]", "0")
    page.click("#start")
    page.wait_for_selector("#error:has-text('hidden layers')")
    page.fill("[name=layers]", "8")
    page.select_option("[name=data]", "circles")
    page.click("#start")
    page.wait_for_selector(".training h2:has-text('circles')")
    page.wait_for_selector("canvas.map")
    page.click("#stop")
    bad, _ = page.evaluate(CONTRAST)
    assert bad == []
    assert wrong == []
    assert hosts == {f"127.0.0.1:{server.server_port}"}
    context.close()
