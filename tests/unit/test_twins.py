"""Defects of published data, planted in real training data and in a simulated twin.

From the search for relatives to the sentence: group, split and audit as the rules do.
"""

import gzip

import numpy as np
import pytest

from evenfold.config.audit import Audit
from evenfold.config.grouping import Grouping
from evenfold.config.split import Split
from evenfold.records.sequences import Counts, RoleCounts, SplitFacts
from evenfold.records.tables import LABELS, SEQUENCES, write_rejected
from evenfold.sequences.auditing import Audited, Search, audit
from evenfold.sequences.grouping import group_file
from evenfold.sequences.splitting import SplitInputs, SplitOutputs, split_files
from tests.unit.test_homology import mutate, random_sequence

PUBLISHED = {
    "peptides": ("neuropred", 100),
    "windows": ("succ_balanced", 33),
    "proteins": ("thermo", 250),
}
#: Sequences of training and test before anything is planted.
N_TRAIN, N_TEST = 120, 60


def real(shared_data, kind):
    """Unrelated training sequences of a published set, and their labels."""
    name, longest = PUBLISHED[kind]
    with gzip.open(shared_data / name / "train.fasta.gz", "rt") as lines:
        text = [line.strip() for line in lines]
    found = [
        (sequence, int(header.rsplit("|", 1)[1]))
        for header, sequence in zip(text[::2], text[1::2])
        if len(sequence) <= longest
    ]
    step = len(found) // (N_TRAIN + N_TEST)
    letters, labels = zip(*found[::step][: N_TRAIN + N_TEST])
    return list(letters), list(labels)


def simulated(_, kind):
    """As many, of like lengths."""
    longest = PUBLISHED[kind][1]
    lengths = {"windows": (longest, longest + 1)}.get(kind, (longest // 5, longest))
    generator = np.random.default_rng(2)
    n = N_TRAIN + N_TEST
    letters = [random_sequence(generator, k) for k in generator.integers(*lengths, n)]
    return letters, [i % 2 for i in range(n)]


@pytest.fixture(params=[real, simulated], ids=["real", "simulated"])
def data(request):
    folder = request.getfixturevalue("shared_data") if request.param is real else None
    return lambda kind: request.param(folder, kind)


@pytest.fixture
def findings(tmp_path):
    """Findings about training and test sequences, by what they are about."""

    def of(train, labels, test, ordered=False):
        ids = [f"r{i}" for i in range(len(train))] + [f"t{i}" for i in range(len(test))]
        role = ["train"] * len(train) + ["test"] * len(test)
        known = [*labels, *[None] * len(test)]
        at = {
            name: str(tmp_path / f"{name}.parquet")
            for name in ("given", "labels", "groups", "crossing", "sequences", "split", "sealed")
        }  # fmt: skip
        SEQUENCES.write(
            at["given"],
            SEQUENCES.of(ids, [*train, *test], [""] * len(ids), role, known),
        )
        LABELS.write(at["labels"], LABELS.of(ids[len(train) :], [0] * len(test)))
        rejected, facts = str(tmp_path / "rejected.tsv"), str(tmp_path / "facts.json")
        write_rejected(rejected, [])
        group_file(at["given"], Grouping(), 1, at["groups"], at["crossing"], facts)
        split_files(
            SplitInputs(
                at["given"], at["labels"], rejected, at["groups"], at["crossing"]
            ),
            SplitOutputs(
                at["sequences"],
                at["split"],
                str(tmp_path / "r.tsv"),
                at["sealed"],
                facts,
            ),
            Split(folds=3),
            1,
        )
        return audit(
            Audited.read(at["sequences"], at["split"], ordered),
            Counts(train=RoleCounts()),
            SplitFacts.read(facts),
            Grouping(),
            Audit(),
            Search(),
        ).findings

    return of


def about(findings, *what):
    return [finding for finding in findings if finding.about in what]


@pytest.mark.parametrize("kind", PUBLISHED)
def test_copies_in_four_of_ten_test_sequences_are_serious(data, findings, kind):
    letters, labels = data(kind)
    train, test = letters[:N_TRAIN], [*letters[N_TRAIN:], *letters[:40]]
    first, lost = about(findings(train, labels[:N_TRAIN], test), "removed")
    assert first.severity == "serious"
    assert f"{first.n} of 100 test sequences" in first.title and first.n >= 40
    assert first.title.endswith("in the training data as given, dropped from training")
    assert "Exact copies: 40" in first.detail and "as_published" in first.detail
    assert lost.severity == "warning"
    assert f"of 120 training sequences ({lost.n / 120:.1%})" in lost.title
    assert lost.title.endswith(f"; {120 - lost.n} are left")


@pytest.mark.parametrize("kind", PUBLISHED)
def test_training_rows_that_are_lost_as_relatives_are_counted(data, findings, kind):
    """Few test sequences, whose families are more than half of the training data."""
    letters, labels = data(kind)
    generator = np.random.default_rng(0)
    test = letters[N_TRAIN:]
    family = [mutate(s, 0.1, generator) for s in test[:3] for _ in range(60)]
    train = [*letters[:N_TRAIN], *family]
    given = [*labels[:N_TRAIN], *(i % 2 for i in range(len(family)))]
    first, lost = about(findings(train, given, test), "removed")
    assert first.severity in ("info", "warning") and 3 <= first.n <= 12
    assert lost.severity == "warning" and lost.n >= 150
    assert f"{lost.n} of 300 training sequences ({lost.n / 300:.1%})" in lost.title
    assert lost.title.endswith(f"; {300 - lost.n} are left")


@pytest.mark.parametrize("kind", ["peptides", "proteins"])
def test_a_test_set_of_other_lengths_is_told(data, findings, kind):
    letters, labels = data(kind)
    test = [sequence[: max(5, len(sequence) // 5)] for sequence in letters[N_TRAIN:]]
    told = about(findings(letters[:N_TRAIN], labels[:N_TRAIN], test), "shift")
    before, after = (
        np.median([len(s) for s in some]) for some in (letters[:N_TRAIN], test)
    )
    assert [one.severity for one in told] == ["warning"] * len(told)
    assert told[0].title == (
        f"Median length {before:.0f} in training, {after:.0f} in the test set: a factor "
        f"of {before / after:.1f}"
    )


@pytest.mark.parametrize("kind", ["peptides", "proteins"])
def test_labels_that_follow_from_the_length_are_a_shortcut(data, findings, kind):
    letters, labels = data(kind)
    train = [
        sequence[: max(5, len(sequence) // 4)] if label else sequence
        for sequence, label in zip(letters, labels)
    ]
    told = about(findings(train, labels, []), "shortcut")
    (length,) = (
        one for one in told if "number of residues alone predicts" in one.title
    )
    assert length.severity == "warning"


@pytest.mark.parametrize("kind", PUBLISHED)
def test_a_file_that_is_sorted_by_class_is_not_told(data, findings, kind):
    letters, labels = data(kind)
    order = np.argsort(labels, kind="stable")
    told = findings(
        [letters[i] for i in order], [labels[i] for i in order], [], ordered=True
    )
    assert not [one for one in told if "order" in one.title.lower()]
