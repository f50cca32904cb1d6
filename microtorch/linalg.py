"""Linear algebra under the names of torch.linalg: systems of equations and the Cholesky factor."""

from .ops.linalg.solve import cholesky, solve, solve_triangular
from .ops.linalg.solve import inverse as inv

__all__ = ["cholesky", "inv", "solve", "solve_triangular"]
