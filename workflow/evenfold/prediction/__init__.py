"""A frozen champion applied to new sequences."""

from evenfold.prediction.predicting import Predictor, predict_file

__all__ = ["Predictor", "predict_file"]
