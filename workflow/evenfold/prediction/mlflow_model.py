"""The champion as an MLflow model from code: sequences in, scores and calls out."""

import mlflow
import pandas as pd
from mlflow.models import set_model


class Champion(mlflow.pyfunc.PythonModel):
    """Scores sequences with the frozen champion."""

    def load_context(self, context):
        from evenfold.prediction.predicting import Predictor

        self.predictor = Predictor.of(
            context.artifacts["selection"], context.artifacts["weights"]
        )

    def predict(self, context, model_input, params=None):
        """One row per sequence; the score of a rejected one is NaN, with the reason."""
        scores, reasons = self.predictor.score(list(model_input["sequence"]))
        return pd.DataFrame(
            {
                "score": scores,
                "positive": (scores >= self.predictor.threshold).astype(int),
                "rejected": [reason or "" for reason in reasons],
            }
        )


set_model(Champion())
