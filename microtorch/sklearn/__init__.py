"""scikit-learn's multi-layer perceptrons, trained by captured steps; for pipelines, searches and joblib."""

from ..errors import needs

with needs("microtorch.sklearn needs scikit-learn", "'microtorch[sklearn]'"):
    import sklearn

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
