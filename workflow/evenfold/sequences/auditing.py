"""The audit: an independent, exhaustive search for leaks after the split.

It does not trust the groups: every test sequence is aligned with every training
sequence by Smith-Waterman, and every training sequence with every one of another fold.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from typing import Literal

import numpy as np
import pyarrow as pa

from evenfold import tables
from evenfold.alphabet import residues
from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.errors import EvenfoldError
from evenfold.records.sequences import (
    AuditFacts,
    Closeness,
    Counts,
    Finding,
    Histogram,
    Probe,
    Quantiles,
    Severity,
    Shift,
    SplitFacts,
)
from evenfold.records.tables import NEAREST, SEQUENCES, SPLIT
from evenfold.saying import counted, verb
from evenfold.sequences.alignment import (
    in_threads,
    limits_of,
    opal_database,
    scores_of,
    traced,
)
from evenfold.sequences.homology import composition_only, most_likely
from evenfold.sequences.probes import probes, shift
from evenfold.sequences.stages import SILENT, Progress

#: Alignment cells one search may cost; a larger one looks at a seeded sample of rows.
CELL_BUDGET = 4e11
#: Rows that it looks at whatever they cost: none found among 80 says, with 95 %
#: confidence, that at most 3.7 % of all have a partner.
LEAST_SEARCHED = 80
#: Shuffled sequences that tell what chance gives; of many sequences at least so many.
N_SHUFFLED, LEAST_SHUFFLED = 200, 20
#: Queries between two lines of progress.
_BLOCK = 64


@dataclass
class Nearest:
    """Best-scoring partner of each query that was searched.

    Attributes
    ----------
    queries, partner : ndarray of int, shape (searched,)
        Positions of the queries (all of them, or a sample) and of their partners.
    identity, coverage : ndarray of float, shape (searched,)
    """

    queries: np.ndarray
    partner: np.ndarray
    identity: np.ndarray
    coverage: np.ndarray

    def above(
        self, lengths: np.ndarray, target_lengths: np.ndarray, limits: Grouping
    ) -> np.ndarray:
        """Which queries have a partner above the limits.

        Parameters
        ----------
        lengths, target_lengths : ndarray of int
            Of all queries and of all targets.
        limits : Grouping

        Returns
        -------
        ndarray of bool, shape (searched,)
        """
        shorter = np.minimum(lengths[self.queries], target_lengths[self.partner])
        wanted = limits_of(shorter, limits)
        return (self.identity >= wanted) & (self.coverage >= limits.coverage)


@dataclass(frozen=True)
class Search:
    """How partners are searched.

    Attributes
    ----------
    threads : int
    seed : int
        Of a sample.
    budget : float
        Alignment cells; beyond it a seeded sample of the queries is searched.
    least : int
        Queries of a sample at least.
    progress : Progress
    """

    threads: int = 1
    seed: int = 0
    budget: float = CELL_BUDGET
    least: int = LEAST_SEARCHED
    progress: Progress = SILENT


def nearest(
    queries: list[str],
    targets: list[str],
    allowed: Callable[[int], np.ndarray] | None = None,
    search: Search = Search(),
) -> Nearest:
    """Best-scoring partner of each query among the targets, by exhaustive search.

    Parameters
    ----------
    queries, targets : list of str
        Residue strings without gaps.
    allowed : callable, optional
        Maps a query position to a boolean mask over the targets.
    search : Search

    Returns
    -------
    Nearest
    """
    chosen = np.arange(len(queries))
    cells = float(sum(map(len, queries))) * sum(map(len, targets))
    if cells > search.budget:
        n = max(search.least, int(len(queries) * search.budget / cells))
        generator = np.random.default_rng(search.seed)
        n = min(len(queries), n)
        chosen = np.sort(generator.choice(len(queries), n, replace=False))
    order = np.argsort([len(target) for target in targets], kind="stable")
    # Of like lengths side by side, which vectors of alignments like.
    database = opal_database(targets[i] for i in order)

    def look(query):
        scores = np.empty(len(targets), dtype=np.int32)
        scores[order] = scores_of(queries[query], database)
        if allowed is not None:
            scores[~allowed(query)] = -1
        best = int(scores.argmax())
        return best, *traced(queries[query], [targets[best]])[0]

    rows: list[tuple[int, float, float]] = []
    for start in range(0, len(chosen), _BLOCK):
        search.progress(f"{start} of {len(chosen)} sequences aligned")
        rows += in_threads(
            look, chosen[start : start + _BLOCK].tolist(), search.threads
        )
    partner, identity, coverage = map(np.array, zip(*rows))
    return Nearest(chosen, partner, identity, coverage)


@dataclass(frozen=True)
class Audited:
    """The sequences of a split, as the audit sees them.

    Attributes
    ----------
    sequences : list of str, length n
        With their gaps, if they are padded.
    ids, sources : list of str, length n
        A source is empty where it is not known.
    is_test : ndarray of bool, shape (n,)
    fold : ndarray of int, shape (n,)
        Of the training sequences; whatever stands for test ones is not read.
    labels : ndarray of int, shape (n,), optional
        Likewise. Without them nothing is probed.
    ordered : bool
        Whether both classes of the training data stand in one file, so that their
        order could tell them.
    """

    sequences: list[str]
    ids: list[str]
    sources: list[str]
    is_test: np.ndarray
    fold: np.ndarray
    labels: np.ndarray | None = None
    ordered: bool = False

    @classmethod
    def read(
        cls, sequences: str | PathLike, split: str | PathLike, ordered: bool
    ) -> "Audited":
        """From the files of a split.

        Parameters
        ----------
        sequences, split : path-like
        ordered : bool
            As above.

        Returns
        -------
        Audited

        Raises
        ------
        EvenfoldError
            For a file with other columns, or a damaged one.
        """
        table = SEQUENCES.arrow(sequences)
        folds = SPLIT.arrow(split, ["fold"]).column("fold")
        return cls(
            tables.strings(table, "sequence"),
            tables.strings(table, "id"),
            tables.strings(table, "source"),
            np.array([role == "test" for role in tables.strings(table, "role")]),
            folds.fill_null(-1).to_numpy(),
            table.column("label").fill_null(-1).to_numpy(),
            ordered,
        )

    @cached_property
    def train(self) -> np.ndarray:
        """Rows of the training sequences."""
        return np.flatnonzero(~self.is_test)

    @cached_property
    def test(self) -> np.ndarray:
        """Rows of the test sequences."""
        return np.flatnonzero(self.is_test)


def audit(
    audited: Audited,
    counts: Counts,
    split: SplitFacts,
    limits: Grouping,
    rules: Audit,
    search: Search,
    keep: Callable[[Nearest], None] = lambda _: None,
) -> AuditFacts:
    """Audit a split.

    Parameters
    ----------
    audited : Audited
    counts : Counts
        What cleaning counted.
    split : SplitFacts
        What splitting counted.
    limits : Grouping
        When two sequences are relatives.
    rules : Audit
        When a finding is one.
    search : Search
    keep : callable
        Gets the partners of the test sequences, where there are any.

    Returns
    -------
    AuditFacts
    """
    train, test = audited.train, audited.test
    findings = [*_cleaning_findings(counts), *_split_findings(split, limits, rules)]
    test_to_train = shifted = probed = None
    if len(test):
        nearest_to_test, test_to_train, finding = _closeness(
            audited, test, None, "test sequences with a close training partner",
            limits, rules, search,
        )  # fmt: skip
        keep(nearest_to_test)
        findings.append(finding)
    folds = audited.fold[train]
    found, fold_to_fold, finding = _closeness(
        audited, train, lambda row: folds != folds[row],
        "training sequences with a close partner in another fold",
        limits, rules, search,
    )  # fmt: skip
    findings.append(finding)
    findings += _source_findings([audited.sources[i] for i in train], folds)
    letters = [audited.sequences[i] for i in train]
    if audited.labels is not None:
        neighbour = np.full(len(train), -1)
        neighbour[found.queries] = found.partner
        probed = probes(
            letters,
            [audited.ids[i] for i in train],
            np.asarray(audited.labels)[train],
            folds,
            neighbour,
            audited.ordered,
        )
        findings += _probe_findings(probed, rules)
    if len(test):
        shifted = shift(letters, [audited.sequences[i] for i in test], search.seed)
        findings += _shift_findings(shifted, rules)
    return AuditFacts(
        findings=findings,
        test_to_train=test_to_train,
        fold_to_fold=fold_to_fold,
        probes=probed,
        shift=shifted,
        probe_mcc=rules.probe_mcc,
    )


def partners(audited: Audited, found: Iterable[Nearest]) -> pa.Table:
    """Of every test sequence that was searched, the nearest training sequence.

    Parameters
    ----------
    audited : Audited
    found : iterable of Nearest
        What `audit` gave to keep.

    Returns
    -------
    Table
        Of `tables.NEAREST`.
    """
    rows = [
        (
            audited.ids[audited.test[query]], audited.ids[audited.train[partner]],
            float(identity), float(coverage),
        )
        for one in found
        for query, partner, identity, coverage in zip(
            one.queries, one.partner, one.identity, one.coverage
        )
    ]  # fmt: skip
    return NEAREST.of(*(zip(*rows) if rows else ([],) * len(NEAREST.columns)))


def _closeness(audited, rows, allowed, what, limits, rules, search):
    """Partners of some rows among the training ones, how close they are, the finding."""
    queries = [residues(audited.sequences[i]) for i in rows]
    training = [residues(audited.sequences[i]) for i in audited.train]
    found = nearest(queries, training, allowed, search)
    lengths, target_lengths = (
        np.array([len(s) for s in part]) for part in (queries, training)
    )
    close = found.above(lengths, target_lengths, limits)
    by_chance = _chance(queries, training, target_lengths, limits, search)
    examples = [
        (audited.ids[rows[query]], audited.ids[audited.train[partner]])
        for query, partner in _examples(found, close)
    ]
    return (
        found,
        _distribution(found, close, len(queries), by_chance),
        _close_finding(close, len(queries), by_chance, rules.close, what, examples),
    )


def _finding(
    severity: Severity,
    title: str,
    detail: str,
    n: int = 0,
    examples: Iterable[Iterable[str]] = (),
    about: Literal["leak", "removed", "shortcut", "shift", "records"] = "leak",
) -> Finding:
    return Finding(
        severity=severity,
        about=about,
        title=title,
        detail=detail,
        n=int(n),
        examples=[list(example) for example in examples][:5],
    )


def _cleaning_findings(counts: Counts) -> Iterator[Finding]:
    for role, happened in counts.by_role.items():
        if unfit := happened.unfit:
            yield _of_records(
                "warning" if unfit > 0.01 * happened.read else "info",
                f"{role}: {unfit} of {happened.read} records rejected by letters or "
                "length",
                "Each is listed in rejected.tsv with its reason." + _padding(happened),
                unfit,
            )
        if unlabelled := happened.unlabelled:
            yield _of_records(
                "warning" if unlabelled > 0.01 * happened.read else "info",
                f"{role}: {unlabelled} of {happened.read} rows rejected without a label",
                "The cell of their label is empty; see rejected.tsv.",
                unlabelled,
            )
        if renamed := happened.renamed:
            yield _of_records(
                "info",
                f"{role}: {counted(renamed, 'repeated id')} numbered",
                "An id that stands before another sequence too ends in ~2, ~3 and so on.",
                renamed,
            )
        if sites := happened.impossible_sites:
            yield _of_records(
                "warning",
                f"{role}: {counted(sites, 'listed site')} cannot be",
                "Beyond their protein, at another residue, or of both labels; see "
                "rejected.tsv.",
                sites,
            )
        if left_out := happened.not_drawn:
            yield _of_records(
                "info",
                f"{role}: {counted(left_out, 'negative window')} left out",
                "Under-sampled by `sites: negatives_per_positive`, drawn by a hash of "
                "the id; see rejected.tsv.",
                left_out,
            )
        if conflicts := happened.conflicting:
            yield _of_records(
                "warning",
                f"{role}: {counted(conflicts, 'row')} {verb(conflicts, 'carries', 'carry')} "
                "both labels for one sequence",
                "None of them is used; see rejected.tsv.",
                conflicts,
            )
        if duplicates := happened.duplicates:
            done = "dropped" if happened.dropped_duplicates else "kept"
            yield _of_records(
                "info",
                f"{role}: {counted(duplicates, 'duplicate row')} ({done})",
                "The same sequence under the same label more than once.",
                duplicates,
            )


def _of_records(severity: Severity, title: str, detail: str, n: int) -> Finding:
    """What became of records when they were cleaned: no leak."""
    return _finding(severity, title, detail, n, about="records")


def _padding(happened):
    if not happened.gapped:
        return ""
    return (
        f" Of these, {counted(happened.gapped, 'record')} with the gap letter -; if it pads "
        "windows at the ends of their proteins, set `cleaning: {gap: keep}`."
    )


#: What is done with relatives under each policy, and how severe it is at least.
_POLICIES: dict[str, tuple[str, Severity]] = {
    "drop": ("dropped from training", "info"),
    "keep": ("kept in training", "warning"),
    "report": ("kept in training", "serious"),
}
_SEVERITIES: tuple[Severity, ...] = ("ok", "info", "warning", "serious")
_WORTH = (
    "What they are worth to the result: `snakemake --config 'split={as_published: "
    "true}'` trains beside this split as most papers do and scores both in the one look."
)


def _split_findings(
    split: SplitFacts, limits: Grouping, rules: Audit
) -> Iterator[Finding]:
    """What the test set shared with the training data as given, and what that cost."""
    if not split.related_sequences:
        return
    done, least = _POLICIES[split.policy]
    about: Literal["removed", "leak"] = "removed" if split.removed else "leak"
    n, of = split.related_test_sequences, split.n_test
    if n:
        yield _finding(
            max(least, _by_share(n / of, rules), key=_SEVERITIES.index),
            f"{n} of {of} test sequences ({n / of:.1%}) had a copy or relative in the "
            f"training data as given, {done}",
            f"{_by_kind(split.related_test)}. {_meant(split.related_test, limits)} A "
            "result on the test set with them left in tells how well relatives are "
            f"recognised. {_WORTH}",
            n,
            about=about,
        )
    # What the finding above says of kinds is not said again.
    told = split.related_test if n else {}
    new = {kind: n for kind, n in split.related.items() if not told.get(kind)}
    lost = split.related_sequences / split.n_given
    large = split.removed and lost > rules.related_serious
    after = f"; {split.n_train} are left" if split.removed else ""
    yield _finding(
        max(least, "warning" if large else "info", key=_SEVERITIES.index),
        f"{split.related_sequences} of {split.n_given} training sequences ({lost:.1%}) "
        f"related to the test set, {done}{after}",
        " ".join([f"{_by_kind(split.related)}.", _meant(new, limits)]).strip(),
        split.related_sequences,
        about=about,
    )


def _by_share(share: float, rules: Audit) -> Severity:
    if share > rules.related_serious:
        return "serious"
    return "warning" if share > rules.related_warning else "info"


def _by_kind(counts: dict[str, int]) -> str:
    told = ", ".join(f"{kind}: {n}" for kind, n in counts.items() if n)
    return told[0].upper() + told[1:]


def _meant(counts: dict[str, int], limits: Grouping) -> str:
    """When sequences are called what they were counted as."""
    rule = {
        "exact copies": "A copy has the same residues in both roles.",
        "homologs": f"A homolog has an identity of at least {limits.identity:.0%} "
        f"({limits.short_identity:.0%} below {limits.short_length} residues) over "
        f"{limits.coverage:.0%} of both sequences.",
        "same source protein": "Their source protein gave test sequences too.",
    }
    return " ".join(rule[kind] for kind, n in counts.items() if n)


def _chance(queries, training, target_lengths, limits, search):
    """Share of shuffled queries that find a close training partner."""
    generator = np.random.default_rng(search.seed)
    n = min(N_SHUFFLED, len(queries))
    chosen = generator.choice(len(queries), n, replace=False)
    shuffled = [composition_only(queries[i], generator) for i in chosen]
    few = replace(search, least=LEAST_SHUFFLED)
    found = nearest(shuffled, training, search=few)
    lengths = np.array([len(s) for s in shuffled])
    return float(found.above(lengths, target_lengths, limits).mean())


def _distribution(found, close, n, by_chance) -> Closeness:
    similarity = found.identity * found.coverage
    counts, edges = np.histogram(similarity, np.linspace(0, 1, 21))
    median, high, maximum = (
        round(float(np.quantile(similarity, q)), 4) for q in (0.5, 0.95, 1.0)
    )
    return Closeness(
        aligner="Smith-Waterman (Opal), exhaustive",
        searched=len(found.queries),
        of=n,
        close=int(close.sum()),
        close_by_chance=by_chance,
        quantiles=Quantiles(median=median, high=high, maximum=maximum),
        histogram=Histogram(counts=counts.tolist(), edges=edges.round(3).tolist()),
    )


def _close_finding(close, of, by_chance, serious, what, examples) -> Finding:
    n, searched = int(close.sum()), len(close)
    beyond = n / searched - 2 * by_chance
    severity: Severity
    if n == 0:
        severity = "ok"
    elif beyond <= 0 and by_chance:
        severity = "info"
    else:
        severity = "serious" if n / searched > serious else "warning"
    return _finding(
        severity,
        f"{n} of {searched} {what}",
        "Exhaustive Smith-Waterman search after the split, by the limits of "
        f"`grouping`. Among shuffled sequences, chance alone gives {by_chance:.1%}."
        + _of_a_sample(n, searched, of),
        n,
        examples,
    )


def _of_a_sample(n, searched, of):
    if searched == of:
        return ""
    most = most_likely(n, searched)
    return (
        f" Only a sample of {searched} of {of} was searched: with 95 % confidence at most "
        f"{most:.1%} of all have such a partner."
    )


def _probe_findings(probed: list[Probe], rules: Audit) -> Iterator[Finding]:
    for probe in probed:
        # A file sorted by class is how files are written; no model sees the order.
        if probe.mcc < rules.probe_mcc or probe.name == "order":
            continue
        yield _finding(
            "warning" if probe.seen else "info",
            f"{probe.what.capitalize()} alone predicts the class with MCC "
            f"{probe.mcc:.2f}",
            f"SN {probe.sn:.2f}, SP {probe.sp:.2f}, out-of-fold. "
            + (
                "A model that does no better may have learnt nothing else."
                if probe.seen
                else "No model sees it, but the classes may come from different places."
            ),
            probe.n,
            about="shortcut",
        )


def _shift_findings(shifted: Shift, rules: Audit) -> Iterator[Finding]:
    area, lengths = shifted.auroc, shifted.median_length
    if lengths is None:
        return
    train, test = lengths
    ratio = max(lengths) / max(1.0, min(lengths))
    if ratio > rules.length_ratio:
        yield _finding(
            "warning",
            f"Median length {train:.0f} in training, {test:.0f} in the test set: a "
            f"factor of {ratio:.1f}",
            "A model that read whole sequences of one length is asked about others; "
            "what cross-validation promises was measured on the lengths in training.",
            about="shift",
        )
    if area is not None and area >= rules.shift:
        shares = ", ".join(
            f"{residue} {before:.1%} in training and {after:.1%} in the test set"
            for residue, (before, after) in shifted.residues.items()
        )
        yield _finding(
            "warning",
            "Test sequences differ from training ones in length or composition (AUROC "
            f"{area:.2f})",
            f"Median length {train:.0f} in training, {test:.0f} in the test set; "
            f"residues whose mean share differs most: {shares}. Results on the test set "
            "may not be what cross-validation promises.",
            about="shift",
        )


def _examples(found, close):
    rows = np.flatnonzero(close)
    rows = rows[np.argsort(-found.identity[rows], kind="stable")][:5]
    return [(found.queries[row], found.partner[row]) for row in rows]


def _source_findings(sources: list[str], folds: np.ndarray) -> Iterator[Finding]:
    of_source: dict[str, set[int]] = {}
    for source, fold in zip(sources, folds):
        if source:
            of_source.setdefault(source, set()).add(int(fold))
    if not of_source:
        return
    crossing = sorted(s for s, where in of_source.items() if len(where) > 1)
    yield _finding(
        "serious" if crossing else "ok",
        f"{len(crossing)} of {len(of_source)} source proteins "
        f"{verb(len(crossing), 'crosses', 'cross')} folds",
        "Windows of one protein share its neighbourhood and its family.",
        len(crossing),
        [(source,) for source in crossing],
    )


def refuse(facts: AuditFacts, rules: Audit) -> None:
    """Stop where findings are as severe as the configuration allows no more.

    Parameters
    ----------
    facts : AuditFacts
    rules : Audit

    Raises
    ------
    EvenfoldError
        With every such finding.
    """
    stopping: dict[str, tuple[Severity, ...]] = {
        "never": (),
        "serious": ("serious",),
        "warning": ("serious", "warning"),
    }
    worst = [f for f in facts.findings if f.severity in stopping[rules.fail_on]]
    if worst:
        listed = "\n".join(f"  {f.severity}: {f.title}" for f in worst)
        raise EvenfoldError(
            f"the audit stops the run (`audit: {{fail_on: {rules.fail_on}}}`):\n{listed}\n"
            "Mend the data, or the limits under `grouping` and `audit`. Nothing was "
            "looked at on the test set."
        )
