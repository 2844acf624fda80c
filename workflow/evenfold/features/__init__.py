"""How a sequence becomes numbers. Knows neither labels nor folds."""

from evenfold.features.encodings import (
    FeatureSet,
    describing,
    feature_set,
    featurize,
    featurize_file,
)

__all__ = [
    "FeatureSet", "describing", "feature_set", "featurize", "featurize_file",
]  # fmt: skip
