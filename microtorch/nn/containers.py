"""Containers: modules and parameters in order or under names."""

from collections.abc import Mapping

from ..tensor import Tensor
from .module import MODULE, PARAMETER, Module
from .parameter import Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Container(Module):
    """A container of items of one kind."""

    _held = MODULE

    def _names(self):
        return [name for name, kind in self._kinds.items() if kind == self._held]

    def __len__(self):
        return len(self._names())


class _Listed(_Container):
    """A container with the names "0", "1", ...; how Sequential, ModuleList and ParameterList are lists."""

    def _items(self):
        return [self.__dict__[name] for name in self._names()]

    def _name(self, index):
        names = self._names()
        try:
            return names[index]
        except TypeError:
            kind = type(index).__name__
            raise TypeError(
                f"the index of a {type(self).__name__} is an int or a slice, not {kind} {index!r}"
            ) from None
        except IndexError:
            raise IndexError(f"index {index} is out of range for a {type(self).__name__} of {len(names)}") from None

    def _fill(self, items):
        """Hold `items` instead of what is held now."""
        if not hasattr(items, "__iter__"):
            raise TypeError(f"{type(self).__name__} is made of a list, not of one {type(items).__name__}")
        items = [self._checked(item) for item in items]  # before anything is changed
        for name in self._names():
            delattr(self, name)
        for i, item in enumerate(items):
            setattr(self, str(i), item)
        return self

    def _checked(self, item):
        if not isinstance(item, Module):
            several = isinstance(item, list | tuple) and all(isinstance(part, Module) for part in item)
            hint = f" Unpack it: {type(self).__name__}(*layers)." if several else ""
            hint = f" Make one first: {item.__name__}(...)." if isinstance(item, type) else hint
            raise TypeError(f"{type(self).__name__} holds modules, not {type(item).__name__}.{hint}")
        return item

    def __iter__(self):
        return iter(self._items())

    def __contains__(self, item):
        return any(held is item for held in self._items())

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)()._fill(self._items()[index])
        return self.__dict__[self._name(index)]

    def __setitem__(self, index, item):
        setattr(self, self._name(index), self._checked(item))

    def __delitem__(self, index):
        items = self._items()
        del items[index]
        self._fill(items)

    def append(self, item):
        """Put `item` at the end; return itself."""
        setattr(self, str(len(self)), self._checked(item))
        return self

    def extend(self, items):
        """Put all `items` at the end; return itself."""
        for item in [self._checked(item) for item in items]:  # all or none
            self.append(item)
        return self

    def insert(self, index, item):
        """Put `item` before the one at `index`, which may be the length, or from the end if negative; return itself."""
        items = self._items()
        if not -len(items) <= index <= len(items):
            raise IndexError(f"insert: index {index} is out of range for a {type(self).__name__} of {len(items)}")
        items.insert(index, self._checked(item))
        return self._fill(items)

    def pop(self, index=-1):
        """Take the item at `index` out and return it."""
        item = self[index]
        del self[index]
        return item

    def __add__(self, other):
        return self[:0]._fill([*self, *self._several(other)])

    def __iadd__(self, other):
        return self.extend(list(self._several(other)))

    def _several(self, other):
        if not isinstance(other, _Listed | list | tuple):
            name = type(self).__name__
            raise TypeError(f"{name} + {type(other).__name__}: add a {name}, or one item with append(item)")
        return other


class Sequential(_Listed):
    """Modules one after the other: each takes what the one before gives.

    Parameters
    ----------
    *args : Module
        In their order, or one dict of names to modules.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> net(microtorch.ones(5, 4)).shape
    (5, 2)
    >>> net[-1]
    Linear(in_features=8, out_features=2, bias=True)
    """

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            self._fill(args)

    def forward(self, input):
        """The result of the last module."""
        own = self.__dict__
        for name, kind in self._kinds.items():
            if kind == MODULE:
                input = own[name](input)
        return input

    def __mul__(self, count):
        return Sequential(*self._repeated(count))

    __rmul__ = __mul__

    def __imul__(self, count):
        return self.extend(self._repeated(count)[len(self) :])

    def _repeated(self, count):
        """The modules, themselves and not copies, `count` times over."""
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"Sequential * {type(count).__name__}: the factor is an int, 1 or more")
        if count < 1:
            raise ValueError(f"Sequential * {count}: the factor is 1 or more")
        return self._items() * count

    def __getitem__(self, index):
        if isinstance(index, slice):
            part = Sequential()
            for name in self._names()[index]:  # names stay, as in PyTorch
                part.add_module(name, self.__dict__[name])
            return part
        return super().__getitem__(index)

    def __delitem__(self, index):
        names = self._names()
        if not all(name.isdigit() for name in names):  # only numbers close ranks
            for name in names[index] if isinstance(index, slice) else [self._name(index)]:
                delattr(self, name)
        else:
            super().__delitem__(index)

    def append(self, item):
        """Put a module at the end; return itself."""
        name = str(len(self))
        self.add_module(name, self._checked(item))
        return self


class ModuleList(_Listed):
    """Modules in a list, registered, so that their parameters are found.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules=None):
        super().__init__()
        self._fill(modules or ())

    def __repr__(self):
        # Equal neighbours are told once, with their range, as in PyTorch.
        runs = []
        for i, text in enumerate(map(repr, self)):
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        lines = [
            f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in runs
        ]
        body = "".join("\n  " + line.replace("\n", "\n  ") for line in lines)
        return f"{type(self).__name__}({body}\n)" if lines else f"{type(self).__name__}()"


class ParameterList(_Listed):
    """Parameters in a list, registered. Plain tensors become parameters.

    Parameters
    ----------
    values : iterable of Parameter or Tensor, optional

    Examples
    --------
    >>> weights = nn.ParameterList([microtorch.ones(2, 2) for _ in range(3)])
    >>> [name for name, _ in weights.named_parameters()]
    ['0', '1', '2']
    """

    _held = PARAMETER

    def __init__(self, values=None):
        super().__init__()
        self._fill(values or ())

    def _checked(self, item):
        return _parameter(self, item)

    def __repr__(self):
        lines = [f"  ({i}): {_what(p)}" for i, p in enumerate(self)]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"]) if lines else f"{type(self).__name__}()"


class _Named(_Container):
    """A container with names given by the user; how ModuleDict and ParameterDict are dicts."""

    def __iter__(self):
        return iter(self._names())

    def __contains__(self, key):
        return self._kinds.get(key) == self._held

    def __getitem__(self, key):
        if key not in self:
            raise KeyError(f"{key!r} is none of the names here: {', '.join(map(repr, self._names()))}")
        return self.__dict__[key]

    def __delitem__(self, key):
        self[key]
        delattr(self, key)

    def keys(self):
        """The names."""
        return self._names()

    def values(self):
        """The items."""
        return [self.__dict__[name] for name in self._names()]

    def items(self):
        """Names with what is under them."""
        return [(name, self.__dict__[name]) for name in self._names()]

    def pop(self, key):
        """Take the item under `key` out and return it."""
        item = self[key]
        del self[key]
        return item

    def clear(self):
        """Take all items out."""
        for key in self:
            del self[key]

    def update(self, items):
        """Put in all `items`, a mapping or pairs."""
        for key, item in items.items() if hasattr(items, "items") else items:
            self[key] = item


class ModuleDict(_Named):
    """Modules under names, registered.

    Parameters
    ----------
    modules : mapping of str to Module, or iterable of pairs, optional

    Examples
    --------
    >>> heads = nn.ModuleDict({"digit": nn.Linear(8, 10), "parity": nn.Linear(8, 2)})
    >>> heads["parity"]
    Linear(in_features=8, out_features=2, bias=True)
    """

    def __init__(self, modules=None):
        super().__init__()
        self.update(modules or {})

    def __setitem__(self, key, module):
        self.add_module(key, module)


class ParameterDict(_Named):
    """Parameters under names, registered. Plain tensors become parameters.

    Parameters
    ----------
    parameters : mapping of str to Parameter or Tensor, or iterable of pairs, optional

    Examples
    --------
    >>> scales = nn.ParameterDict({"left": microtorch.ones(2), "right": microtorch.zeros(2)})
    >>> sorted(scales.keys())
    ['left', 'right']
    """

    _held = PARAMETER

    def __init__(self, parameters=None):
        super().__init__()
        self.update(parameters or {})

    def __setitem__(self, key, value):
        self.register_parameter(key, _parameter(self, value))

    def get(self, key, default=None):
        """The parameter under `key`, or `default`."""
        return self.__dict__[key] if key in self else default

    def __repr__(self):
        lines = [f"  ({key}): {_what(p)}" for key, p in self.items()]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"]) if lines else f"{type(self).__name__}()"


def _parameter(holder, value):
    if not isinstance(value, Tensor):
        raise TypeError(f"{type(holder).__name__} holds parameters, not {type(value).__name__}")
    return value if isinstance(value, Parameter) else Parameter(value.detach())


def _what(p):
    size = "x".join(map(str, p.shape)) or "scalar"
    return f"Parameter of {size} {p.dtype}"
