"""How test set and folds are cut."""

from typing import Literal

from pydantic import Field

from evenfold.config.section import Fraction, Section


class Split(Section):
    """How test set and folds are cut."""

    folds: int = Field(5, ge=2, description="cross-validation folds")
    test_fraction: Fraction = Field(
        0.2, description="held out by groups when there is no independent test set"
    )
    train_test_homologs: Literal["drop", "keep", "report"] = Field(
        "drop",
        description="training sequences homologous to an independent test sequence: "
        "dropped, kept silently, or kept and reported as a finding",
    )
    grouped_folds: bool = Field(
        True,
        description="folds by groups of related sequences; `false`: at random, which "
        "flatters wherever sequences are related",
    )
    as_published: bool = Field(
        False,
        description="beside the honest split also train as most papers do (nothing "
        "dropped, folds at random) and score both in the one look: what the relatives are "
        "worth. Decides nothing, doubles the training",
    )
