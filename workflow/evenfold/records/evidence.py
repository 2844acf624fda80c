"""What a run tells others about its model, by the fields of the DOME recommendations.

The recommendations: Walsh and others, DOME: recommendations for supervised machine
learning validation in biology, Nature Methods 18 (2021), whose registry has the same
sections and fields.
"""

from evenfold.records.record import Part, Record


class DomePublication(Part):
    """Whose model it is; what was left out is told as the registry counts it."""

    title: str
    """title of the publication or project"""
    authors: str
    """names of its authors"""
    journal: str
    """journal of the publication"""
    year: str
    """year of the publication"""
    doi: str
    """DOI of the publication"""
    pmid: str
    """PubMed id of the publication"""


class DomeData(Part):
    """D: the data."""

    provenance: str
    """where the data come from, how many of each class"""
    splits: str
    """how many train and test, and how they were split"""
    redundancy: str
    """how related sequences were kept apart, and what was found"""
    availability: str
    """where the data can be had"""


class DomeOptimization(Part):
    """O: the optimization."""

    algorithm: str
    """model and loss of the champion"""
    meta: str
    """whether it takes the output of other predictors"""
    encoding: str
    """how a sequence becomes numbers"""
    parameters: str
    """settings of the training"""
    features: str
    """how many inputs, and how they were chosen"""
    fitting: str
    """how over- and underfitting were ruled out"""
    regularization: str
    """what keeps the model simple"""
    config: str
    """where the whole configuration is"""


class DomeModel(Part):
    """M: the model."""

    interpretability: str
    """what can be seen of how it decides"""
    output: str
    """what it tells of a sequence"""
    duration: str
    """how long it takes"""
    availability: str
    """where it can be had"""


class DomeEvaluation(Part):
    """E: the evaluation."""

    method: str
    """how it was evaluated"""
    measure: str
    """the measures and their values"""
    comparison: str
    """what it was compared with"""
    confidence: str
    """intervals and tests"""
    availability: str
    """where the raw results are"""


class Dome(Record):
    """dome.json: the model by the DOME recommendations; no number is typed by hand."""

    publication: DomePublication
    """whose model it is, and where it was published"""
    dataset: DomeData
    """what is told of the data"""
    optimization: DomeOptimization
    """what is told of the training"""
    model: DomeModel
    """what is told of the model"""
    evaluation: DomeEvaluation
    """what is told of the evaluation"""
    given: dict[str, str]
    """what the data set's file says in `about` and `description`, as it stands there"""
    missing: list[str]
    """keys of `about` that were left out"""
