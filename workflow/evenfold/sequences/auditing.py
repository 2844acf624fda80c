"""The audit: an independent, exhaustive search for leaks after the split.

It does not trust the groups: every test sequence is aligned with every training
sequence by Smith-Waterman, and every training sequence with every one of another fold.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenfold import tables
from evenfold.alphabet import residues
from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.errors import EvenfoldError
from evenfold.files import read_json
from evenfold.sequences.homology import (
    aligner,
    alignment_facts,
    composition_only,
    limits_of,
    opal_database,
    opal_letters,
)
from evenfold.sequences.probes import probes, shift

#: Alignment cells one search may cost; a larger one looks at a seeded sample of rows.
CELL_BUDGET = 4e11
#: Rows that it looks at whatever they cost: none found among 300 says, with 95 %
#: confidence, that at most 1 % of all have a partner.
LEAST_SEARCHED = 300
N_SHUFFLED = 200


@dataclass
class Nearest:
    """Best-scoring partner of each query: position, identity, coverage.

    `queries` are the positions searched (all of them, or a sample).
    """

    queries: np.ndarray
    partner: np.ndarray
    identity: np.ndarray
    coverage: np.ndarray

    def above(self, lengths: np.ndarray, target_lengths: np.ndarray, limits: Grouping):
        """Which queries have a partner above the limits: ndarray of bool."""
        shorter = np.minimum(lengths[self.queries], target_lengths[self.partner])
        wanted = limits_of(shorter, limits)
        return (self.identity >= wanted) & (self.coverage >= limits.coverage)


def nearest(
    queries: list[str],
    targets: list[str],
    allowed=None,
    threads: int = 1,
    seed: int = 0,
    budget: float = CELL_BUDGET,
    least: int = LEAST_SEARCHED,
) -> Nearest:
    """Best-scoring partner of each query among the targets, by exhaustive search.

    Parameters
    ----------
    queries, targets : list of str
        Residue strings without gaps.
    allowed : callable, optional
        Maps a query position to a boolean mask over the targets.
    budget : float
        Alignment cells; beyond it a seeded sample of the queries is searched.
    least : int
        Queries of a sample at least.
    """
    chosen = np.arange(len(queries))
    cells = float(sum(map(len, queries))) * sum(map(len, targets))
    if cells > budget:
        n = min(len(queries), max(least, int(len(queries) * budget / cells)))
        generator = np.random.default_rng(seed)
        chosen = np.sort(generator.choice(len(queries), n, replace=False))
    database = opal_database(targets)

    def look(query):
        align = aligner()
        letters = opal_letters(queries[query])
        hits = align.align(letters, database, mode="score")
        scores = np.fromiter((hit.score for hit in hits), np.int32, len(hits))
        if allowed is not None:
            scores[~allowed(query)] = -1
        best = int(scores.argmax())
        hit = align.align(letters, database, mode="full", start=best, end=best + 1)[0]
        return best, *alignment_facts(hit)

    with ThreadPoolExecutor(threads) as pool:
        rows = list(pool.map(look, chosen, chunksize=16))
    partner, identity, coverage = map(np.array, zip(*rows))
    return Nearest(chosen, partner, identity, coverage)


def audit(
    sequences: list[str],
    ids: list[str],
    sources: list[str],
    is_test: np.ndarray,
    fold: np.ndarray,
    limits: Grouping,
    counts: dict,
    split: dict,
    threads: int = 1,
    seed: int = 0,
    labels: np.ndarray | None = None,
    padded: list[str] | None = None,
    ordered: bool = False,
    rules: Audit | None = None,
    budget: float = CELL_BUDGET,
    least: int = LEAST_SEARCHED,
) -> dict:
    """Audit a split.

    Parameters
    ----------
    sequences : list of str, length n
        Residue strings without gaps.
    is_test, fold : ndarray, shape (n,)
        `fold` is used where `is_test` is False.
    counts, split : dict
        What cleaning and splitting counted.
    labels : ndarray of int, shape (n,), optional
        Of the training sequences; whatever stands for test ones is not read.
    padded : list of str, length n, optional
        The sequences with their gaps.
    ordered : bool
        Whether both classes of the training data stand in one file.
    rules : Audit
    budget, least
        As of `nearest`.

    Returns
    -------
    dict
        `findings` (severity ok, info, warning or serious; title; detail; examples),
        `test_to_train` and `fold_to_fold` (search and identity distribution), `probes`
        and `shift`.
    """
    rules = rules or Audit()
    findings = _cleaning_findings(counts) + _split_findings(split, limits)
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    training = [sequences[i] for i in train]
    lengths = np.array([len(s) for s in training])
    result = {}

    if len(test):
        tests = [sequences[i] for i in test]
        test_lengths = np.array([len(s) for s in tests])
        found = nearest(tests, training, None, threads, seed, budget, least)
        close = found.above(test_lengths, lengths, limits)
        by_chance = _chance(tests, training, lengths, limits, threads, seed)
        result["test_to_train"] = _distribution(found, close, len(tests), by_chance)
        findings.append(
            _close_finding(
                close,
                len(tests),
                by_chance,
                rules.close,
                "test sequences with a close training partner",
                [(ids[test[q]], ids[train[p]]) for q, p in _examples(found, close)],
            )
        )

    folds = fold[train]
    found = nearest(
        training,
        training,
        lambda row: folds != folds[row],
        threads,
        seed,
        budget,
        least,
    )
    close = found.above(lengths, lengths, limits)
    by_chance = _chance(training, training, lengths, limits, threads, seed)
    result["fold_to_fold"] = _distribution(found, close, len(training), by_chance)
    findings.append(
        _close_finding(
            close,
            len(training),
            by_chance,
            rules.close,
            "training sequences with a close partner in another fold",
            [(ids[train[q]], ids[train[p]]) for q, p in _examples(found, close)],
        )
    )
    findings.append(_source_finding([sources[i] for i in train], folds))
    letters = padded or sequences
    if labels is not None:
        neighbour = np.full(len(train), -1)
        neighbour[found.queries] = found.partner
        result["probes"] = probes(
            [letters[i] for i in train],
            [ids[i] for i in train],
            np.asarray(labels)[train],
            folds,
            neighbour,
            ordered,
        )
        findings += _probe_findings(result["probes"], rules)
    if len(test):
        result["shift"] = shift(
            [letters[i] for i in train], [letters[i] for i in test], seed
        )
        findings.append(_shift_finding(result["shift"], rules))
    result["findings"] = [finding for finding in findings if finding]
    return result


def finding(severity, title, detail, n=0, examples=(), about="leak"):
    """One finding of the audit, about a leak, a shortcut or a shift."""
    return {
        "severity": severity,
        "about": about,
        "title": title,
        "detail": detail,
        "n": int(n),
        "examples": [list(example) for example in examples][:5],
    }


def _cleaning_findings(counts):
    found = []
    for role, numbers in counts.items():
        n_read = numbers.get("read", 0)
        rejected = numbers.get("rejected by letters or length", 0)
        if rejected:
            found.append(
                finding(
                    "warning" if rejected > 0.01 * n_read else "info",
                    f"{role}: {rejected} of {n_read} records rejected by letters or "
                    "length",
                    "Each is listed in rejected.tsv with its reason.",
                    rejected,
                )
            )
        if sites := numbers.get("rejected as impossible sites", 0):
            found.append(
                finding(
                    "warning",
                    f"{role}: {sites} listed sites cannot be",
                    "Beyond their protein, at another residue, or of both labels; see "
                    "rejected.tsv.",
                    sites,
                )
            )
        if drawn := numbers.get("negatives not drawn", 0):
            found.append(
                finding(
                    "info",
                    f"{role}: {drawn} negative windows left out",
                    "Under-sampled by `sites: negatives_per_positive`, drawn by a hash of "
                    "the id; see rejected.tsv.",
                    drawn,
                )
            )
        if conflicts := numbers.get("rejected as conflicting", 0):
            found.append(
                finding(
                    "warning",
                    f"{role}: {conflicts} rows carry both labels for one sequence",
                    "All of them were dropped; see rejected.tsv.",
                    conflicts,
                )
            )
        if duplicates := numbers.get("duplicate rows", 0):
            dropped = numbers.get("rejected as duplicate", 0)
            found.append(
                finding(
                    "info",
                    f"{role}: {duplicates} duplicate rows "
                    f"({'dropped' if dropped else 'kept'})",
                    "The same sequence under the same label more than once.",
                    duplicates,
                )
            )
    return found


_DONE = {"drop": "dropped from training", "keep": "kept", "report": "kept"}


def _split_findings(split, limits):
    done = _DONE[split["policy"]]
    severity = {"drop": "info", "keep": "warning", "report": "serious"}[split["policy"]]
    rule = {
        "exact copies": "The same residues in both roles.",
        "homologs": f"Identity of at least {limits.identity:.0%} "
        f"({limits.short_identity:.0%} below {limits.short_length} residues) over "
        f"{limits.coverage:.0%} of both sequences.",
        "same source protein": "From a protein that also gave test sequences.",
    }
    return [
        finding(
            severity,
            f"{n} training sequences related to the test set ({kind}), {done}",
            rule[kind],
            n,
        )
        for kind, n in split["related"].items()
        if n
    ]


def _chance(tests, training, lengths, limits, threads, seed):
    """Share of shuffled test sequences that find a close training partner."""
    generator = np.random.default_rng(seed)
    n = min(N_SHUFFLED, len(tests))
    chosen = generator.choice(len(tests), n, replace=False)
    shuffled = [composition_only(tests[i], generator) for i in chosen]
    found = nearest(shuffled, training, threads=threads, seed=seed)
    own = np.array([len(s) for s in shuffled])
    return float(found.above(own, lengths, limits).mean())


def _distribution(found, close, n, by_chance):
    counts, edges = np.histogram(found.identity * found.coverage, np.linspace(0, 1, 21))
    return {
        "aligner": "Smith-Waterman (Opal), exhaustive",
        "searched": len(found.queries),
        "of": n,
        "close": int(close.sum()),
        "close_by_chance": by_chance,
        "quantiles": {
            name: round(float(np.quantile(found.identity * found.coverage, q)), 4)
            for name, q in (("median", 0.5), ("95 %", 0.95), ("maximum", 1.0))
        },
        "histogram": {"counts": counts.tolist(), "edges": edges.round(3).tolist()},
    }


def _close_finding(close, of, by_chance, serious, what, examples):
    n, searched = int(close.sum()), len(close)
    beyond = n / searched - 2 * by_chance
    if n == 0:
        severity = "ok"
    elif beyond <= 0 and by_chance:
        severity = "info"
    else:
        severity = "serious" if n / searched > serious else "warning"
    return finding(
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
    # Clopper and Pearson 1934, one-sided.
    most = stats.beta.ppf(0.95, n + 1, searched - n) if n < searched else 1.0
    return (
        f" Only a sample of {searched} of {of} was searched: with 95 % confidence at most "
        f"{most:.1%} of all have such a partner."
    )


def _probe_findings(judged, rules):
    for probe in judged:
        if probe["mcc"] < rules.probe_mcc:
            continue
        told = f"SN {probe['sn']:.2f}, SP {probe['sp']:.2f}, out-of-fold"
        yield finding(
            "warning" if probe["seen"] else "info",
            f"{probe['what'].capitalize()} alone predicts the class with MCC "
            f"{probe['mcc']:.2f}",
            f"{told}. "
            + (
                "A model that does no better may have learnt nothing else."
                if probe["seen"]
                else "No model sees it, but the classes may come from different places."
            ),
            probe["n"],
            about="shortcut",
        )


def _shift_finding(found, rules):
    auroc = found["auroc"]
    if auroc is None or auroc < rules.shift:
        return None
    train, test = found["median_length"]
    return finding(
        "warning",
        "Test sequences differ from training ones in length or composition (AUROC "
        f"{auroc:.2f})",
        f"Median length {train:.0f} in training, {test:.0f} in the test set: results on "
        "the test set may not be what cross-validation promises.",
        about="shift",
    )


def _examples(found, close):
    rows = np.flatnonzero(close)
    rows = rows[np.argsort(-found.identity[rows], kind="stable")][:5]
    return [(found.queries[row], found.partner[row]) for row in rows]


def _source_finding(sources, folds):
    of_source = {}
    for source, fold in zip(sources, folds):
        if source:
            of_source.setdefault(source, set()).add(int(fold))
    if not of_source:
        return None
    crossing = sorted(s for s, where in of_source.items() if len(where) > 1)
    return finding(
        "serious" if crossing else "ok",
        f"{len(crossing)} of {len(of_source)} source proteins cross folds",
        "Windows of one protein share its neighbourhood and its family.",
        len(crossing),
        [(source,) for source in crossing],
    )


def audit_files(
    sequences,
    split,
    counts,
    facts,
    limits: Grouping,
    rules: Audit,
    ordered: bool,
    threads: int,
    seed: int,
) -> dict:
    """Audit the split of a data set from its files; see `audit`."""
    table = tables.read(sequences)
    folds = tables.read(split).column("fold").fill_null(-1).to_numpy()
    padded = tables.strings(table, "sequence")
    return audit(
        [residues(s) for s in padded],
        tables.strings(table, "id"),
        tables.strings(table, "source"),
        np.array([role == "test" for role in tables.strings(table, "role")]),
        folds,
        limits,
        read_json(counts),
        read_json(facts),
        threads,
        seed,
        table.column("label").fill_null(-1).to_numpy(),
        padded,
        ordered,
        rules,
    )


def refuse(found: dict, rules: Audit) -> None:
    """Stop where findings are as severe as the configuration allows no more.

    Raises
    ------
    EvenfoldError
        With every such finding.
    """
    stopping = {"never": (), "serious": ("serious",), "warning": ("serious", "warning")}
    worst = [f for f in found["findings"] if f["severity"] in stopping[rules.fail_on]]
    if worst:
        listed = "\n".join(f"  {f['severity']}: {f['title']}" for f in worst)
        raise EvenfoldError(
            f"the audit stops the run (`audit: {{fail_on: {rules.fail_on}}}`):\n{listed}\n"
            "Mend the data, or the limits under `grouping` and `audit`. Nothing was "
            "looked at on the test set."
        )
