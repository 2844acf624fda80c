"""Methods to paste: a paragraph with every number filled in, and what to cite."""

from collections.abc import Iterator
from typing import Any

from evenfold.config.criteria import words
from evenfold.records.thresholds import HALF, told
from evenfold.reporting.facts import Facts
from evenfold.reporting.reached import is_rare, precision
from evenfold.reporting.section import Section
from evenfold.saying import counted, verb

#: BibTeX, by what of a run asks for it.
_CITED = {
    "snakemake": """@article{molder2021,
  title = {Sustainable data analysis with {Snakemake}},
  author = {M{\\"o}lder, Felix and Jablonski, Kim Philipp and Letcher, Brice and others},
  journal = {F1000Research}, volume = {10}, pages = {33}, year = {2021},
  doi = {10.12688/f1000research.29032.2}
}""",
    "mcc": """@article{matthews1975,
  title = {Comparison of the predicted and observed secondary structure of {T4} phage lysozyme},
  author = {Matthews, B. W.},
  journal = {Biochimica et Biophysica Acta}, volume = {405}, pages = {442--451}, year = {1975},
  doi = {10.1016/0005-2795(75)90109-9}
}""",
    "mmseqs": """@article{steinegger2017,
  title = {{MMseqs2} enables sensitive protein sequence searching for the analysis of massive data sets},
  author = {Steinegger, Martin and S{\\"o}ding, Johannes},
  journal = {Nature Biotechnology}, volume = {35}, pages = {1026--1028}, year = {2017},
  doi = {10.1038/nbt.3988}
}""",
    "smith_waterman": """@article{rognes2011,
  title = {Faster {Smith-Waterman} database searches with inter-sequence {SIMD} parallelisation},
  author = {Rognes, Torbj{\\o}rn},
  journal = {BMC Bioinformatics}, volume = {12}, pages = {221}, year = {2011},
  doi = {10.1186/1471-2105-12-221}
}""",
    "sklearn": """@article{pedregosa2011,
  title = {Scikit-learn: Machine Learning in {Python}},
  author = {Pedregosa, Fabian and others},
  journal = {Journal of Machine Learning Research}, volume = {12}, pages = {2825--2830}, year = {2011}
}""",
    "torch": """@inproceedings{paszke2019,
  title = {{PyTorch}: An Imperative Style, High-Performance Deep Learning Library},
  author = {Paszke, Adam and others},
  booktitle = {Advances in Neural Information Processing Systems}, volume = {32}, year = {2019}
}""",
    "xgboost": """@inproceedings{chen2016,
  title = {{XGBoost}: A Scalable Tree Boosting System},
  author = {Chen, Tianqi and Guestrin, Carlos},
  booktitle = {Proceedings of the 22nd ACM SIGKDD International Conference on Knowledge Discovery and Data Mining},
  pages = {785--794}, year = {2016}, doi = {10.1145/2939672.2939785}
}""",
    "delong": """@article{delong1988,
  title = {Comparing the areas under two or more correlated receiver operating characteristic curves},
  author = {DeLong, Elizabeth R. and DeLong, David M. and Clarke-Pearson, Daniel L.},
  journal = {Biometrics}, volume = {44}, pages = {837--845}, year = {1988}, doi = {10.2307/2531595}
}""",
    "corp": """@article{dimitriadis2021,
  title = {Stable reliability diagrams for probabilistic classifiers},
  author = {Dimitriadis, Timo and Gneiting, Tilmann and Jordan, Alexander I.},
  journal = {Proceedings of the National Academy of Sciences}, volume = {118}, pages = {e2016191118},
  year = {2021}, doi = {10.1073/pnas.2016191118}
}""",
}


def cited(facts: Facts) -> Iterator[str]:
    """BibTeX of what the run used."""
    models = {one.training.model for one in facts.settings.decides.variants.values()}
    aligned = {name for name, n in facts.grouping.aligned_by.items() if n}
    used = {
        "mmseqs": "MMseqs2" in aligned,
        "xgboost": "gradient_boosting" in models,
        "torch": bool(models - {"gradient_boosting", "logistic_regression"}),
        "delong": bool(facts.selection.against_baseline),
        "corp": facts.champion.calibration is not None,
    }
    yield (
        "@software{evenfold,\n  title = {evenfold: which loss, which threshold, honestly},"
        "\n  author = {{The evenfold authors}},\n"
        f"  version = {{{facts.selection.records.evenfold}}}\n}}"
    )
    for name, entry in _CITED.items():
        if used.get(name, True):
            yield entry


def paragraph(facts: Facts) -> list[str]:
    """The methods of the run, one sentence each."""
    return [
        *_data(facts),
        *_training(facts),
        *_tuning(facts),
        *_test(facts),
        *_made(facts),
    ]


def _data(facts: Facts) -> Iterator[str]:
    split, grouping = facts.split, facts.grouping
    limits = facts.settings.decides.grouping
    row = facts.tested
    of_test = f", {row.tp + row.fn} of them positive" if row else ""
    yield (
        f"The data are {split.n_train} training sequences, {split.n_train_positive} of "
        f"them positive, and {split.n_test} test sequences{of_test}"
        f"{', drawn from the data by groups' if split.held_out else ''}."
    )
    if split.rejected:
        yield f"{counted(split.rejected, 'record')} of the files could not be used."
    yield (
        f"Sequences with {limits.told} were joined into {grouping.groups} groups, searched by {' and '.join(n for n, k in grouping.aligned_by.items() if k)}."
    )
    if split.related_sequences:
        done = "removed" if split.removed else "kept"
        yield (
            f"Of the training sequences, {split.related_sequences} "
            f"{verb(split.related_sequences, 'was', 'were')} related to the "
            f"test set and {done}."
        )


def _training(facts: Facts) -> Iterator[str]:
    selection = facts.selection
    chosen = facts.settings.decides.variants[selection.champion]
    training = chosen.training
    names = ", ".join(facts.tuned)
    yield (
        f"{counted(len(facts.tuned), 'variant')} ({names}) "
        f"{verb(len(facts.tuned), 'was', 'were')} trained in cross-validation with "
        f"{facts.split.folds} folds that never part a group."
    )
    yield (
        f"The deployed variant, {selection.champion}, is of the kind {training.model}, "
        f"reads {', '.join(training.features)} and was trained with the loss "
        f"{chosen.loss.name} and "
        f"{counted(training.seeds, 'seed')} a fold.".replace("_", " ")
    )


def _tuning(facts: Facts) -> Iterator[str]:
    selection, tuned = facts.selection, facts.champion
    if tuned.tuned and tuned.operating_point == HALF:
        yield (
            "Thresholds were compared on pooled out-of-fold scores; the deployed one "
            "stays at 0.5."
        )
    elif tuned.tuned:
        yield (
            f"Thresholds were chosen on pooled out-of-fold scores for "
            f"{words(tuned.operating_point)}; the deployed one is "
            f"{told(selection.threshold)}."
        )
    point, (low, high) = selection.chosen.oof, selection.chosen.grouped.mcc
    yield (
        f"Out-of-fold, MCC is {point.mcc:.3f} (95 % interval {low:.3f} to {high:.3f}, "
        f"bootstrap over {selection.groups} groups), SN {told(point.sn)} and SP "
        f"{told(point.sp)}."
    )


def _test(facts: Facts) -> Iterator[str]:
    row = facts.tested
    look = facts.evaluation.look if facts.evaluation else None
    if row is None or look is None:
        yield "The independent test set was not looked at for this result."
        return
    times = "for the first time" if look.look == 1 else f"in look {look.look}"
    yield (
        f"With every choice frozen, the test set was evaluated on {look.looked_at[:10]} "
        f"{times}: MCC {row.mcc:.3f} ({row.mcc_low:.3f} to {row.mcc_high:.3f}), SN "
        f"{told(row.sn)} ({row.sn_low:.3f} to {row.sn_high:.3f}), SP {told(row.sp)} "
        f"({row.sp_low:.3f} to {row.sp_high:.3f}) and AUROC {row.auroc:.3f} on {row.n} "
        f"sequences of {row.groups} groups."
    )
    if is_rare(row):
        yield f"Precision at the test set's share of positives is {precision(row)}."


def _made(facts: Facts) -> Iterator[str]:
    records, digests = facts.selection.records, facts.selection.decides
    commit = f" (commit {facts.settings.commit})" if facts.settings.commit else ""
    libraries = "".join(f", {n} {v}" for n, v in (records.versions or {}).items())
    yield f"Made by evenfold {records.evenfold}{commit} with Python {records.python}{libraries}."
    trained = facts.trained
    if trained and trained.device and trained.threads:
        yield f"Trained on {trained.device} with {counted(trained.threads, 'thread')}."
    yield (
        f"Selection {facts.selection.selection}; SHA-256 of the data {digests.data[:16]}, "
        f"of the split {digests.split[:16]}, of the configuration {digests.config[:16]}."
    )


def _tells(facts: Facts) -> dict[str, Any]:
    return {
        "sentences": paragraph(facts),
        "bibtex": "\n\n".join(cited(facts)),
    }


SECTION = Section(
    _tells,
    """\
<h2 id="methods">Methods to paste</h2>
<p class="copied" id="methods-text">{{ sentences|join(' ') }}</p>
<details><summary>What to cite (BibTeX)</summary><pre class="copied" id="bibtex">{{ bibtex }}</pre></details>
""",
)
