"""Play with a network: choose data, layers and optimizer on a page, and watch it train on this machine.

The page is served to this machine only, at an address with a secret in it, until Ctrl-C.
"""

import webbrowser

from . import between


def add_arguments(parser):
    """The options of the command."""
    parser.add_argument("--port", type=int, default=0, help="of the address; 0 for a free one")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def run(args):
    """Serve the page until Ctrl-C."""
    from ..play.server import Server

    between("play", 0, 65536, port=args.port)
    try:
        server = Server(args.port)
    except OSError as error:
        raise ValueError(f"play: --port is {args.port}. {error.strerror}; leave it out for a free one.") from None
    print(f"Play at {server.url}\nCtrl-C ends it.", flush=True)
    if not args.no_browser:
        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        server.trainer.stop()
        server.server_close()
