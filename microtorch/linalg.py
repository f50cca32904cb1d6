"""Linear algebra under the names of torch.linalg: systems of equations and the Cholesky factor."""

from .ops.solve import cholesky, solve, solve_triangular
from .ops.solve import inverse as inv

__all__ = ["cholesky", "inv", "solve", "solve_triangular"]
