"""The generators that a training draws from, which are part of its state."""

from .. import random


def generators_of(solver):
    """Every generator that the training draws from, each once, always in the same order."""
    dataset = solver.loader.dataset
    sources = [solver.loader, solver.loader.sampler, *solver.model.modules()]
    while dataset is not None:
        transform = getattr(dataset, "transform", None)
        sources += [dataset, transform, *getattr(transform, "transforms", ())]
        dataset = getattr(dataset, "dataset", None)
    # not getattr: a module that has none would look for names like it, at 1 ms a module
    found = [random.default_generator, *(getattr(s, "__dict__", {}).get("generator") for s in sources)]
    return list({id(g): g for g in found if isinstance(g, random.Generator)}.values())


def set_states(generators, states):
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)
