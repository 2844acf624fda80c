import numpy as np
import pytest
from Bio.Align import substitution_matrices
from Bio.SeqUtils.ProtParam import ProteinAnalysis
from hypothesis import given
from hypothesis import strategies as st

from evenfold.alphabet import AMINO_ACIDS, encode
from evenfold.errors import EvenfoldError
from evenfold.features import FeatureSet, feature_set, featurize

PROTEIN = "MKWVTFISLLFLFSSAYSRGVFRRDAHKSEVAHRFKDLGEENFKALVLIAFAQYLQQCPFEDHVK"


def fit(names, sequences):
    return feature_set(names, zip([f"r{i}" for i in range(len(sequences))], sequences))


def test_composition_equals_biopython():
    row = fit(["aac"], [PROTEIN]).compute([PROTEIN])[0]
    theirs = ProteinAnalysis(PROTEIN).count_amino_acids()
    assert np.allclose(row, [theirs[a] / len(PROTEIN) for a in AMINO_ACIDS], atol=1e-6)


@given(st.text(AMINO_ACIDS, min_size=1, max_size=30))
def test_dipeptides_equal_a_plain_count(sequence):
    features = fit(["dpc"], [sequence])
    row = dict(zip(features.columns, features.compute([sequence])[0]))
    pairs = [sequence[i : i + 2] for i in range(len(sequence) - 1)]
    for a in AMINO_ACIDS:
        for b in AMINO_ACIDS:
            wanted = pairs.count(a + b) / max(1, len(pairs))
            assert row[f"dpc_{a}{b}"] == pytest.approx(wanted, abs=1e-6)


def test_unknown_letters_and_gaps_have_a_defined_result():
    rows = FeatureSet(("aac", "dpc"), 0).compute(["AXA", "A-A", "X", "A", "-"])
    assert rows[0, 0] == 1 and rows[0, 20:].sum() == 0
    assert rows[1, 0] == 1 and rows[1, 20] == 1
    assert rows[2].sum() == 0 and rows[3].sum() == 1 and rows[4].sum() == 0


def test_onehot_and_blosum_windows():
    windows = ["AC-X", "WYVA"]
    onehot = fit(["onehot"], windows)
    found = onehot.compute(windows).reshape(2, 4, 20)
    assert found.sum(axis=2).tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    assert onehot.columns[21] == "onehot_2C" and found[0].ravel()[21] == 1
    blosum = fit(["blosum62"], windows).compute(windows).reshape(2, 4, 20)
    matrix = substitution_matrices.load("BLOSUM62")
    assert blosum[1, 0].tolist() == [matrix["W"][a] for a in AMINO_ACIDS]
    assert blosum[0, 3].tolist() == [matrix["X"][a] for a in AMINO_ACIDS]
    assert not blosum[0, 2].any()


def test_tokens_pad_to_the_longest():
    rows = fit(["tokens"], ["ACY", "A"]).compute(["ACY", "A"])
    assert rows.dtype == np.uint8
    assert rows.tolist() == [[1, 2, 20], [1, 0, 0]]
    assert encode("-AX*").tolist() == [0, 1, 21, 21]


def test_sets_are_joined_in_order_and_in_chunks(monkeypatch):
    from evenfold.features import encodings

    sequences = [PROTEIN[i : i + 20] for i in range(30)]
    features = fit(["dpc", "aac"], sequences)
    assert features.columns[0] == "dpc_AA" and features.columns[400] == "aac_A"
    whole = features.compute(sequences)
    monkeypatch.setattr(encodings, "CHUNK", 7)
    out = np.empty_like(whole)
    featurize(features, sequences, out)
    assert (out == whole).all()


def test_windows_of_unequal_length_name_the_records():
    with pytest.raises(EvenfoldError) as error:
        fit(["onehot"], ["ACD", "ACD", "AC"])
    for words in ("r0", "r2", "3 letters", "has 2", "aac"):
        assert words in str(error.value)
    for name in ("blosum62", "tokens"):
        windows = [("r0", "ACD"), ("r1", "ACE")]
        with pytest.raises(
            EvenfoldError, match="have 3 letters, and a test sequence has 5"
        ):
            feature_set([name], windows, longest=5, shortest=3)
        with pytest.raises(
            EvenfoldError, match=f"has 2: windows, which the feature {name}"
        ):
            feature_set([name], windows, longest=3, shortest=2)
        feature_set([name], windows, longest=3, shortest=3)
    # Of any length: compositions, and tokens of peptides.
    feature_set(["aac"], windows, longest=5, shortest=2)
    feature_set(["tokens"], [*windows, ("r2", "AC")], longest=5, shortest=1)


def test_a_sequence_that_does_not_fit_is_refused():
    assert "4" in FeatureSet(("onehot",), 3).refusal("ACDE")
    assert FeatureSet(("tokens",), 3).refusal("AC") is None
    assert "more than" in FeatureSet(("tokens",), 3).refusal("ACDE")
    assert FeatureSet(("aac",), 0).refusal("ACDE") is None
