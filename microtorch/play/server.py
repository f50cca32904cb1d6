"""The server of `microtorch play`: for this machine and this page only.

Bound to the loopback address, it answers requests that name it as their host, come from its own page (or from none),
and know the token in its address, which another page or another user of the machine does not. It reads no file that a
request names, and takes at most `LONGEST` bytes.
"""

import hmac
import json
import secrets
import sys
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from .choices import CHOICES, checked
from .trainer import Trainer

__all__ = ["Server"]


ADDRESS = "127.0.0.1"
LONGEST = 10_000
HEADERS = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


class Server(ThreadingHTTPServer):
    """Serves one page and its trainings.

    Parameters
    ----------
    port : int, default 0
        0 for a free one.

    Attributes
    ----------
    url : str
        What to open; the token is in it.
    trainer : Trainer
    """

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__((ADDRESS, port), Handler)
        self.token, self.trainer = secrets.token_urlsafe(24), Trainer()
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        self.url = f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def handle_error(self, request, client_address):
        """A page that was closed is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def page(self):
        """The page."""
        from ..viz.training.page import html

        return html([], live=[{k: v for k, v in asdict(c).items() if v != float("inf")} for c in CHOICES])


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server_version, sys_version, timeout = "microtorch", "", 30

    def do_GET(self):
        """The page, and how the training goes."""
        place, query = self._place()
        if place == "":
            self._answer(self.server.page(), "text/html; charset=utf-8")
        elif place == "news":
            number, after = (int(query.get(name, "0")) for name in ("number", "after"))
            self._answer_json(self.server.trainer.news(number, after))
        elif place is not None:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self):
        """Start a training, or stop it."""
        place, _ = self._place()
        if place is None:
            return
        if self.headers.get("Content-Type") != "application/json":  # a form of another page cannot send this
            return self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LONGEST:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        if place == "stop":
            self.server.trainer.stop()
            self._answer_json({})
        elif place == "start":
            try:
                self.server.trainer.start(checked(json.loads(body)))
                self._answer_json({})
            except (ValueError, RecursionError) as error:
                self._answer_json({"error": str(error)}, HTTPStatus.BAD_REQUEST)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _place(self):
        """(what is asked for, its query) behind the token; (None, {}) after a refusal."""
        headers, own = self.headers, {f"http://{host}" for host in self.server.hosts}
        if headers.get("Host") not in self.server.hosts or headers.get("Origin", next(iter(own))) not in own:
            return self._refuse(HTTPStatus.FORBIDDEN)
        if headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return self._refuse(HTTPStatus.FORBIDDEN)
        address = urlsplit(self.path)
        token, slash, place = address.path.removeprefix("/").partition("/")
        if not slash or not hmac.compare_digest(token.encode(), self.server.token.encode()):
            return self._refuse(HTTPStatus.FORBIDDEN)
        query = {k: v[0] for k, v in parse_qs(address.query).items() if v[0].isdecimal() and len(v[0]) < 12}
        return place, query

    def _refuse(self, status):
        self._answer(status.phrase, "text/plain; charset=utf-8", status)
        return None, {}

    def _answer_json(self, found, status=HTTPStatus.OK):
        self._answer(json.dumps(found, allow_nan=False, separators=(",", ":")), "application/json", status)

    def _answer(self, text, kind, status=HTTPStatus.OK):
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """Say nothing: the token is in the address."""
