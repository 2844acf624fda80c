"""The champion as an MLflow model from code: sequences in, what `predict` tells out."""

import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
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
        import pyarrow.parquet as pq

        from evenfold.prediction.predicting import Predictor
        from evenfold.records.notes import SealedSet
        from evenfold.records.prediction import PACKAGES, NotLookedAt

        packages = Path(context.artifacts["selection"]).with_name(PACKAGES)
        # Of models that were logged by an earlier version MLflow compares them.
        if packages.is_file() and (others := differing(packages)):
            warnings.warn(
                "the packages are not those that the model was logged with: "
                f"{', '.join(others)}. pip install -r {packages}",
                stacklevel=2,
            )

        # Logged where the test set had not been looked at.
        sealed = context.artifacts.get("sealed")
        # Of models that were logged by an earlier version there is none.
        training = context.artifacts.get("training")
        other = context.artifacts.get("not_looked_at")
        self.predictor = Predictor.of(
            context.artifacts["selection"],
            context.artifacts["weights"],
            SealedSet.read(sealed) if sealed else None,
            (lambda: pq.read_table(training)) if training else None,
            # Whoever loads a model of MLflow runs the code that was logged with it.
            trust_modules=True,
            other=NotLookedAt.read(other).told if other else None,
        )

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """One row per sequence, in order; a rejected one has a reason and no score.

        Parameters
        ----------
        context : PythonModelContext
        model_input : DataFrame
            Column sequence, and id if there is one; a dict of such columns, or a list of
            the sequences themselves, or of such rows, are taken too.
        params : dict, optional
            `error` of the prediction sets (0: as configured), `unsure` and `nearest`.

        Returns
        -------
        DataFrame
            As `Predictor.predict` gives it.

        Raises
        ------
        MlflowException
            For what holds no sequences.
        """
        from evenfold.errors import EvenfoldError
        from evenfold.prediction.trust import Wanted

        try:
            sequences, ids = asked(model_input)
        except EvenfoldError as error:
            # Of others the server tells where in the code they were raised.
            raise MlflowException.invalid_parameter_value(str(error)) from error
        told = params or {}
        wanted = Wanted(
            told.get("error") or None,
            bool(told.get("unsure", False)),
            bool(told.get("nearest", True)),
        )
        return self.predictor.predict(sequences, ids, wanted)


def differing(packages: Path) -> list[str]:
    """Packages whose installed version is another than is wanted, with both.

    Parameters
    ----------
    packages : Path
        A line for each, as pip takes it: name==version.

    Returns
    -------
    list of str
    """
    found = []
    for line in packages.read_text(encoding="utf-8").split():
        name, _, wanted = line.partition("==")
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "not installed"
        # A build's label (+cpu) makes no other version.
        if wanted and here.partition("+")[0] != wanted:
            found.append(f"{name} {here} (logged with {wanted})")
    return found


def asked(given: Any) -> tuple[list[Any], list[Any] | None]:
    """Sequences, and ids if there are some, of what a model is called with.

    Parameters
    ----------
    given : DataFrame, Series, array, dict, list or str
        A list of sequences may come as a data frame with the column 0.

    Returns
    -------
    tuple of (list, list or None)

    Raises
    ------
    EvenfoldError
        Where no column is called sequence, or some have no id of their own.
    """
    from evenfold.errors import EvenfoldError

    if isinstance(given, pd.DataFrame) and list(given.columns) == [0]:
        given = list(given[0])
    if isinstance(given, list) and any(isinstance(row, dict) for row in given):
        rows = [row if isinstance(row, dict) else {"sequence": row} for row in given]
        given = {key: [row.get(key) for row in rows] for key in ("sequence", "id")}
    if isinstance(given, str):
        return [given], None
    if not isinstance(given, dict | pd.DataFrame):
        return list(given), None
    if "sequence" not in given:
        found = ", ".join(map(str, given)) or "none"
        raise EvenfoldError(
            "no sequences: neither a list of them nor a column 'sequence'. Columns that "
            f"were found: {found}."
        )
    ids = _rows(given["id"]) if "id" in given else None
    sequences = _rows(given["sequence"])
    # Columns that hold texts alone MLflow makes one row of, a list in each cell.
    if len(sequences) == 1 and isinstance(sequences[0], list):
        sequences = sequences[0]
        ids = ids[0] if ids and isinstance(ids[0], list) else None
    if ids is not None and len(ids) != len(sequences):
        raise EvenfoldError(
            f"{len(sequences)} sequences, but {len(ids)} ids: give each its own, or none."
        )
    return sequences, ids


def _rows(column: Any) -> list[Any]:
    return [column] if isinstance(column, str) else list(column)


set_model(Champion())
