"""scikit-learn's multi-layer perceptrons, trained by captured steps; for pipelines, searches and joblib."""

try:
    import sklearn
except ImportError as error:
    raise ImportError(
        "microtorch.sklearn needs scikit-learn, which is not installed: pip install 'microtorch[sklearn]'"
    ) from error

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
