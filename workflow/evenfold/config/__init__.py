"""The configuration: its model, its errors and its generated documentation."""

from evenfold.config.model import (
    Audit,
    Cleaning,
    Dataset,
    Grouping,
    Run,
    Selection,
    Sites,
    Split,
    Training,
    Variant,
    load_dataset,
    load_run,
    resolve_training,
)

__all__ = [
    "Audit",
    "Cleaning",
    "Dataset",
    "Grouping",
    "Run",
    "Selection",
    "Sites",
    "Split",
    "Training",
    "Variant",
    "load_dataset",
    "load_run",
    "resolve_training",
]
