"""Fused loops for numba, one file per family of operations; they know arrays only and import nothing of ours."""
