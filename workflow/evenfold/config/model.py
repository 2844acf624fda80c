"""What may stand in config/config.yaml and config/datasets/<name>.yaml.

Every key has its default and its description here and nowhere else; the table in
config/README.md and the JSON schemas are generated from these models.
"""

import difflib
import re
import types
import typing
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from evenfold.config.losses import LOSS_NAMES, LOSSES, Loss
from evenfold.config.section import NAME, Fraction, Name, Section
from evenfold.config.training import Engine, Training, check_pairing
from evenfold.errors import EvenfoldError

# --- the stages -------------------------------------------------------------------


class Cleaning(Section):
    lower_case: Literal["upper", "reject"] = Field(
        "upper", description="lower-case letters: made upper case, or record rejected"
    )
    ambiguous: Literal["keep", "mask", "reject"] = Field(
        "mask",
        description="B, Z, J, U, O: kept as they are, replaced by X, or record rejected",
    )
    unknown: Literal["keep", "reject"] = Field(
        "keep", description="X: kept as an unknown residue, or record rejected"
    )
    stop: Literal["strip", "reject"] = Field(
        "strip",
        description="a final *: removed, or record rejected; * inside: rejected",
    )
    gap: Literal["keep", "remove", "reject"] = Field(
        "reject",
        description="- : kept (window padding), removed, or record rejected",
    )
    min_length: int = Field(1, ge=1, description="shortest sequence, gaps not counted")
    max_length: int | None = Field(
        None, ge=1, description="longest sequence, gaps included; empty: no limit"
    )
    train_duplicates: Literal["drop", "keep"] = Field(
        "drop", description="repeated sequences of one label in the training data"
    )
    test_duplicates: Literal["drop", "keep"] = Field(
        "keep",
        description="repeated sequences in an independent test set; kept by default so "
        "that n stays the published one",
    )
    conflicts: Literal["drop", "error"] = Field(
        "drop",
        description="one sequence with both labels within a role: all its rows are "
        "dropped and listed, or the run stops",
    )


class Grouping(Section):
    identity: Fraction = Field(
        0.4, description="identity above which two proteins are homologs"
    )
    coverage: Fraction = Field(
        0.8, description="share of both sequences the alignment must cover"
    )
    sensitivity: float = Field(
        7.5,
        ge=1,
        le=7.5,
        description="of MMseqs2's search (100,000 proteins take an hour on two cores); "
        "5.7 took a third of the time on 2800 proteins and lost 4 of their 133 pairs",
    )
    short_length: int = Field(
        50,
        ge=0,
        description="sequences with fewer residues are compared by Smith-Waterman "
        "behind a k-mer screen instead of MMseqs2, whose prefilter misses them",
    )
    short_identity: Fraction = Field(
        0.7,
        description="identity above which short sequences are homologs: higher, "
        "because chance partners are common among them",
    )
    exhaustive: bool = Field(
        True,
        description="align every sequence with all of other groups too, for what the "
        "search missed; not beyond 1e12 alignment cells (3000 proteins, 30,000 windows)",
    )
    by_source: bool = Field(
        True, description="join sequences of one source protein (source_pattern)"
    )


class Split(Section):
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


class Audit(Section):
    """When a finding is one, and when it stops the run."""

    fail_on: Literal["never", "serious", "warning"] = Field(
        "never",
        description="severity from which a finding stops the run before the test set "
        "is looked at",
    )
    close: Fraction = Field(
        0.01,
        description="share of sequences with a close partner across the split or the "
        "folds, beyond chance, that is serious; fewer are a warning",
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


class Variant(Section):
    name: Name = Field(description="name of the variant, used in paths and tables")
    loss: Loss = Field(description="loss name, or a mapping: name and its settings")
    training: dict[str, Any] = Field(
        {}, description="training settings of this variant alone"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value):
        if isinstance(value, str):
            value = {"name": value, "loss": value}
        if isinstance(value, dict) and isinstance(value.get("loss"), str):
            value = {**value, "loss": {"name": value["loss"]}}
        return value


class Stability(Section):
    """When a threshold is called unstable."""

    amber: float = Field(
        1.5,
        gt=0,
        description="spread of the folds' thresholds over what chance gives, amber above",
    )
    red: float = Field(2.5, gt=0, description="the same, red above")
    widest: Fraction = Field(
        0.10,
        description="range of SN or SP when each fold's threshold is applied to all, "
        "amber above",
    )


class Selection(Section):
    criterion: Literal[
        "sn_eq_sp",
        "youden",
        "corner",
        "gmean",
        "fbeta",
        "max_mcc",
        "constrained_mcc",
        "cost",
        "net_benefit",
        "sn_at_sp",
        "sp_at_sn",
        "ghost",
    ] = Field(
        "sn_eq_sp",
        description="operating point that is deployed: SN = SP; largest SN + SP; "
        "closest to SN = SP = 1; largest G-mean, F-beta, MCC; MCC with |SN - SP| within "
        "delta; smallest cost; largest net benefit; largest SN at a required SP or the "
        "reverse; GHOST's median kappa",
    )
    delta: Fraction = Field(
        0.05,
        description="`constrained_mcc`: largest |SN - SP|, its standard error added",
    )
    beta: float = Field(1.0, gt=0, description="`fbeta`: weight of sensitivity")
    fn_cost: float = Field(1.0, gt=0, description="`cost`: of a false negative")
    fp_cost: float = Field(1.0, gt=0, description="`cost`: of a false positive")
    risk: Fraction = Field(
        0.5, description="`net_benefit`: probability at which acting is worth it"
    )
    required: Fraction = Field(
        0.9, description="`sn_at_sp`, `sp_at_sn`: what the other rate must reach"
    )
    deployment_positives: Fraction | None = Field(
        None,
        description="share of positives where the champion will be used, if not that of "
        "the training data; moves every criterion that depends on it",
    )
    min_positives: int = Field(
        20,
        ge=1,
        description="with fewer sequences of either class no threshold is tuned and "
        "0.5 is kept",
    )
    resamples: int = Field(10_000, ge=100, description="bootstrap resamples")
    stability: Stability = Stability()
    one_standard_error: bool = Field(
        True,
        description="keep the baseline (BCE) when the best variant leads it by no more "
        "than one standard error of the paired difference",
    )
    keep_half: bool = Field(
        True,
        description="keep threshold 0.5 where |SN - SP| is within one standard error of "
        "zero there and tuning would not raise MCC",
    )
    same_loss: float = Field(
        0.05,
        ge=0,
        description="variants whose losses differ by less than this shift of the logits "
        "on the data set, and in nothing else, are trained once and reported as one; "
        "the threshold of 500 sequences is uncertain by more",
    )


class Look(Section):
    selection: str = Field(
        min_length=8, description="selection this permission is bound to"
    )
    reason: str = Field(min_length=10, description="why another look is justified")


class Tracking(Section):
    uri: str | None = Field(
        None,
        description="MLflow tracking server; empty: SQLite store in results/mlflow",
    )
    experiment: str = Field("evenfold", description="MLflow experiment")


class File(Section):
    """A local path, or a public address with its checksum."""

    path: str | None = Field(None, description="local file")
    url: str | None = Field(None, description="public address to fetch")
    sha256: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="checksum; required with a url"
    )

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value):
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_origin(self):
        if (self.path is None) == (self.url is None):
            raise ValueError("give either a path or a url")
        if self.url and not self.sha256:
            raise ValueError(f"{self.url}: a url needs its sha256")
        return self


def _check_one_group(section, key):
    pattern = getattr(section, key)
    if pattern is None:
        return
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"{key} {pattern!r}: {error}") from error
    if groups != 1:
        raise ValueError(f"{key} {pattern!r} must have exactly one group")


def _as_list(value):
    return value if value is None or isinstance(value, list) else [value]


class Sources(Section):
    """One file (or several) per class, or files that hold their labels."""

    positive: list[File] = Field([], description="files of positive sequences")
    negative: list[File] = Field([], description="files of negative sequences")
    labelled: list[File] = Field([], description="files that hold both, with labels")
    labels: list[File] = Field(
        [],
        description="tables with the labels of the `labelled` files, by id_column and "
        "label_column",
    )
    proteins: list[File] = Field(
        [], description="files of whole proteins, of which `sites` makes windows"
    )
    positive_sites: list[File] = Field(
        [], description="tables of positive sites; without, the headers list them"
    )
    negative_sites: list[File] = Field([], description="tables of negative sites")

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, value):
        if isinstance(value, dict):
            value = {key: _as_list(files) for key, files in value.items()}
        return value

    @model_validator(mode="after")
    def _complete(self):
        if bool(self.positive) != bool(self.negative):
            raise ValueError("give files for both classes: positive and negative")
        if not (self.positive or self.labelled or self.proteins):
            raise ValueError(
                "give positive and negative files, labelled ones, or proteins with sites"
            )
        if self.proteins and (self.positive or self.labelled):
            raise ValueError("windows of proteins cannot be mixed with other files")
        if (self.positive_sites or self.negative_sites) and not self.proteins:
            raise ValueError("tables of sites need the files of their proteins")
        if self.negative_sites and not self.positive_sites:
            raise ValueError("give positive_sites too")
        if self.labels and not self.labelled:
            raise ValueError("a table of labels needs the `labelled` files it is for")
        return self

    def entries(self) -> list[tuple[File, int | None, str]]:
        """Files with the label of their records (None: in a file), and their kind."""
        return [
            *((file, 1, "sequences") for file in self.positive),
            *((file, 0, "sequences") for file in self.negative),
            *(
                (file, None, kind)
                for kind, files in (
                    ("sequences", self.labelled),
                    ("labels", self.labels),
                    ("proteins", self.proteins),
                    ("positive_sites", self.positive_sites),
                    ("negative_sites", self.negative_sites),
                )
                for file in files
            ),
        ]


class Sites(Section):
    """How windows are cut out of whole proteins."""

    residues: str = Field(
        pattern=r"^[ACDEFGHIKLMNPQRSTVWY]+$",
        description="residues of interest, for example K, or STY",
    )
    window: int = Field(31, ge=1, description="letters of a window, an odd number")
    header_pattern: str = Field(
        r"#(\d+)",
        description="regular expression with one group that finds every positive site in "
        "a FASTA header; not used with tables of sites",
    )
    protein_column: str = Field(
        "protein", description="site table: column of the protein"
    )
    position_column: str = Field(
        "position", description="site table: column of the position, counted from 1"
    )
    unlisted: Literal["negative", "ignore"] = Field(
        "negative",
        description="residues of interest that no file lists: negatives, or left out",
    )
    negatives_per_positive: float | None = Field(
        None,
        gt=0,
        description="training negatives drawn per positive; empty: all. The test set "
        "keeps its own ratio",
    )
    seed: int = Field(1, ge=0, description="of that draw")
    mismatch: Literal["error", "reject"] = Field(
        "error",
        description="a site beyond its protein, at another residue or of both labels: "
        "stops the run, or is listed in rejected.tsv",
    )

    @model_validator(mode="after")
    def _has_a_centre(self):
        if self.window % 2 == 0:
            raise ValueError(f"window {self.window} has no centre: give an odd number")
        _check_one_group(self, "header_pattern")
        return self


class Dataset(Section):
    """One data set: where its files are, how to read, clean, group and split them."""

    description: str = Field("", description="one line for the report")
    train: Sources = Field(description="training files")
    test: Sources | None = Field(
        None, description="independent test files; empty: held out by groups"
    )
    form: Literal["auto", "fasta", "lines", "table"] = Field(
        "auto",
        description="`fasta`, `lines` (one sequence a line), `table` (TSV or CSV with a "
        "header, Parquet); `auto`: by suffix, .gz aside",
    )
    label_pattern: str | None = Field(
        None,
        description="regular expression with one group that finds the label in a "
        "FASTA header; the match is cut out of the id",
    )
    positive_label: str = Field("1", description="label text of the positive class")
    negative_label: str = Field("0", description="label text of the negative class")
    id_column: str = Field("id", description="table: column of the id")
    sequence_column: str = Field(
        "sequence", description="table: column of the sequence"
    )
    label_column: str = Field("label", description="table: column of the label")
    source_column: str | None = Field(
        None, description="table: column of the source protein"
    )
    source_pattern: str | None = Field(
        None,
        description="regular expression with one group that finds the source protein "
        "in a FASTA header; sequences of one protein never cross folds",
    )
    sites: Sites | None = Field(
        None, description="windows around sites of whole proteins (`proteins`)"
    )
    test_policy: Literal["sealed", "practice"] = Field(
        "sealed",
        description="`sealed`: one look at the test set; `practice`: looks are counted "
        "and never withheld (simulated data)",
    )
    published: list[dict[str, str | float]] = Field(
        [], description="published results on this test set, shown in the report"
    )
    cleaning: Cleaning = Cleaning()
    grouping: Grouping = Grouping()
    split: Split = Split()
    audit: Audit = Audit()
    training: dict[str, Any] = Field(
        {}, description="training settings that suit this data set"
    )

    @model_validator(mode="before")
    @classmethod
    def _windows_are_padded(cls, value):
        if isinstance(value, dict) and value.get("sites"):
            cleaning = {"gap": "keep", **(value.get("cleaning") or {})}
            value = {**value, "cleaning": cleaning}
        return value

    @model_validator(mode="after")
    def _labels_can_be_read(self):
        for role in (self.train, self.test):
            if role and bool(role.proteins) != bool(self.sites):
                raise ValueError(
                    "`sites` and the files `proteins` belong together: one is missing"
                )
        if self.split.as_published and (
            self.test is None or self.split.train_test_homologs != "drop"
        ):
            raise ValueError(
                "`split: {as_published: true}` compares with a published test set: give "
                "`test` files and `train_test_homologs: drop`"
            )
        if self.sites and self.cleaning.gap != "keep":
            raise ValueError("`sites` pads its windows: set `cleaning: {gap: keep}`")
        for key in ("label_pattern", "source_pattern"):
            _check_one_group(self, key)
        return self


class Run(Section):
    """The run: which data sets, which variants, and how to choose among them."""

    datasets: list[Name] = Field(
        ["demo"], min_length=1, description="names of files in config/datasets/"
    )
    variants: list[Variant] = Field(
        min_length=1, description="loss variants to compare (a list)"
    )
    seed: int = Field(1, ge=0, description="the one number all randomness derives from")
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="`auto` uses CUDA when the training job finds it"
    )
    threads: int = Field(
        2,
        ge=1,
        description="training threads, never above the CPUs really available; results "
        "repeat byte for byte at the same number",
    )
    engine: Engine = Engine()
    mirror: str | None = Field(
        None,
        description="folder or base URL that stands for the host of every data url",
    )
    ledger: str = Field(
        "resources/ledger", description="folder that remembers looks at test sets"
    )
    predict: str | None = Field(
        None,
        description="FASTA to score with the target `predict`; whole proteins for a data "
        "set with `sites`",
    )
    selection: Selection = Selection()
    tracking: Tracking = Tracking()
    allow_look: list[Look] = Field(
        [], description="reasons for further looks, each bound to one selection"
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


# --- loading ----------------------------------------------------------------------

# Sections given as plain mappings, merged over each other before they are checked.
_LATE = {
    "cleaning": Cleaning,
    "grouping": Grouping,
    "split": Split,
    "audit": Audit,
    "training": Training,
}


def load_run(raw: dict, where: str = "the configuration") -> Run:
    """Check the run's configuration.

    Raises
    ------
    EvenfoldError
        With one line per fault, each naming the key and the nearest valid one.
    """
    raw = dict(raw)
    for key in ("variants", "datasets"):
        if isinstance(raw.get(key), dict):
            raise EvenfoldError(
                f"{where}: `{key}` is a mapping; it must be a list. Snakemake merges "
                f"mappings of several configfiles key by key, so entries of the first "
                f"file would stay behind unasked; a list replaces them. "
                f"Write `{key}:` with one `- ` entry each."
            )
    for name in raw.get("datasets") or []:
        if not re.match(NAME, str(name)):
            raise EvenfoldError(
                f"{where}: data set {str(name)!r} is not a name. Data sets are named "
                "after their file: config/datasets/<name>.yaml is listed as <name>, "
                "in letters, digits, - and _. Put paths into that file."
            )
    for variant in raw.get("variants") or []:
        _check_loss_name(variant, where)
    run = _validate(Run, raw, where)
    for key, model in _LATE.items():
        _check_keys(model, getattr(run, key), f"{where}: {key}")
    for variant in run.variants:
        _check_keys(
            Training, variant.training, f"{where}: variant {variant.name}: training"
        )
    return run


def load_dataset(name: str, run: Run, folder="config/datasets") -> Dataset:
    """Read config/datasets/<name>.yaml with the run's overrides merged in."""
    path = Path(folder) / f"{name}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in Path(folder).glob("*.yaml"))
        raise EvenfoldError(
            f"data set {name!r}: there is no {path}.{_nearest(name, known)} "
            f"Known data sets: {', '.join(known) or 'none'}."
        )
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise EvenfoldError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(raw, dict):
        raise EvenfoldError(f"{path}: expected keys and values, found {raw!r:.60}")
    for key in ("cleaning", "grouping", "split", "audit"):
        raw[key] = merge(raw.get(key) or {}, getattr(run, key))
    _check_keys(Training, raw.get("training") or {}, f"{path}: training")
    dataset = _validate(Dataset, raw, str(path))
    for sources in (dataset.train, dataset.test):
        for file, label, kind in sources.entries() if sources else []:
            if kind == "sequences":
                known = -1 if sources.labels else label
                _check_form(file.path or file.url, known, dataset, path)
    return dataset


def _check_form(name, label, dataset, path):
    """Refuse a file whose form is unclear or cannot carry the labels it should."""
    try:
        form = form_of(name, dataset.form)
    except EvenfoldError as error:
        raise EvenfoldError(f"{path}: {error}") from None
    if label is not None:
        return
    if form == "fasta" and not dataset.label_pattern:
        raise EvenfoldError(
            f"{path}: {name} is listed as labelled FASTA; say how its headers carry "
            r"the label with `label_pattern`, for example label_pattern: '\|([01])$'"
        )
    if form == "lines":
        raise EvenfoldError(
            f"{path}: {name} has one sequence a line and no labels; list it under "
            "positive or negative"
        )


def resolve_training(run: Run, dataset: Dataset, variant: Variant) -> Training:
    """Settings of one variant: defaults, then data set, run and variant."""
    raw = merge(merge(dataset.training, run.training), variant.training)
    training = _validate(Training, raw, f"training of variant {variant.name}")
    wanted = "embeddings" in training.features
    if wanted and training.embeddings.pooling == "site" and not dataset.sites:
        raise EvenfoldError(
            f"training of variant {variant.name}: `embeddings: {{pooling: site}}` needs the "
            "whole proteins; give `proteins` and `sites` in the data set's file, or use "
            "`pooling: mean`"
        )
    fault = check_pairing(variant.name, variant.loss.name, training)
    if fault:
        raise EvenfoldError(fault)
    return training


def form_of(name: str, form: str = "auto") -> str:
    """Form of a data file: fasta, lines or table (`auto`: by its suffix)."""
    if form != "auto":
        return form
    suffix = Path(name.removesuffix(".gz")).suffix.lower()
    if suffix in {".fasta", ".fa", ".faa", ".fas"}:
        return "fasta"
    if suffix in {".tsv", ".csv", ".parquet", ".pq"}:
        return "table"
    if suffix == ".txt":
        return "lines"
    raise EvenfoldError(
        f"{name}: the form of this file is not clear from its suffix; set `form:` to "
        "fasta, lines or table in the data set's file"
    )


def merge(base: dict, over: dict) -> dict:
    """Merge two mappings key by key; lists and scalars of `over` replace."""
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            value = merge(merged[key], value)
        merged[key] = value
    return merged


def _validate(model, raw, where):
    if not isinstance(raw, dict):
        raise EvenfoldError(f"{where}: expected keys and values, found {raw!r:.60}")
    _check_keys(model, raw, where)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        lines = [f"{where} does not fit:"]
        for fault in error.errors():
            key = ".".join(str(part) for part in fault["loc"] if part not in LOSS_NAMES)
            message = fault["msg"].removeprefix("Value error, ")
            if fault["type"] != "missing" and not isinstance(fault["input"], dict):
                message += f" (found {fault['input']!r:.80})"
            lines.append(f"  {key or 'as a whole'}: {message}")
        raise EvenfoldError("\n".join(lines)) from None


def _check_keys(model, raw, where):
    """Name unknown keys, with the nearest valid one, at every level of a model."""
    if not isinstance(raw, dict):
        return
    for key, value in raw.items():
        if key not in model.model_fields:
            known = list(model.model_fields)
            raise EvenfoldError(
                f"{where}: unknown key {key!r}.{_nearest(key, known)} "
                f"Valid keys: {', '.join(known)}."
            )
        inner = _section_of(model.model_fields[key].annotation)
        if inner is not None:
            for item in value if isinstance(value, list) else [value]:
                _check_keys(inner, item, f"{where}: {key}")


def _section_of(annotation):
    """The one Section class inside an annotation, if there is exactly one."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    if typing.get_origin(annotation) in (list, types.UnionType, typing.Union):
        found = {_section_of(part) for part in typing.get_args(annotation)} - {None}
        return found.pop() if len(found) == 1 else None
    return None


def _check_loss_name(variant, where):
    if isinstance(variant, str):
        loss = variant
    elif isinstance(variant, dict):
        loss = variant.get("loss")
    else:
        return
    if isinstance(loss, dict):
        name = loss.get("name")
        model = {m.model_fields["name"].default: m for m in LOSSES}.get(name)
        if model is not None:
            _check_keys(model, loss, f"{where}: loss {name}")
        loss = name
    if loss not in LOSS_NAMES:
        raise EvenfoldError(
            f"{where}: variant {variant if isinstance(variant, str) else variant.get('name')!r} "
            f"asks for the loss {loss!r}, which does not exist."
            f"{_nearest(str(loss), LOSS_NAMES)} Known losses: {', '.join(LOSS_NAMES)}."
        )


def _nearest(word, known):
    match = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f" Did you mean {match[0]!r}?" if match else ""
