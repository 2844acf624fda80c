"""Where runs are recorded."""

from pydantic import Field

from evenfold.config.section import Section


class Tracking(Section):
    """Where runs are recorded."""

    decides = False

    uri: str | None = Field(
        None,
        description="MLflow tracking server; empty: SQLite store in results/mlflow",
    )
    experiment: str = Field("evenfold", description="MLflow experiment")
