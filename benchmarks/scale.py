"""How far training goes on paper: the time of a step over ranks, by the latency and the bandwidth of a network.

    python -m benchmarks.scale                                        # measures here, and checks against 2 and 4 ranks
    python -m benchmarks.scale --steps benchmarks/scale-steps.json    # from steps that were measured before
    python -m benchmarks.scale --alpha 1e-5 --gbits 25                # another network

The model. A message of n bytes takes α + β n. An all-reduce on R ranks takes, whichever is less,

    ring             2 (R − 1) α + 2 (R − 1)/R β n + (R − 1)/R γ n
    halving          2 ⌈log2 R⌉ α + 2 (R − 1)/R β n + (R − 1)/R γ n
    doubling         ⌈log2 R⌉ (α + β n + γ n)

where γ n is the time to add n bytes (R. Thakur, R. Rabenseifner, W. Gropp: Optimization of Collective Communication
Operations in MPICH, 2005). Every rank keeps its batch, so more ranks do more work in a step (weak scaling). Without
overlap a step is computing, then reducing. With it, the gradients of layer i are there when backward has come to it, in
proportion to the products it has made; buckets of 1 and then 25 MB are reduced one after the other from then on. With
local steps, an exchange of all parameters is shared out over k steps.
"""

import argparse
import json
import math
import pathlib

from . import cases, machines

LINKS = {"1 Gbit/s": (50e-6, 1.0), "10 Gbit/s": (20e-6, 10.0), "100 Gbit/s": (2e-6, 100.0)}  # α, Gbit/s
GAMMA = 1 / 10e9  # seconds to add a byte of float32 to another, at 10 GB/s
NODES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
FORWARD, BACKWARD = 0.3, 0.6  # their shares of a step; the rest is the optimizer's
LOCAL = 16


def reduce_seconds(size, ranks, alpha, beta, gamma=GAMMA):
    """The seconds of an all-reduce of `size` bytes."""
    if ranks == 1:
        return 0.0
    rounds, moved = math.ceil(math.log2(ranks)), size * (ranks - 1) / ranks
    ring = 2 * (ranks - 1) * alpha + 2 * moved * beta + moved * gamma
    halving = 2 * rounds * alpha + 2 * moved * beta + moved * gamma
    return min(ring, halving, rounds * (alpha + size * (beta + gamma)))


def buckets(sizes, megabytes=(1, 25)):
    """(bytes, share of backward that is done when they are complete) of each bucket, in order."""
    layers = [(4 * m * (n + 1), n * m) for n, m in zip(sizes, sizes[1:])]
    total, done, found, held, limit = sum(2 * f for _, f in layers), 0, [], 0, megabytes[0] * 1e6
    for size, products in reversed(layers):
        done += 2 * products
        if held and held + size > limit:
            found.append((held, (done - 2 * products) / total))
            held, limit = 0, megabytes[1] * 1e6
        held += size
    return [*found, (held, 1.0)]


def step_seconds(compute, sizes, ranks, alpha, beta, way):
    """The seconds of a step: "after", "overlap" or "local"."""
    whole = sum(4 * m * (n + 1) for n, m in zip(sizes, sizes[1:]))
    if way == "after":
        return compute + reduce_seconds(whole, ranks, alpha, beta)
    if way == "local":
        return compute + reduce_seconds(whole, ranks, alpha, beta) / LOCAL
    backward_at, free = FORWARD * compute, 0.0
    for size, share in buckets(sizes):
        ready = backward_at + share * BACKWARD * compute
        free = max(free, ready) + reduce_seconds(size, ranks, alpha, beta)
    return max(free, backward_at + BACKWARD * compute) + (1 - FORWARD - BACKWARD) * compute


def rows(times, links):
    """(network, link, nodes, efficiency of each way) for all; the efficiency is one node's step over that of many."""
    for name, (sizes, compute) in times.items():
        for link, (alpha, gbits) in links.items():
            beta = 8 / (gbits * 1e9)
            for nodes in NODES:
                yield (
                    name,
                    link,
                    nodes,
                    {
                        way: compute / step_seconds(compute, sizes, nodes, alpha, beta, way)
                        for way in ("after", "overlap", "local")
                    },
                )


def table(times, links, nodes=(2, 8, 64, 1024)):
    """Efficiencies as a table in Markdown."""
    lines = [
        f"| network | link | {' | '.join(f'{n:,} nodes' for n in nodes)} |",
        "| :-- | :-- |" + " --: |" * len(nodes),
    ]
    found = {(name, link, n): ways for name, link, n, ways in rows(times, links)}
    for name in times:
        for link in links:
            cells = [
                " / ".join(f"{found[name, link, n][way]:.0%}" for way in ("after", "overlap", "local")) for n in nodes
            ]
            lines.append(f"| {name} | {link} | {' | '.join(cells)} |")
    return "\n".join(lines)


def figure(times, links):
    """The efficiency over nodes, a panel for each link."""
    from matplotlib.figure import Figure

    picture = Figure(figsize=(10, 3.4), layout="constrained")
    panels = picture.subplots(1, len(links), sharey=True, squeeze=False)[0]
    styles = {"after": ":", "overlap": "-", "local": "--"}
    for axes, link in zip(panels, links, strict=True):
        for i, name in enumerate(times):
            for way, style in styles.items():
                points = [
                    (n, e[way]) for network, which, n, e in rows(times, links) if (network, which) == (name, link)
                ]
                label = name if way == "overlap" and axes is panels[0] else None
                axes.semilogx(*zip(*points, strict=True), style, base=2, color=f"C{i}", linewidth=1.2, label=label)
        axes.set(title=link, xlabel="nodes", ylim=(0, 1.02))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("efficiency")
    panels[0].legend(frameon=False, fontsize=7, title="— overlap   ··· after   -- every 16 steps", title_fontsize=7)
    return picture


def measured_times(seconds):
    """The sizes, and the seconds of an eager step on one rank of one thread, by network."""
    found = {}
    for case in cases.PLAIN[2:]:
        asked = {"what": "step", "engine": "microtorch", "way": "none", "sizes": case.sizes, "batch": case.batch,
                 "optimizer": case.optimizer, "seconds": seconds}  # fmt: skip
        found[case.name] = (list(case.sizes), machines.on_ranks(1, 1, asked))
    return found


def check(times, alpha, beta, seconds):
    """Lines that compare the model, with this machine's α and β, with measured 2 and 4 ranks."""
    lines = ["| network | ranks | measured | model |", "| :-- | --: | --: | --: |"]
    for case in cases.PLAIN[2:]:
        if case.name not in times:
            continue
        sizes, compute = times[case.name]
        for ranks in (2, 4):
            asked = {"what": "step", "engine": "microtorch", "way": "overlap", "sizes": sizes,
                     "batch": case.batch * ranks, "optimizer": case.optimizer, "seconds": seconds}  # fmt: skip
            found = machines.on_ranks(ranks, 1, asked)
            model = step_seconds(compute, sizes, ranks, alpha, beta, "overlap")
            lines.append(f"| {case.name} | {ranks} | {found * 1e3:.2f} ms | {model * 1e3:.2f} ms |")
    return "\n".join(lines)


def main():
    """Measure or read, and write the table and the figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=pathlib.Path, help="JSON of measured steps, as this writes; else measured now")
    parser.add_argument("--alpha", type=float, help="latency in seconds of a link of your own")
    parser.add_argument("--gbits", type=float, help="its bandwidth in Gbit/s")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("benchmarks/results"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    links = LINKS
    if args.alpha is not None or args.gbits is not None:
        if args.alpha is None or args.gbits is None:
            parser.error("--alpha and --gbits belong together.")
        links = {f"{args.gbits:g} Gbit/s": (args.alpha, args.gbits)}
    if args.steps:
        times = json.loads(args.steps.read_text())
    else:
        alpha, beta = machines.fitted(machines.on_ranks(2, 1, {"what": "reduce", "seconds": 4 * args.seconds}))
        print(
            f"between two ranks here: α {alpha * 1e6:.1f} µs, β {beta * 1e9:.3f} ns a byte ({8e-9 / beta:.1f} Gbit/s)\n"
        )
        times = measured_times(args.seconds)
        (args.out / "scale-steps.json").write_text(json.dumps(times, indent=1))
        print(check(times, alpha, beta / 2, args.seconds) + "\n")
    print(table(times, links))
    figure(times, links).savefig(args.out / "scale.svg", metadata={"Date": None})
    print(f"\nWritten: {args.out / 'scale.svg'}")


if __name__ == "__main__":
    main()
