"""Draw the backward graph of one training step of an MLP."""

import pathlib

from . import at_least, between, folder, network, network_sizes, refuse

ENDINGS = (".svg", ".png", ".pdf", ".dot", ".gv", ".html")


def add_arguments(parser):
    """The options of the command."""
    add = parser.add_argument
    add("--layers", type=int, nargs="+", default=[784, 100, 10], help="sizes, from the features to the classes")
    add("--activation", default="relu", help="by the name of its module in any case")
    add("--dropout", type=float, default=0.0, help="probability after each activation")
    add("--norm", choices=("none", "batch", "layer", "rms"), default="none", help="before each activation")
    add("--batch-size", type=int, default=32, help="samples in the step")
    add(
        "--show", nargs="*", default=["saved", "legend"], help="saved, values, gradients, bytes, time, formulas, legend"
    )
    add("--depth", type=int, help="modules nested deeper are one box each")
    add("--out", type=pathlib.Path, default=pathlib.Path("graph.svg"), help="svg, png, pdf, dot or html file")
    add("--tree", action="store_true", help="print the graph as a tree instead of drawing it")


def run(args):
    """Make the step and draw it."""
    import microtorch

    from .. import viz
    from ..nn.functional import cross_entropy

    network_sizes("graph", args.layers)
    at_least("graph", 1, batch_size=args.batch_size)
    at_least("graph", 0, depth=args.depth)
    between("graph", 0, 1, dropout=args.dropout)
    if not args.tree and args.out.suffix not in ENDINGS:
        raise refuse("graph", "out", args.out, f"Give a file that ends in {', '.join(ENDINGS)}.")
    if args.out.is_dir():
        raise refuse("graph", "out", args.out, "It is a folder; give a file.")
    folder("graph", args.out.parent)
    microtorch.manual_seed(0)
    model = network("graph", args, args.layers)
    images = microtorch.randn(args.batch_size, args.layers[0])
    labels = microtorch.arange(args.batch_size) % args.layers[-1]
    loss = cross_entropy(model(images), labels)
    if args.tree:
        print(viz.tree(loss, model))
        return
    try:
        drawing = viz.draw(loss, model, show=args.show, depth=args.depth)
    except ValueError as error:
        raise ValueError(f"graph: --show: {error}") from None
    made = "" if args.out.parent.exists() else f", in the new folder {args.out.parent}"
    args.out.parent.mkdir(parents=True, exist_ok=True)
    drawing.save(args.out)
    print(f"Written: {args.out}{made}")
