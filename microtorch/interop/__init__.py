"""Tensors among other libraries: values handed out, numpy's functions answered, memory shared."""
