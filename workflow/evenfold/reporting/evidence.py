"""Standard evidence of a finished run: dome.json, a model card, a run crate.

All of it follows from the records of the run and from what the data set's file says, so
that it can be made again and compared.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenfold.config.decides import DecidedVariant, Decides
from evenfold.config.networks import CLASSICAL, NETWORKS
from evenfold.config.training import Training, read_by
from evenfold.files import sha256_file
from evenfold.records.evaluation import (
    Evaluation,
    Measured,
    in_markdown,
    read_measured,
)
from evenfold.records.evidence import (
    Dome,
    DomeData,
    DomeEvaluation,
    DomeModel,
    DomeOptimization,
    DomePublication,
)
from evenfold.records.layout import Results
from evenfold.records.selection import Selection
from evenfold.records.sequences import AuditFacts, GroupingFacts, SplitFacts
from evenfold.records.thresholds import told
from evenfold.reporting.reached import reached_on_test, reached_out_of_fold
from evenfold.saying import counted, verb

#: Files of the crate, by their names in the layout, with the form of each.
_FILES = {
    "report": "text/html",
    "metrics": "text/tab-separated-values",
    "selection": "application/json",
    "evaluation": "application/json",
    "audit": "application/json",
    "split_facts": "application/json",
    "sequences": "application/vnd.apache.parquet",
    "split": "application/vnd.apache.parquet",
    "predictions": "application/vnd.apache.parquet",
    "dome": "application/json",
    "model_card": "text/markdown",
    "workflow": "text/plain",
}
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
)
_WORKFLOW = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_MISSING = "Not given: key `{}` of `about` in the data set's file."
#: How the DOME registry knows a field that has no answer; another text would be counted
#: as one.
_UNANSWERED = "not given"
_LANGUAGE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_LICENCE, _AUTHORS = "#licence", "#authors"


@dataclass(frozen=True)
class Evidence:
    """Records of a finished run, and what the data set's file says."""

    results: Results
    selection: Selection
    evaluation: Evaluation
    measured: Sequence[Measured]
    split: SplitFacts
    grouping: GroupingFacts
    audit: AuditFacts
    given: Mapping[str, str]

    @classmethod
    def read(cls, results: Results, given: Mapping[str, str]) -> "Evidence":
        """Read what a run left.

        Parameters
        ----------
        results : Results
        given : mapping of str to str
            The keys of `about`, and `description`; empty where nothing was said.
        """
        return cls(
            results,
            Selection.read(results.path("selection")),
            Evaluation.read(results.path("evaluation")),
            read_measured(results.path("metrics")),
            SplitFacts.read(results.path("split_facts")),
            GroupingFacts.read(results.path("grouping")),
            AuditFacts.read(results.path("audit")),
            given,
        )

    @property
    def published(self) -> str | None:
        """When the test set was looked at: by this selection, or last by another."""
        evaluation = self.evaluation
        looks = [evaluation.look, *reversed(evaluation.looks)]
        return next((look.looked_at for look in looks if look), None)

    @property
    def decides(self) -> Decides:
        """The settings that decide the results."""
        return Decides.of(self.selection.config)

    @property
    def champion(self) -> DecidedVariant:
        """How the champion was trained."""
        return self.decides.variants[self.selection.champion]

    @property
    def tested(self) -> Measured | None:
        """The champion on the test set, as deployed, if a look was taken."""
        since = self.evaluation.since_look
        if since and since.changed:
            return None
        for row in self.measured:
            if row.deployed and row.variant == self.selection.champion:
                return row
        return None

    def said(self, key: str) -> str:
        """What the data set's file says, or that it does not."""
        return self.given.get(key) or _MISSING.format(key)

    def answered(self, key: str) -> str:
        """The same for a field of the DOME registry."""
        return self.given.get(key) or _UNANSWERED


def dome(evidence: Evidence) -> Dome:
    """The model by the DOME recommendations.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    Dome
    """
    return Dome(
        publication=DomePublication(
            title=evidence.answered("title"),
            authors=evidence.answered("authors"),
            journal=evidence.answered("journal"),
            year=evidence.answered("year"),
            doi=evidence.answered("doi"),
            pmid=evidence.answered("pmid"),
        ),
        dataset=_data(evidence),
        optimization=_optimization(evidence),
        model=_model(evidence),
        evaluation=_evaluation(evidence),
        given=dict(evidence.given),
        missing=sorted(key for key, said in evidence.given.items() if not said),
    )


def _data(evidence: Evidence) -> DomeData:
    split, grouping = evidence.split, evidence.grouping
    negatives = split.n_train - split.n_train_positive
    related = split.related_test_sequences
    found = (
        ""
        if related is None
        else f" {counted(related, 'test sequence')} had such relatives."
    )
    told_of = [evidence.given.get("provenance", "")]
    told_of.append(
        f"Training: {counted(split.n_train_positive, 'positive')} and "
        f"{counted(negatives, 'negative')}. {counted(split.rejected, 'record')} "
        f"{verb(split.rejected, 'was', 'were')} not used; rejected.tsv has each with its reason."
    )
    drawn = "drawn from the data by groups" if split.held_out else "given as such"
    return DomeData(
        provenance=" ".join(filter(None, told_of)),
        splits=f"{split.n_train} training sequences in {split.folds} folds for "
        f"cross-validation, {split.n_test} test sequences, {drawn}. Folds never cut a "
        f"group of related sequences. Fold sizes: {', '.join(map(str, split.fold_sizes))}.",
        redundancy=f"{grouping.sequences} sequences in {grouping.groups} groups of related "
        f"ones: of {evidence.decides.grouping.told}. Training sequences related to the test "
        f"set: {split.related_sequences} (policy: {split.policy}).{found} "
        + _findings(evidence.audit),
        availability=evidence.answered("availability"),
    )


def _findings(audit: AuditFacts) -> str:
    """The findings of the audit in a sentence."""
    if not audit.findings:
        return "The audit of the finished split found nothing."
    found = "; ".join(f"{one.title} ({one.severity})" for one in audit.findings)
    return f"The audit of the finished split found: {found}."


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(values.items()))


_REGULARIZE = {
    "dropout", "weight_decay", "l1", "l2", "early_stopping", "label_smoothing", "c",
    "columns", "min_weight", "rows", "features",
}  # fmt: skip


def _used(training: Training) -> dict[str, Any]:
    """The settings that this model reads."""
    settings = training.model_dump(include=set(read_by(training.model)))
    settings.pop("features")
    if training.model not in CLASSICAL:
        return settings
    # Their own stand in a section.
    (own,) = NETWORKS[training.model].settings
    return {"seeds": training.seeds, **settings[own]}


def _optimization(evidence: Evidence) -> DomeOptimization:
    training = evidence.champion.training
    settings = _used(training)
    return DomeOptimization(
        algorithm=f"{training.model}, loss {evidence.champion.loss.name}: variant "
        f"{evidence.selection.champion} of {len(evidence.selection.order)}.",
        meta="No output of other predictors is an input.",
        encoding=f"Features: {', '.join(map(str, training.features))}.",
        parameters=_settings(settings),
        features=f"{len(training.features)} feature sets, named in the configuration "
        "before training; none was chosen by the test set.",
        fitting="Thresholds, calibration and the choice of the variant come from "
        "out-of-fold scores; the test set was opened after the selection was frozen.",
        regularization=_settings(
            {key: value for key, value in settings.items() if key in _REGULARIZE}
        ),
        config=f"selection.json, key `config`; selection {evidence.selection.selection}.",
    )


def _model(evidence: Evidence) -> DomeModel:
    return DomeModel(
        interpretability="contributions.json and report.html show which residues or "
        "numbers made of a sequence raise and lower the score; report.html also what the "
        "audit's probes reach from length, composition, ends and order alone.",
        output="A score between 0 and 1, a probability and a class: positive from the "
        f"score {told(evidence.selection.threshold)} on.",
        duration="benchmarks/ has time and memory of every job.",
        availability=evidence.answered("model_availability"),
    )


def _evaluation(evidence: Evidence) -> DomeEvaluation:
    selection, row = evidence.selection, evidence.tested
    measure = f"In cross-validation {reached_out_of_fold(selection)}."
    confidence = "Intervals: 95 %, bootstrap over groups of related sequences."
    if row:
        measure = (
            f"{reached_on_test(row)}: MCC {row.mcc:.3f}, sensitivity {row.sn:.3f}, "
            f"specificity {row.sp:.3f}, gap {row.gap:.3f}, accuracy {row.acc:.3f}, AUROC "
            f"{row.auroc:.3f}, AUPRC {row.auprc:.3f}, Brier score {row.brier:.3f}; TP "
            f"{row.tp}, FP {row.fp}, TN {row.tn}, FN {row.fn}. {measure}"
        )
        confidence += (
            f" MCC [{row.mcc_low:.3f}, {row.mcc_high:.3f}], sensitivity "
            f"[{row.sn_low:.3f}, {row.sn_high:.3f}], specificity [{row.sp_low:.3f}, "
            f"{row.sp_high:.3f}]."
        )
    look = evidence.evaluation.look
    method = "Cross-validation over groups of related sequences; " + (
        f"look {look.look} at an independent test set, policy {look.policy}."
        if look and row
        else "the independent test set was not evaluated with these models."
    )
    others = ", ".join(name for name in selection.order if name != selection.champion)
    return DomeEvaluation(
        method=method,
        measure=measure,
        comparison=f"Compared on the same folds with: {others or 'nothing'}. "
        f"{selection.why}",
        confidence=confidence,
        availability="test/metrics.tsv, test/predictions.parquet and oof.parquet of every "
        "variant; `evenfold verify` checks them again.",
    )


def model_card(evidence: Evidence) -> str:
    """The model card, in Markdown."""
    told_of = dome(evidence)
    name = evidence.results.dataset
    data, model = told_of.dataset, told_of.model
    learned = evidence.selection.learned
    lines = [
        f"# Model card: {evidence.selection.champion} of {name}",
        "",
        evidence.given.get("description", ""),
        "",
        "## Model",
        "",
        f"- {told_of.optimization.algorithm}",
        f"- {told_of.optimization.encoding}",
        f"- {model.output}",
        f"- Selection {evidence.selection.selection}, evenfold "
        f"{evidence.selection.records.evenfold}.",
        f"- Licence: {evidence.said('licence')}",
        f"- Contact: {evidence.said('contact')}",
        "",
        "## Use",
        "",
        f"- Intended: {evidence.said('intended_use')}",
        f"- Limits: {evidence.said('limitations')}",
        *([f"- {learned.made_for}"] if learned else []),
        "",
        "## Data",
        "",
        *(
            []
            if evidence.given.get("provenance")
            else [f"- {evidence.said('provenance')}"]
        ),
        f"- {data.provenance}",
        f"- {data.splits}",
        f"- {data.redundancy}",
        "",
        "## Results",
        "",
        f"- {told_of.evaluation.method}",
        f"- {told_of.evaluation.measure}",
        f"- {told_of.evaluation.confidence}",
        f"- {told_of.evaluation.comparison}",
    ]
    if evidence.measured:
        lines += ["", *in_markdown(evidence.measured)]
    return "\n".join(lines) + "\n"


def crate(evidence: Evidence) -> str:
    """The run as RO-Crate (Workflow Run profile), with a digest of every file.

    Parameters
    ----------
    evidence : Evidence
        Whose dome.json and model card are written.

    Returns
    -------
    str
        JSON-LD.
    """
    results, selection = evidence.results, evidence.selection
    there = {
        name: form for name, form in _FILES.items() if results.path(name).is_file()
    }
    files = [
        {
            "@id": results.path(name).relative_to(results.folder).as_posix(),
            "@type": "File",
            "name": results.path(name).name,
            "encodingFormat": form,
            "contentSize": str(results.path(name).stat().st_size),
            "sha256": sha256_file(results.path(name)),
        }
        for name, form in there.items()
    ]
    own = [{"@id": file["@id"]} for file in files]
    workflow = results.path("workflow").name
    for file in files:
        if file["@id"] == workflow:
            file |= _as_workflow(evidence)
    inputs = ("sequences.parquet", "split.parquet", workflow)
    published = evidence.published
    by = _people(evidence)
    run: dict[str, Any] = {
        "@id": f"#{selection.selection}",
        "@type": "CreateAction",
        "name": f"Selection {selection.selection} of {results.dataset}",
        "description": selection.why,
        "instrument": {"@id": workflow},
        "object": [file for file in own if file["@id"] in inputs[:2]],
        "result": [file for file in own if file["@id"] not in inputs],
        "actionStatus": "http://schema.org/CompletedActionStatus",
        **({"agent": {"@id": _AUTHORS}} if by else {}),
        **(
            {"endTime": evidence.evaluation.look.looked_at}
            if evidence.evaluation.look
            else {}
        ),
    }
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": _CRATE}, {"@id": _WORKFLOW}],
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": evidence.given.get("title") or results.dataset,
            "description": evidence.given.get("description")
            or f"Results of evenfold for the data set {results.dataset}.",
            "license": {"@id": _LICENCE},
            **({"author": {"@id": _AUTHORS}} if by else {}),
            **({"datePublished": published} if published else {}),
            "conformsTo": [{"@id": profile} for profile in (*_PROFILES, _WORKFLOW)],
            "mainEntity": {"@id": workflow},
            "mentions": {"@id": run["@id"]},
            "hasPart": own,
        },
        {
            "@id": _LANGUAGE,
            "@type": "ComputerLanguage",
            "name": "Snakemake",
            "url": {"@id": "https://snakemake.readthedocs.io"},
        },
        {
            "@id": _LICENCE,
            "@type": "CreativeWork",
            "name": evidence.said("licence"),
        },
        *by,
        *(
            {"@id": profile, "@type": "CreativeWork", "name": profile}
            for profile in (*_PROFILES, _WORKFLOW, _BIOSCHEMAS)
        ),
        run,
        *files,
    ]
    value = {"@context": f"{_CRATE}/context", "@graph": graph}
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _as_workflow(evidence: Evidence) -> dict[str, Any]:
    """What the Snakefile is, beside a file."""
    return {
        "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        "name": "evenfold",
        "version": evidence.selection.records.evenfold,
        "programmingLanguage": {"@id": _LANGUAGE},
        "conformsTo": {"@id": _BIOSCHEMAS},
    }


def _people(evidence: Evidence) -> list[dict[str, Any]]:
    """Whose run it is, if the data set's file says so."""
    if not evidence.given.get("authors"):
        return []
    who = {"@id": _AUTHORS, "@type": "Person", "name": evidence.given["authors"]}
    contact = evidence.given.get("contact")
    return [{**who, **({"email": contact} if contact else {})}]
