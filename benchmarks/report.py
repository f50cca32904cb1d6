"""Tables in the terminal and the plot of the steps."""


def show(group, rows):
    """Print the rows of one group."""
    print(f"== {group}")
    if group == "busy":
        ratios(rows, "captured", "ratios", "limits")
    elif group in ("steps", "chain", "adam", "epoch", "growth", "training", "estimators"):
        ratios(rows, "microtorch", "ratios", "limits")
        if any("captured" in row for row in rows):
            print("\ncaptured steps")
            ratios([row for row in rows if "captured" in row], "captured", "captured", "captured_limits")
    elif group == "machines":
        for row in rows:
            print(row["name"])
            for setting, seconds in row["by setting"].items():
                print(f"  {setting:40}{duration(seconds):>11}")
            share = "too short to tell" if row["hidden"] is None else f"{row['hidden']:.0%}"
            print(f"  {'of the reduce, hidden behind backward':40}{share:>11}")
    elif group == "memory":
        print(f"{'':44}{'peak':>22}{'saved for backward':>26}")
        for row in rows:
            peak, saved = ([row[e] and row[e][what] for e in ("microtorch", "torch")] for what in ("peak", "saved"))
            print(f"{row['name']:44}{versus(peak):>22}{versus(saved):>26}")
    else:
        for row in rows:
            values = [f"{row['name']:44}"]
            if "seconds" in row:
                values.append(duration(row["seconds"]) + (f"   (limit {row['limit']} s)" if row["limit"] else ""))
            values += [f"{row[unit]:8.1f} {unit}" for unit in ("GB/s", "GFLOP/s") if unit in row]
            values += [f"peak {row['peak'] / 1e6:.0f} MB"] if "peak" in row else []
            values += [f"{row['share']:7.0%} of a copy"] if "share" in row else []
            if "cost" in row:
                low, high = row["spread"]
                values.append(f"{row['cost']:+.1%} ({low:+.1%} … {high:+.1%})")
            print(" ".join(values))
    print()


def ratios(rows, ours, values, limits):
    """A line for each of `rows`: the time of `ours`, and its ratios to the other engines beside what they may be."""
    engines = list(dict.fromkeys(e for row in rows for e in row[values]))
    print(f"{'':44}{'time':>11}" + "".join(f"{'/ ' + e:>20}" for e in engines))
    for row in rows:
        cells = [f"{row['name']:44}{duration(row['seconds'][ours]):>11}"]
        for e in engines:
            ratio, limit = row[values].get(e), row[limits].get(e)
            text = "" if ratio is None else f"{ratio:.2f}"
            if ratio is not None and limit is not None:
                text += f" ({'≤' if ratio <= limit else 'not ≤'} {limit:.2f})"
            cells.append(f"{text:>20}")
        print("".join(cells))


def duration(seconds):
    """Seconds with a fitting unit."""
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def versus(pair):
    """MB of ours and theirs."""
    return " / ".join("—" if value is None else f"{value / 1e6:.1f}" for value in pair) + " MB"


def plot(results, path):
    """The ratios of the steps as bars, one group a network."""
    rows = [row for row in results.get("steps", ()) if row["ratios"]]
    if not rows:
        return
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    engines = list(dict.fromkeys(e for row in rows for e in row["ratios"]))
    colours = dict(zip(engines, ("#0072B2", "#56B4E9", "#E69F00", "#999999", "#009E73"), strict=False))
    fig, ax = plt.subplots(figsize=(9, 0.55 * len(rows) + 1.2))
    height = 0.8 / len(engines)
    for k, engine in enumerate(engines):
        places = [i + k * height for i, row in enumerate(rows) if engine in row["ratios"]]
        ax.barh(
            places,
            [r["ratios"][engine] for r in rows if engine in r["ratios"]],
            height,
            color=colours[engine],
            label=f"against {engine}",
        )
    ax.axvline(1, color="black", lw=0.8)
    ax.set_yticks([i + 0.3 for i in range(len(rows))], [row["name"] for row in rows])
    ax.invert_yaxis()
    ax.set_xlabel("microtorch's time for a training step, as a share of the other's (less is better)")
    ax.legend(frameon=False)
    fig.tight_layout()
    fig.savefig(path, dpi=120)
