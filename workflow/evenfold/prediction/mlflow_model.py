"""The champion as an MLflow model from code: sequences in, scores and calls out."""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext


class Champion(PythonModel):
    """Scores sequences with the frozen champion."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the predictor from the files that were logged with the model.

        Parameters
        ----------
        context : PythonModelContext
        """
        from evenfold.prediction.predicting import Predictor
        from evenfold.records.notes import SealedSet

        # Logged where the test set had not been looked at.
        sealed = context.artifacts.get("sealed")
        self.predictor = Predictor.of(
            context.artifacts["selection"],
            context.artifacts["weights"],
            SealedSet.read(sealed) if sealed else None,
        )

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """One row per sequence; the score of a rejected one is NaN, with the reason.

        Parameters
        ----------
        context : PythonModelContext
        model_input : DataFrame
            Column sequence.
        params : dict, optional
            Not used.

        Returns
        -------
        DataFrame
            Columns score, positive and rejected.
        """
        scores, reasons = self.predictor.score(list(model_input["sequence"]))
        return pd.DataFrame(
            {
                "score": scores,
                "positive": (scores >= self.predictor.threshold).astype(int),
                "rejected": [reason or "" for reason in reasons],
            }
        )


set_model(Champion())
