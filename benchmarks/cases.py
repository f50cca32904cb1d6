"""The networks whose training steps are timed, and the ratios they are held to."""

from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Case:
    """One network, its batch and its optimizer.

    Parameters
    ----------
    sizes : tuple of int
        Features of the input, of each hidden layer, and the number of classes.
    batch : int
    optimizer : {"sgd", "momentum", "adam"}
    extras : bool, default False
        Batch norm before and dropout after each activation.
    limits : dict of str to float
        The largest ratio to each engine that we aim at.
    captured : dict of str to float
        The same for the captured step; "microtorch" is the eager one.
    """

    sizes: tuple
    batch: int
    optimizer: str
    extras: bool = False
    limits: dict = field(default_factory=dict)
    captured: dict = field(default_factory=lambda: {"microtorch": 1.0})

    @property
    def name(self):
        """As it stands in tables: 784-100-10, Adam, batch 100."""
        shape, last = [str(self.sizes[0])], None
        for size in self.sizes[1:-1]:
            if size == last:
                base, _, times = shape[-1].partition("×")
                shape[-1] = f"{base}×{int(times or 1) + 1}"
            else:
                shape.append(str(size))
            last = size
        shape.append(str(self.sizes[-1]))
        title = {"sgd": "SGD", "momentum": "momentum", "adam": "Adam"}[self.optimizer]
        return f"{'-'.join(shape)}{' BN+dropout' if self.extras else ''}, {title}, batch {self.batch}"

    def as_dict(self):
        """What a worker needs to know, for JSON."""
        return asdict(self)


def limited(**limits):
    """The limits of a captured step: never slower than the eager one."""
    return {"microtorch": 1.0, **limits}


PLAIN = (
    Case((64, 32, 10), 1, "sgd", limits={"torch": 0.25}, captured=limited(jax=0.35, floor=0.70)),
    Case((64, 64, 32, 10), 32, "adam", limits={"torch": 0.27, "jax": 0.75}, captured=limited(jax=0.40, floor=1.0)),
    Case(
        (784, 100, 10),
        100,
        "sgd",
        limits={"torch": 0.55, "jax": 0.90, "floor": 1.30},
        captured=limited(jax=0.70, floor=1.12),
    ),
    Case(
        (784, 100, 10),
        100,
        "adam",
        limits={"torch": 0.55, "jax": 0.90, "floor": 1.40},
        captured=limited(jax=0.70, floor=1.20),
    ),
    Case(
        (3072, *[100] * 5, 10),
        100,
        "momentum",
        limits={"torch": 0.75, "jax": 0.90, "floor": 1.25},
        captured=limited(jax=0.60, floor=1.12),
    ),
    Case(
        (3072, *[500] * 3, 10),
        100,
        "adam",
        limits={"torch": 0.85, "jax": 1.00, "floor": 1.25},
        captured=limited(jax=0.80, floor=1.18),
    ),
    Case(
        (3072, 3072, 10),
        64,
        "sgd",
        limits={"torch": 0.85, "jax": 1.00, "floor": 1.20},
        captured=limited(jax=0.70, floor=1.10),
    ),
)
EXTRAS = tuple(
    # Batch norm has no statistics over a batch of one: the smallest net gets two examples.
    Case(c.sizes, max(c.batch, 2), c.optimizer, True, {"torch": 0.35 if c.sizes[0] == 64 else 0.80})
    for c in PLAIN
)
STEPS = PLAIN + EXTRAS
