"""Runs a hostile case in a folder of its own and holds what must be true of it.

It ends, within a bounded time of computing, either done or in a sentence for the user;
what is done has lost nothing and invented nothing, and no other file was touched.
"""

import contextlib
import copy
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch

from evenfold.alphabet import upper_case
from evenfold.cli import main
from evenfold.config.decides import Decides
from evenfold.config.plan import Plan
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.features import FeatureSet
from evenfold.features.vector_files import VectorNames, vectors_by_id
from evenfold.files import sha256_file
from evenfold.models.ensemble import Ensemble
from evenfold.models.members import Member
from evenfold.prediction.output import beside
from evenfold.records.layout import Results
from evenfold.records.tables import SEQUENCES, read_rejected
from evenfold.sequences.cleaning import CleanOutputs, clean_files
from tests.hostile.cases import IDS, Case
from tests.unit import reporting_states as states

#: Seconds of computing that a case may take.
LIMIT = 30
RUN = {"datasets": ["mine"], "variants": ["bce"]}


@dataclass(frozen=True)
class Outcome:
    """What a case came to: `done`, `told` in a sentence, or a `fault` of evenfold."""

    kind: str
    text: str


class Fault(Exception):
    """Something is not true that must be."""


def outcome_of(case: Case, folder: Path) -> Outcome:
    """Run a case in an empty folder."""
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
    datasets = folder / "config" / "datasets"
    datasets.mkdir(parents=True)
    (datasets / "mine.yaml").write_bytes(case.dataset)
    if case.what == "predict":
        _finished(folder, case.run)
    before = _contents(folder)
    with contextlib.chdir(folder), _bounded(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            done = {"clean": _clean, "vectors": _vectors, "predict": _predict}
            outcome = Outcome("done", done[case.what](case))
        except EvenfoldError as error:
            outcome = _told(str(error))
        except Fault as fault:
            outcome = Outcome("fault", str(fault))
        except BaseException:
            last = traceback.format_exc().strip().splitlines()
            outcome = Outcome("fault", " | ".join([*last[-4:-1], last[-1][:200]]))
    allowed = ("results/", "resources/", *_asked_for(case))
    for name, digest in _contents(folder).items():
        changed = before.get(name) != digest
        if changed and not name.startswith(allowed):
            return Outcome("fault", f"wrote {name}")
    lost = [name for name in before if not os.path.lexists(folder / name)]
    return Outcome("fault", f"lost {lost}") if lost else outcome


def _told(sentence: str) -> Outcome:
    """A sentence for the user, if it is one."""
    bad = ("Traceback", "defect of evenfold", "object at 0x")
    if any(word in sentence for word in bad) or not 4 <= len(sentence.split()) < 400:
        return Outcome("fault", f"no sentence: {sentence[:300]}")
    return Outcome("told", sentence)


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    def end(*_):
        raise Fault(f"took more than {LIMIT} seconds of computing")

    old = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def _contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _asked_for(case: Case) -> tuple[str, ...]:
    """Files outside results/ that the user named."""
    if case.what != "predict":
        return ()
    out = str(case.run.get("out", "out.tsv"))
    if out in case.files:
        return ()
    return (out, f"{os.path.splitext(out)[0]}.") if out else ()


def _holds(true: bool, what: str) -> None:
    if not true:
        raise Fault(what)


# --- sequences --------------------------------------------------------------------------


def _clean(case: Case) -> str:
    plan = Plan(RUN | copy.deepcopy(case.run), "config/datasets")
    if "mine" not in plan.datasets:
        return "resolved"
    out = Path("results/mine/clean")
    out.mkdir(parents=True)
    outputs = CleanOutputs(
        out / "sequences.parquet", out / "labels.parquet", out / "rejected.tsv",
        out / "counts.json", out / "proteins.parquet", out / "inputs.json",
    )  # fmt: skip
    keys = ("path", "role", "label", "kind", "name")
    files = [{key: file[key] for key in keys} for file in plan.files("mine")]
    counts = clean_files(files, Reading(**plan.reading("mine")), outputs)
    table = pq.read_table(outputs.sequences)
    ids = table.column("id").to_pylist()
    rejected = read_rejected(outputs.rejected)
    read = sum(role.read for role in counts.by_role.values())
    _holds(len(set(ids)) == len(ids), "ids are not unique")
    _holds(all(ids), "an id is empty")
    _holds(len(ids) + len(rejected) == read, "kept and rejected are not what was read")
    wanted = case.records
    _holds(wanted in (None, read), f"{read} records of {wanted}")
    _holds(all(len(row) == 3 and all(row) for row in rejected), "a reason is missing")
    _found(case, table.column("sequence").to_pylist())
    return f"{len(ids)} kept, {len(rejected)} rejected"


def _found(case: Case, sequences: list[str]) -> None:
    """Every letter that was kept stands in a file, in its place."""
    texts = [data.decode("utf-8", "replace") for data in case.files.values()]
    if any("\ufffd" in text or "\0" in text for text in texts):
        return
    given = "".join("".join(text.split()) for text in texts)
    given = upper_case(given).translate({ord(c): None for c in '#"'})
    for sequence in set(sequences):
        part = sequence.strip("-") if "sites" in case.family else sequence
        _holds(
            "X" in part or "-" in given or part in given, f"{part[:40]} was not given"
        )


def _vectors(case: Case) -> str:
    (name,) = case.files
    found = vectors_by_id(Path(name))
    names = VectorNames(found)
    known = sum(names.find(one) is not None for one in IDS)
    _holds(all(isinstance(one, str) for one in found), "an id is no text")
    return f"{len(found)} vectors, {known} of {len(IDS)} ids found"


# --- predict ----------------------------------------------------------------------------

_LENGTHS = {"composition": 0, "windows": 8, "sites": 5}


def _finished(folder: Path, run: dict) -> None:
    """results/mine of a champion with weights at random, or with a file damaged."""
    kind = run["champion"]
    dataset = folder / "config" / "datasets" / "mine.yaml"
    for name in ("p.fa", "n.fa"):
        (folder / name).write_text(">a\nMKV\n")
    dataset.write_text("train: {positive: p.fa, negative: n.fa}\n")
    if kind == "sites":
        dataset.write_text("train: {proteins: p.fa}\nsites: {residues: K, window: 5}\n")
    with contextlib.chdir(folder):
        plan = Plan(RUN)
        decides = Decides.resolved(plan.decides("mine"), "peptides")
    names = ["aac"] if kind == "composition" else ["onehot"]
    length = _LENGTHS[kind]
    features = FeatureSet.of(names, length)
    columns = features.compute(["A" * max(length, 1)]).shape[1]
    generator = np.random.default_rng(1)
    state = {
        "weight": torch.tensor(generator.normal(size=(1, columns))),
        "bias": torch.zeros(1, dtype=torch.float64),
    }
    recipe = {"kind": "linear", "n_inputs": columns}
    results = Results(folder / "results", "mine")
    weights = results.path("weights", variant="bce")
    weights.parent.mkdir(parents=True)
    facts = {"names": names, "length": length}
    Ensemble(state, recipe, facts, [Member(0, 0)]).save(weights)
    chosen = states.frozen(loss="bce", weights_sha256=sha256_file(weights))
    states.selection(
        dataset="mine", champion="bce", config=decides.dump(),
        variants={"bce": chosen, "focal": states.frozen()},
    ).write(results.path("selection"))  # fmt: skip
    rows = ["a"], ["MKV"], [""], ["train"], [1]
    SEQUENCES.write(results.path("sequences"), SEQUENCES.of(*rows))
    if "file" in run:
        (path,) = results.folder.rglob(run["file"])
        path.unlink()
        if run["content"] is not None:
            path.write_bytes(run["content"])


def _predict(case: Case) -> str:
    out = str(case.run.get("out", "out.tsv"))
    given = case.run.get("given", "new.fasta")
    said, faults = io.StringIO(), io.StringIO()
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(b""))
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(faults):
            status = main(["predict", "results/mine", given, "--out", out])
    except SystemExit as end:
        status = end.code
    finally:
        sys.stdin = stdin
    if status != 0:
        raise EvenfoldError(faults.getvalue().strip().removeprefix("Error: "))
    table, rejected = _table(out), _table(beside(out, "rejected"))
    _holds(not table["id"].duplicated().any(), "ids are not unique")
    total = len(table) + len(rejected)
    _holds(case.records in (None, total), f"{total} rows of {case.records} records")
    scores = table["score"].astype(float)
    _holds(bool(scores.between(0, 1).all()), "a score is no number from 0 to 1")
    return f"{len(table)} scored, {len(rejected)} rejected"


def _table(path: str | Path) -> pd.DataFrame:
    """A table of scores or of rejected records, as texts where it is text."""
    if not Path(path).is_file():
        return pd.DataFrame()
    if Path(path).suffix == ".parquet":
        return pd.read_parquet(path)
    delimiter = "," if Path(path).suffix == ".csv" else "\t"
    return pd.read_csv(path, sep=delimiter, dtype=str, keep_default_na=False)
