"""When a finding is one, and when it stops the run."""

from typing import Literal

from pydantic import Field

from evenfold.config.section import Fraction, Section


class Audit(Section):
    """When a finding is one, and when it stops the run."""

    decides = False

    fail_on: Literal["never", "serious", "warning"] = Field(
        "never",
        description="severity from which a finding stops the run before the test set "
        "is looked at; every finding that the report shows in red is serious. A shortcut "
        "that is level with the trained models is a warning until they are there",
    )
    close: Fraction = Field(
        0.01,
        description="share of sequences with a close partner across the split or the "
        "folds, beyond chance, that is serious; fewer are a warning",
    )
    related_warning: Fraction = Field(
        0.05,
        description="share of the test set with a copy or relative in the training data "
        "as given, dropped or not, that is a warning when more have one",
    )
    related_serious: Fraction = Field(
        0.2,
        description="the same for a serious finding; a warning where a larger share of "
        "the training sequences was dropped as relatives",
    )
    probe_mcc: Fraction = Field(
        0.3,
        description="MCC from which a trivial predictor (length, composition, nearest "
        "neighbour and others) is a warning",
    )
    shift: Fraction = Field(
        0.75,
        description="AUROC from which telling test from training sequences by length "
        "and composition is a warning",
    )
    length_ratio: float = Field(
        1.5,
        ge=1,
        description="factor between the median lengths of training and test sequences "
        "above which it is a warning",
    )
