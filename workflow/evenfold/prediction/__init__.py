"""A frozen champion applied to new sequences."""

from evenfold.prediction.predicting import Predictor

__all__ = ["Predictor"]
