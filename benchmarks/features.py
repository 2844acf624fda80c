"""Descriptors: microseconds a sequence against the packages that compute the same.

    PYTHONPATH=workflow python benchmarks/features.py DATA [--growth]

DATA is the folder of the real data sets (neuropred and thermo are used). Ratios of one
run; processor time, one thread, the best of three; peers on a sample of sequences.
"""

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import argparse
import gzip
import io
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from Bio.SeqIO.FastaIO import SimpleFastaParser
from Bio.SeqUtils.ProtParam import ProteinAnalysis

from evenfold.features import FeatureSet, featurize

FAMILIES = [
    ("aac",), ("dpc",), ("aac", "dpc"), ("ctdc",), ("ctdt",), ("ctdd",),
    ("aac", "dpc", "ctdc", "ctdt", "ctdd"), ("cksaap",), ("tpc",), ("conjoint",),
    ("paac",), ("apaac",), ("moreaubroto",), ("moran",), ("geary",), ("physchem",),
    ("nterm", "cterm"),
]  # fmt: skip


def peers():
    """Functions of one sequence by name of the families they compute."""
    found = {
        ("aac",): [("Biopython", lambda s: ProteinAnalysis(s).amino_acids_percent)],
        ("physchem",): [("Biopython", _protparam)],
    }
    try:
        from propy import CTD, AAComposition, Autocorrelation, PseudoAAC
    except ImportError:
        print("propy3 is not installed", file=sys.stderr)
        return found

    def both(s):
        AAComposition.CalculateAAComposition(s)
        AAComposition.CalculateDipeptideComposition(s)

    def everything(s):
        both(s)
        CTD.CalculateCTD(s)

    for names, function in {
        ("aac",): AAComposition.CalculateAAComposition,
        ("dpc",): AAComposition.CalculateDipeptideComposition,
        ("aac", "dpc"): both,
        ("ctdc",): CTD.CalculateC,
        ("ctdt",): CTD.CalculateT,
        ("ctdd",): CTD.CalculateD,
        ("aac", "dpc", "ctdc", "ctdt", "ctdd"): everything,
        ("paac",): lambda s: PseudoAAC._GetPseudoAAC(s, lamda=3),
        ("apaac",): lambda s: PseudoAAC.GetAPseudoAAC(s, lamda=3),
    }.items():
        found.setdefault(names, []).append(("propy3", function))
    # All of its 30 lags: it has no fewer. Scaled to our 3.
    for name in ("MoreauBroto", "Moran", "Geary"):
        label = "NormalizedMoreauBroto" if name == "MoreauBroto" else name
        function = getattr(Autocorrelation, f"Calculate{label}AutoTotal")
        found[(name.lower(),)] = [("propy3, 3/30 of it", function)]
    return found


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
            for peer, function in known.get(names, []):
                slow = names[0] in ("paac", "apaac", "moreaubroto", "moran", "geary")
                drawn = generator.choice(len(sequences), 6 if slow else 200)
                some = [sequences[i] for i in drawn if len(sequences[i]) > 4]
                theirs = cpu(lambda f=function, s=some: [f(x) for x in s], 1)
                theirs *= 1e6 / len(some) * (0.1 if "3/30" in peer else 1)
                print(f"{line} {peer} | {theirs:.1f} | {theirs / each:.0f} |")
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
    featurize_file(outputs[0], names, 0, folder / "f.npy", folder / "f.json")
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
    options = parser.parse_args()
    growth() if options.growth else table(options.data)
