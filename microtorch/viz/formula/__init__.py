"""The formulas beside the operations: read, evaluated and typeset."""
