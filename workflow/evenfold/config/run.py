"""The run: config/config.yaml."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from evenfold.config.engine import Engine
from evenfold.config.looks import Amend, Look
from evenfold.config.prediction import Prediction
from evenfold.config.section import LARGEST_SEED, FilePath, Name, Section
from evenfold.config.selection import SelectionSettings
from evenfold.config.tracking import Tracking
from evenfold.config.variants import Variant
from evenfold.records.layout import LEDGER, ROOT

#: Folders of a project that hold other things, or that are deleted and made again.
_TAKEN = (ROOT, "config", "workflow", "profiles", "envs", ".snakemake", ".git")


def _ledgers_own(folder: str) -> str:
    """The ledger's folder, if nothing else lies there and nothing deletes it."""
    here = Path.cwd().resolve()
    place = Path(os.path.normpath(here / folder))
    fault = None
    if folder.startswith("~"):
        fault = "~ is not read as your home folder: write that out"
    elif place == here or place in here.parents:
        fault = "the project itself lies there"
    elif place == here / "resources":
        fault = "resources/ has other things in it"
    else:
        for name in _TAKEN:
            if place.is_relative_to(here / name):
                fault = f"{name}/ is for other things, and may be deleted"
    if fault:
        raise ValueError(
            f"the ledger needs a folder of its own, outside {ROOT}/, that nobody deletes; "
            f"{fault}. The default is `ledger: resources/ledger`"
        )
    return folder


class Run(Section):
    """The run: which data sets, which variants, and how to choose among them."""

    undecided = frozenset(
        {
            "datasets",
            "device",
            "threads",
            "engine",
            "mirror",
            "ledger",
            "predict",
            "prediction",
            "tracking",
            "allow_look",
            "amend_labels",
            "audit",
            "learning_curve",
        }
    )

    datasets: list[Name] = Field(
        ["demo"], min_length=1, description="names of files in config/datasets/"
    )
    variants: list[Variant] = Field(
        min_length=1, description="loss variants to compare (a list)"
    )
    seed: int = Field(
        1,
        ge=0,
        le=LARGEST_SEED,
        description="the one number all randomness derives from",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="`auto` uses CUDA when the training job finds it"
    )
    threads: int = Field(
        1,
        ge=1,
        description="training threads, never above the CPUs really available; results "
        "repeat byte for byte at the same number",
    )
    engine: Engine = Engine()
    mirror: FilePath | None = Field(
        None,
        description="folder or base URL that stands for the host of every data url",
    )
    ledger: Annotated[FilePath, AfterValidator(_ledgers_own)] = Field(
        LEDGER,
        description="folder of its own, outside `results`, that remembers looks at test "
        "sets",
    )
    predict: FilePath | None = Field(
        None,
        description="file to score with the target `predict` (FASTA, a table, or one "
        "sequence a line); whole proteins for a data set with `sites`",
    )
    prediction: Prediction = Prediction()
    learning_curve: bool = Field(
        False,
        description="whether more data would help: the champion and gradient boosting "
        "are trained on parts of the training groups too, seven times each, which costs as "
        "much as about three and a half trainings of the champion",
    )
    selection: SelectionSettings = SelectionSettings()
    tracking: Tracking = Tracking()
    allow_look: list[Look] = Field(
        [], description="reasons for further looks, each bound to one selection"
    )
    amend_labels: list[Amend] = Field(
        [],
        description="reasons to score stored predictions again under corrected labels "
        "of the test set, each bound to one selection and those labels",
    )
    cleaning: dict[str, Any] = Field(
        {}, description="overrides `cleaning` of every data set of this run"
    )
    grouping: dict[str, Any] = Field(
        {}, description="overrides `grouping` of every data set of this run"
    )
    split: dict[str, Any] = Field(
        {}, description="overrides `split` of every data set of this run"
    )
    audit: dict[str, Any] = Field(
        {}, description="overrides `audit` of every data set of this run"
    )
    training: dict[str, Any] = Field(
        {}, description="overrides `training` of every data set of this run"
    )

    @model_validator(mode="after")
    def _unique_names(self):
        for what, names in (
            ("datasets", self.datasets),
            ("variants", [variant.name for variant in self.variants]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} is named more than once")
        return self
