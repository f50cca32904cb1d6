"""Functions made from source: for tests that run at each call, where a loop over things takes three times as long."""


class Source:
    """The text of a function, and the things that it names."""

    def __init__(self, **names):
        self.names = names

    def constant(self, thing):
        """A name for `thing` in the text."""
        self.names[name := f"c{len(self.names)}"] = thing
        return name

    def function(self, name, text):
        """The function `name` that `text` defines."""
        exec(text, self.names)
        return self.names.pop(name)  # a function among its own names would stay until cycles are looked for

    def predicate(self, name, arguments, tests):
        """A function that says whether all `tests` are true; what one of them raises means that it is not."""
        body = "\n            and ".join(tests)
        lines = [f"def {name}({arguments}):", "    try:", f"        return ({body})", "    except Exception:"]
        return self.function(name, "\n".join([*lines, "        return False", ""]))
