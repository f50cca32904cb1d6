"""Draw the backward graph of one training step of an MLP."""

import pathlib


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
    from microtorch import nn, viz
    from microtorch.nn.functional import cross_entropy

    microtorch.manual_seed(0)
    model = nn.MLP(args.layers, args.activation, args.dropout, None if args.norm == "none" else args.norm)
    images = microtorch.randn(args.batch_size, args.layers[0])
    labels = microtorch.arange(args.batch_size) % args.layers[-1]
    loss = cross_entropy(model(images), labels)
    if args.tree:
        print(viz.tree(loss, model))
        return
    viz.draw(loss, model, show=args.show, depth=args.depth).save(args.out)
    print(f"Written: {args.out}")
