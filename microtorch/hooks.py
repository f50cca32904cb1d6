"""What registering a hook gives back, on tensors and on modules."""


class RemovableHandle:
    """Takes a registered hook away again."""

    def __init__(self, hooks, entry):
        self._hooks, self._entry = hooks, entry

    def remove(self):
        """Take the hook away; a second call does nothing."""
        if self._entry in self._hooks:
            self._hooks.remove(self._entry)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()
