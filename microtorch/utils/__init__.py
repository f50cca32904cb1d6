"""The names under ``torch.utils`` that scripts use: `data` is `microtorch.data`."""


def __getattr__(name):
    if name == "data":
        from .. import data

        return data
    from ..pytorch.absent import refuse

    raise refuse("utils", name, globals())
