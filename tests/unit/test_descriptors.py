"""Descriptors against independent packages, value by value, and on odd sequences."""

import gzip
import io
from itertools import islice, product

import numpy as np
import pytest
from Bio.SeqIO.FastaIO import SimpleFastaParser
from Bio.SeqUtils.IsoelectricPoint import IsoelectricPoint
from Bio.SeqUtils.ProtParam import ProteinAnalysis
from hypothesis import example, given
from hypothesis import strategies as st

from evenfold.alphabet import AMINO_ACIDS
from evenfold.config.features import KINDS, parse
from evenfold.errors import EvenfoldError
from evenfold.features import FeatureSet, scales
from evenfold.features.descriptors import DESCRIPTORS
from evenfold.features.encodings import WINDOWS
from tests.conftest import data_folder

propy = pytest.importorskip("propy", reason="the test extra has propy3")
from propy import CTD, Autocorrelation, PseudoAAC  # noqa: E402

ANY = st.lists(
    st.text(AMINO_ACIDS + "XBZUO-", min_size=1, max_size=40), min_size=1, max_size=6
)
NAMES = [name for name in KINDS if name in DESCRIPTORS]


def real(n=25):
    """Real peptides and proteins when the data are there, and random ones."""
    found = []
    for name in ("neuropred", "thermo"):
        path = data_folder() / name / "train.fasta.gz"
        if path.is_file():
            records = SimpleFastaParser(
                io.StringIO(gzip.decompress(path.read_bytes()).decode())
            )
            found += [sequence for _, sequence in islice(records, n)]
    generator = np.random.default_rng(0)
    for length in generator.integers(8, 300, n):
        found.append("".join(generator.choice(list(AMINO_ACIDS), length)))
    return [s for s in found if set(s) <= set(AMINO_ACIDS) and len(s) > 7]


SEQUENCES = real()


def table(name, sequences=SEQUENCES):
    features = FeatureSet((name,), 0)
    return features.columns, features.compute(sequences)


def test_every_name_has_columns_and_every_column_a_name():
    made = [*DESCRIPTORS, *WINDOWS, "residues", "embeddings"]
    assert sorted(made) == sorted(KINDS)
    assert {k for k in KINDS if KINDS[k].shape == "window"} == {*WINDOWS} - {"tokens"}
    for name in NAMES:
        columns, values = table(name, SEQUENCES[:3])
        assert values.shape == (3, len(columns)) and len(set(columns)) == len(columns)


@pytest.mark.parametrize("name", NAMES)
@given(sequences=ANY)
@example(sequences=["A", "-"])
@example(sequences=["-", "WY", "-", "K"])
def test_any_sequence_has_finite_numbers_that_its_neighbours_do_not_change(
    name, sequences
):
    _, together = table(name, sequences)
    assert np.isfinite(together).all()
    for row, sequence in zip(together, sequences):
        assert np.allclose(table(name, [sequence])[1][0], row, rtol=1e-5, atol=1e-6)
        bare = sequence.replace("-", "")
        assert np.allclose(table(name, [bare])[1][0], row, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("gap", range(4))
def test_spaced_pairs_are_a_plain_count(gap):
    columns, values = table("cksaap")
    own = dict(zip(columns, values[3]))
    pairs = list(zip(SEQUENCES[3], SEQUENCES[3][gap + 1 :]))
    for a, b in product(AMINO_ACIDS, repeat=2):
        wanted = pairs.count((a, b)) / len(pairs)
        assert own[f"cksaap_gap{gap}_{a}{b}"] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", ["tpc", "dayhoff2", "conjoint3", "murphy2"])
@given(sequence=st.text(AMINO_ACIDS + "X", min_size=1, max_size=30))
def test_words_are_a_plain_count(name, sequence):
    groups = scales.ALPHABETS.get(name[:-1], tuple(AMINO_ACIDS))
    size = 3 if name == "tpc" else int(name[-1])
    head = {a: own[0] for own in groups for a in own}
    letters = [head.get(a, "?") for a in sequence]
    words = ["".join(letters[i : i + size]) for i in range(len(letters) - size + 1)]
    words = [word for word in words if "?" not in word]
    columns, values = table(name, [sequence])
    assert sum(map(len, groups)) == 20
    for column, value in zip(columns, values[0]):
        wanted = words.count(column.split("_")[1]) / max(1, len(words))
        assert value == pytest.approx(wanted, abs=1e-6)


def test_terminal_compositions_are_those_of_the_ends():
    for name, cut in (("nterm5", slice(5)), ("cterm5", slice(-5, None))):
        ends = [sequence[cut] for sequence in [*SEQUENCES, "A", "WY"]]
        assert np.allclose(
            table(name, [*SEQUENCES, "A", "WY"])[1], table("aac", ends)[1]
        )


def test_ctd_is_that_of_propy():
    names = {"_Hydrophobicity": "hydrophobicity", "_NormalizedVDWV": "volume",
             "_Polarity": "polarity", "_Charge": "charge", "_SecondaryStr": "secondary",
             "_SolventAccessibility": "solvent", "_Polarizability": "polarizability"}  # fmt: skip
    ours = {}
    for name in ("ctdc", "ctdt", "ctdd"):
        columns, values = table(name)
        ours |= {
            column.removeprefix(name[:3]): v for column, v in zip(columns, values.T)
        }
    compared = 0
    for row, sequence in enumerate(SEQUENCES):
        theirs = CTD.CalculateCTD(sequence)
        for p, prop in names.items():
            for c in "123":
                got = ours[f"c_{prop}{c}"][row]
                assert got == pytest.approx(theirs[f"{p}C{c}"], abs=6e-4)
                n = round(got * len(sequence))
                for q in ("001", "025", "050", "075", "100"):
                    # Of fewer than four residues propy takes the last one for the
                    # first quarter: Python's index -1.
                    if n >= 4:
                        wanted = theirs[f"{p}D{c}{q}"]
                        got = ours[f"d_{prop}{c}_{q}"][row]
                        assert got == pytest.approx(wanted, abs=6e-4)
                        compared += 1
            for t in ("12", "13", "23"):
                got = ours[f"t_{prop}{t}"][row]
                # str.count misses every second of overlapping 12 in 121: none here.
                assert got == pytest.approx(theirs[f"{p}T{t}"], abs=6e-4)
    assert compared > 1000


def test_distribution_of_a_small_class_by_hand():
    # K at 2 and R at 5 of 8: first, 25 % (0.5 -> the first), 50 %, 75 % and last.
    columns, values = table("ctdd", ["AKAARAAA"])
    own = {c: v for c, v in zip(columns, values[0]) if "charge1" in c}
    assert list(own.values()) == [25, 25, 25, 25, 62.5]


@pytest.mark.parametrize("kind", ["paac", "apaac"])
def test_pseudo_composition_is_that_of_propy(kind, monkeypatch):
    theirs = {"paac": PseudoAAC._GetPseudoAAC, "apaac": PseudoAAC.GetAPseudoAAC}[kind]
    columns, values = table(f"{kind}4")
    order = PseudoAAC.AALetter
    for row, sequence in enumerate(SEQUENCES[:4]):
        found = theirs(sequence, lamda=4, weight=0.05)
        own = dict(zip(columns, values[row]))
        prefix = kind.upper()
        for i, letter in enumerate(order, 1):
            got = 100 * own[f"{kind}_{letter}"]
            assert got == pytest.approx(found[f"{prefix}{i}"], abs=2e-2)
        for i, column in enumerate(columns[20:], 21):
            assert 100 * own[column] == pytest.approx(found[f"{prefix}{i}"], abs=1e-2)


def test_autocorrelation_is_that_of_propy_but_for_its_slips():
    """Its Moreau-Broto takes the next residue at every lag; its Geary divides by n/(n-1) more."""
    names = dict(zip(scales.AUTOCORRELATION, Autocorrelation._AAPropertyName))
    for kind, calculate in (
        ("moran", Autocorrelation.CalculateMoranAutoTotal),
        ("geary", Autocorrelation.CalculateGearyAutoTotal),
        ("moreaubroto", Autocorrelation.CalculateNormalizedMoreauBrotoAutoTotal),
    ):
        columns, values = table(f"{kind}5", [s for s in SEQUENCES if len(s) > 40])
        for row, sequence in enumerate([s for s in SEQUENCES if len(s) > 40][:6]):
            theirs, n = calculate(sequence), len(sequence)
            for column, value in zip(columns, values[row]):
                _, lag = column.rsplit("_", 1)
                prop = column.removeprefix(f"{kind}_").removesuffix(f"_{lag}")
                name = {
                    "moran": "Moran",
                    "geary": "Geary",
                    "moreaubroto": "MoreauBroto",
                }
                wanted = theirs[f"{name[kind]}Auto{names[prop]}{lag}"]
                if kind == "moreaubroto" and lag != "1":
                    continue
                if kind == "geary":
                    wanted *= n / (n - 1)
                assert value == pytest.approx(wanted, abs=2e-3)


@given(sequence=st.text(AMINO_ACIDS, min_size=2, max_size=25))
def test_moreau_broto_is_its_definition(sequence):
    scale = scales.standardised(scales.AUTOCORRELATION["steric"])
    x = np.array([scale[AMINO_ACIDS.index(a)] for a in sequence])
    own = dict(
        zip(
            *[
                part if i == 0 else part[0]
                for i, part in enumerate(table("moreaubroto", [sequence]))
            ]
        )
    )
    for lag in (1, 2, 3):
        wanted = (x[:-lag] * x[lag:]).mean() if len(x) > lag else 0
        assert own[f"moreaubroto_steric_{lag}"] == pytest.approx(wanted, abs=1e-4)


def test_summaries_are_those_of_biopython():
    columns, values = table("physchem")
    for row, sequence in enumerate(SEQUENCES):
        own = dict(zip(columns, values[row]))
        theirs = ProteinAnalysis(sequence)
        helix, turn, sheet = theirs.secondary_structure_fraction()
        reduced, cystines = theirs.molar_extinction_coefficient()
        charge = IsoelectricPoint(sequence)
        wanted = {
            "length": len(sequence), "weight": theirs.molecular_weight(),
            "gravy": theirs.gravy(), "instability": theirs.instability_index(),
            "aromaticity": theirs.aromaticity(), "helix": helix, "turn": turn,
            "sheet": sheet, "extinction_reduced": reduced,
            "extinction_cystines": cystines, "charge7": charge.charge_at_pH(7.0),
            "pi": charge.pi(),
        }  # fmt: skip
        for key, value in wanted.items():
            assert own[f"physchem_{key}"] == pytest.approx(value, rel=1e-4, abs=2e-3), (
                key
            )


def test_scales_and_aliphatic_index_are_those_of_peptides():
    peptides = pytest.importorskip("peptides")
    columns, values = table("physchem")
    column = values[:, columns.index("physchem_aliphatic")]
    for value, sequence in zip(column, SEQUENCES):
        wanted = peptides.Peptide(sequence).aliphatic_index()
        assert value == pytest.approx(wanted, rel=1e-4)
    own = FeatureSet(("zscales",), 20).compute([AMINO_ACIDS])[0].reshape(20, 5)
    for row, letter in zip(own, AMINO_ACIDS):
        assert np.allclose(row, peptides.Peptide(letter).z_scales(), atol=1e-6)


def test_names_and_their_numbers():
    assert parse("paac") == ("paac", 3) and parse("paac12") == ("paac", 12)
    assert parse("blosum62") == ("blosum62", None)
    for name, words in (("paca", "no feature set"), ("aac3", "takes no number"),
                        ("paac0", "from 1 to 30"), ("dayhoff9", "from 1 to 5")):  # fmt: skip
        with pytest.raises(EvenfoldError, match=words):
            parse(name)
