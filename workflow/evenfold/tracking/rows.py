"""The sequences of a run as MLflow data sets; the labels of the test set stay out."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

from evenfold.files import sha256_rows
from evenfold.records.tables import SEQUENCES
from evenfold.tracking.finished import Finished
from evenfold.tracking.store import TEST_SET

# isort: split
# After the store has set MLflow up.
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Dataset, DatasetInput, InputTag


@dataclass(frozen=True)
class Rows:
    """Training and test sequences, each with a digest of its own."""

    train: Dataset
    test: Dataset

    def inputs(self) -> list[DatasetInput]:
        """As a run names what it read."""
        return [
            DatasetInput(data, [InputTag("mlflow.data.context", context)])
            for data, context in ((self.train, "training"), (self.test, "testing"))
        ]


def rows_of(run: Finished) -> Rows:
    """The data sets of a finished run.

    Parameters
    ----------
    run : Finished

    Returns
    -------
    Rows
        The test set with the sketches by which a later look knows it again: too long for
        a tag that people read.
    """
    sequences = SEQUENCES.frame(run.paths.sequences)
    made = []
    # MLflow's hints at integers and at sources do not apply.
    warnings.filterwarnings("ignore", category=UserWarning, module="mlflow")
    for role in ("train", "test"):
        own = sequences[sequences["role"] == role]
        columns = ["id", "sequence"] + (["label"] if role == "train" else [])
        own = own[columns].astype({"label": int} if role == "train" else {})
        data = from_pandas(
            own,
            source=str(Path(run.paths.sequences).resolve()),
            name=f"{run.dataset} {role}",
            targets="label" if role == "train" else None,
            # Of the sketches too: a data set that MLflow knows keeps what it has.
            digest=sha256_rows(
                [
                    *("\t".join(map(str, row)) for row in own.itertuples(index=False)),
                    *(run.evaluation.test_set if role == "test" else []),
                ]
            )[:16],
        )._to_mlflow_entity()
        if role == "test":
            profile = json.loads(data.profile or "{}")
            profile[TEST_SET] = " ".join(run.evaluation.test_set)
            data = Dataset(
                data.name, data.digest, data.source_type, data.source, data.schema,
                json.dumps(profile),
            )  # fmt: skip
        made.append(data)
    return Rows(*made)
