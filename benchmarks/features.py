"""Descriptors: microseconds a sequence against the packages that compute the same.

    PYTHONPATH=workflow python benchmarks/features.py DATA [--growth | --reading]

DATA is the folder of the real data sets (neuropred and thermo are used). Ratios of one
run; processor time, one thread, the best of three; peers on a sample of sequences. A peer
that is not installed is left out; protlearn 0.0.3 and iFeatureOmegaCLI 1.0.2 ask for old
versions of others and are installed with `pip install --no-deps`, beside what they import.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
import contextlib
import gzip
import io
import resource
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
from Bio.SeqIO.FastaIO import SimpleFastaParser
from Bio.SeqUtils.ProtParam import ProteinAnalysis

from evenfold.features import FeatureSet, featurize

COMPOSITION = ("aac", "dpc", "ctdc", "ctdt", "ctdd")
#: Families that propy3 needs tenths of seconds for.
_SLOW = ("paac", "apaac", "moreaubroto", "moran", "geary")
FAMILIES = [
    ("aac",), ("dpc",), ("aac", "dpc"), ("ctdc",), ("ctdt",), ("ctdd",),
    COMPOSITION, ("cksaap",), ("tpc",), ("conjoint",),
    ("paac",), ("apaac",), ("moreaubroto",), ("moran",), ("geary",), ("physchem",),
    ("nterm", "cterm"),
]  # fmt: skip


def peers():
    """Peers by the families they compute: name, function of a list, share of it compared.

    iFeatureOmega and protlearn count CTD for 13 properties, of which 7 are compared;
    propy3 knows autocorrelations of 30 lags alone, of which 3 are.
    """
    found = {}
    for peer in (_biopython, _propy, _protlearn, _ifeature):
        try:
            for names, function, share in peer():
                found.setdefault(names, []).append((peer.__doc__, function, share))
        except ImportError:
            print(f"{peer.__doc__} is not installed", file=sys.stderr)
    return found


def _each(*functions):
    return lambda sequences: [f(s) for s in sequences for f in functions]


def _all(*functions):
    return lambda sequences: [f(sequences) for f in functions]


def _biopython():
    """Biopython"""
    yield ("aac",), _each(lambda s: ProteinAnalysis(s).amino_acids_percent), 1
    yield ("physchem",), _each(_protparam), 1


def _propy():
    """propy3"""
    from propy import CTD, AAComposition, Autocorrelation, PseudoAAC

    aac = AAComposition.CalculateAAComposition
    dpc = AAComposition.CalculateDipeptideComposition
    yield ("aac",), _each(aac), 1
    yield ("dpc",), _each(dpc), 1
    yield ("aac", "dpc"), _each(aac, dpc), 1
    yield ("ctdc",), _each(CTD.CalculateC), 1
    yield ("ctdt",), _each(CTD.CalculateT), 1
    yield ("ctdd",), _each(CTD.CalculateD), 1
    yield COMPOSITION, _each(aac, dpc, CTD.CalculateCTD), 1
    yield ("paac",), _each(lambda s: PseudoAAC._GetPseudoAAC(s, lamda=3)), 1
    yield ("apaac",), _each(lambda s: PseudoAAC.GetAPseudoAAC(s, lamda=3)), 1
    for name in ("MoreauBroto", "Moran", "Geary"):
        label = "NormalizedMoreauBroto" if name == "MoreauBroto" else name
        function = getattr(Autocorrelation, f"Calculate{label}AutoTotal")
        yield (name.lower(),), _each(function), 3 / 30


def _protlearn():
    """protlearn"""
    from protlearn import features

    def dpc(sequences):
        features.ngram(sequences, n=2, method="relative")

    def ctd(name):
        return getattr(features, name)

    yield ("aac",), features.aac, 1
    yield ("dpc",), dpc, 1
    yield ("aac", "dpc"), _all(features.aac, dpc), 1
    for name in ("ctdc", "ctdt", "ctdd"):
        yield (name,), ctd(name), 7 / 13
    together = _all(features.aac, dpc, features.ctdc, features.ctdt, features.ctdd)
    yield COMPOSITION, together, 7 / 13
    yield ("paac",), lambda s: features.paac(s, lambda_=3), 1
    yield ("apaac",), lambda s: features.apaac(s, lambda_=3), 1


def _ifeature():
    """iFeatureOmega"""
    from iFeatureOmegaCLI import iProtein

    def described(*names):
        def function(sequences):
            with tempfile.NamedTemporaryFile("w", suffix=".fasta") as file:
                file.write("".join(f">s{i}\n{s}\n" for i, s in enumerate(sequences)))
                file.flush()
                with contextlib.redirect_stdout(io.StringIO()):
                    protein = iProtein(file.name)
                    for name in names:
                        protein.get_descriptor(name)

        return function

    yield ("aac",), described("AAC"), 1
    yield ("dpc",), described("DPC type 1"), 1
    yield ("aac", "dpc"), described("AAC", "DPC type 1"), 1
    for name in ("ctdc", "ctdt", "ctdd"):
        yield (name,), described(name.upper()), 7 / 13
    together = described("AAC", "DPC type 1", "CTDC", "CTDT", "CTDD")
    yield COMPOSITION, together, 7 / 13
    yield ("cksaap",), described("CKSAAP type 1"), 1
    yield ("paac",), described("PAAC"), 1
    yield ("apaac",), described("APAAC"), 1


def _protparam(s):
    whole = ProteinAnalysis(s)
    whole.molecular_weight(), whole.gravy(), whole.instability_index()
    whole.isoelectric_point(), whole.charge_at_pH(7.0), whole.aromaticity()
    whole.secondary_structure_fraction(), whole.molar_extinction_coefficient()


def cpu(function, times=3):
    """Least processor time of a few calls, in seconds."""
    found = []
    for _ in range(times):
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return min(found)


def sequences_of(folder, name):
    text = gzip.decompress((Path(folder) / name / "train.fasta.gz").read_bytes())
    records = SimpleFastaParser(io.StringIO(text.decode()))
    letters = "ACDEFGHIKLMNPQRSTVWY"
    table = str.maketrans({c: "A" for c in "BJOUXZ"})
    return [s.translate(table) for _, s in records if set(s) <= set(letters + "BJOUXZ")]


def table(folder):
    known = peers()
    for name in ("neuropred", "thermo"):
        sequences = sequences_of(folder, name)
        text = "".join(sequences)
        codes = np.frombuffer(text.encode(), np.uint8)
        one_pass = cpu(lambda c=codes: np.bincount(c, minlength=256)) / len(text)
        generator = np.random.default_rng(0)
        print(
            f"\n{name}: {len(sequences)} sequences, {len(text) / len(sequences):.0f} "
            f"residues each; one pass over the bytes (bincount) {1e9 * one_pass:.1f} ns "
            "a residue\n\n| features | columns | us/sequence | ns/residue | peer | "
            "us/sequence | ratio |\n|---|---|---|---|---|---|---|"
        )
        for names in FAMILIES:
            features = FeatureSet(names, 0)
            out = np.zeros((len(sequences), len(features.columns)), np.float32)
            own = cpu(lambda f=features, s=sequences, o=out: featurize(f, s, o))
            each = 1e6 * own / len(sequences)
            line = (
                f"| {' + '.join(names)} | {out.shape[1]} | {each:.2f} | "
                f"{1e9 * own / len(text):.1f} |"
            )
            for peer, function, share in known.get(names, []):
                slow = peer == "propy3" and names[0] in _SLOW
                drawn = generator.choice(len(sequences), 6 if slow else 500)
                some = [sequences[i] for i in drawn if len(sequences[i]) > 4]
                function(some[:5])  # loads its tables
                theirs = 1e6 * share * cpu(lambda f=function, s=some: f(s), 1)
                theirs /= len(some)
                told = (
                    peer
                    if share == 1
                    else f"{peer}, {Fraction(share).limit_denominator(30)} of it"
                )
                print(
                    f"{line} {told} | {theirs:.1f} | {theirs / each:.0f} |", flush=True
                )
                line = "| | | | |"
            if names not in known:
                print(f"{line} - | - | - |")


def growth():
    """Cleaning and featurizing proteins as long as UniProt's, in processes of their own."""
    print("\n| proteins | read, cleaned s | featurized s | peak memory GB |")
    print("|---|---|---|---|")
    for n in (10_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            _simulated(Path(folder), n)
            child = os.fork()
            if not child:
                _one(Path(folder), n)
                os._exit(0)
            os.waitpid(child, 0)


def reading(n=100_000):
    """Reading and cleaning of FASTA against Biopython's own parser."""
    from evenfold.config.reading import Reading
    from evenfold.sequences.cleaning import clean_records
    from evenfold.sequences.reading import read

    with tempfile.TemporaryDirectory() as folder:
        _simulated(Path(folder), 2 * n)
        path = Path(folder) / "positive.fasta"
        settings = Reading()

        def parsed():
            with open(path) as handle:
                return sum(1 for _ in SimpleFastaParser(handle))

        def cleaned():
            clean_records(read(path, settings, 1), settings.cleaning, "drop")

        base = cpu(parsed)
        print(f"\n| {n:,} proteins | s | us/sequence | to SimpleFastaParser |")
        print("|---|---|---|---|")
        for name, seconds in (
            ("SimpleFastaParser", base),
            ("read", cpu(lambda: sum(1 for _ in read(path, settings, 1)))),
            ("read and clean", cpu(cleaned)),
        ):
            each = 1e6 * seconds / n
            print(f"| {name} | {seconds:.2f} | {each:.1f} | {seconds / base:.1f} |")


def _simulated(folder, n):
    generator = np.random.default_rng(0)
    letters = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", np.uint8)
    for name, half in (("positive", n // 2), ("negative", n - n // 2)):
        with open(folder / f"{name}.fasta", "wb") as handle:
            for start in range(0, half, 10_000):
                size = min(10_000, half - start)
                # Swiss-Prot: median about 290, mean about 360 residues.
                lengths = generator.lognormal(np.log(290), 0.65, size).astype(int) + 20
                flat = letters[generator.integers(0, 20, lengths.sum())].tobytes()
                ends = lengths.cumsum()
                for i, (a, b) in enumerate(zip(ends - lengths, ends)):
                    handle.write(b">%s%d\n%s\n" % (name.encode(), start + i, flat[a:b]))


def _one(folder, n):
    from evenfold.features.encodings import featurize_file
    from evenfold.sequences.cleaning import clean_files

    files = [
        {"path": str(folder / f"{name}.fasta"), "role": "train", "label": label,
         "kind": "sequences",
         "name": f"{name}.fasta"}
        for name, label in (("positive", 1), ("negative", 0))
    ]  # fmt: skip
    start = time.perf_counter()
    outputs = [
        str(folder / x)
        for x in ("s.parquet", "l.parquet", "r.tsv", "c.json", "p.parquet")
    ]
    clean_files(files, {}, *outputs)
    cleaned = time.perf_counter()
    names = ["aac", "dpc", "ctdc", "ctdt", "ctdd"]
    featurize_file(outputs[0], names, (0, 0), folder / "f.npy", folder / "f.json")
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"| {n:,} | {cleaned - start:.1f} | {done - cleaned:.1f} | {peak:.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--reading", action="store_true")
    options = parser.parse_args()
    if options.growth or options.reading:
        growth() if options.growth else reading()
    else:
        table(options.data)
