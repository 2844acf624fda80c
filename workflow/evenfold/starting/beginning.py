"""`evenfold init`: looks at files, writes what a run needs, and tries to read with it."""

import shlex
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from evenfold.config.loading import load_dataset, load_run
from evenfold.config.plan import Plan
from evenfold.config.reading import Reading
from evenfold.config.yaml_files import read_yaml
from evenfold.errors import EvenfoldError
from evenfold.files import write_text
from evenfold.records.sequences import Counts
from evenfold.records.tables import read_rejected
from evenfold.sequences.cleaning import CleanOutputs, clean_files, signs_of
from evenfold.starting.looking import look_at_all
from evenfold.starting.proposing import (
    ABOUT,
    Proposal,
    as_yaml,
    propose,
    run_text,
)

#: The least of a run's configuration that a data set's file can be tried with.
_RUN = {"variants": ["bce"]}


@dataclass(frozen=True)
class Begun:
    """What `begin` wrote and has to say.

    Attributes
    ----------
    path, run : Path
        The data set's file, and that of the run.
    kept : str or None
        What is said of a run's file that was there before.
    proposal : Proposal
    read : list of str
        What evenfold reads with it.
    fault : str or None
        Why it cannot be run as it is.
    """

    path: Path
    run: Path
    kept: str | None
    proposal: Proposal
    read: list[str]
    fault: str | None

    def told(self) -> list[str]:
        """Lines for the terminal."""
        lines = ["What the files are:", *(f"  {one}" for one in self.proposal.saw)]
        lines += [f"  {one}" for one in self.read]
        if self.proposal.questions:
            lines.append("What could not be decided:")
            lines += [
                f"  {self.path} line {n}: {why}" for n, why in self.proposal.questions
            ]
        about = self.proposal.line_of(ABOUT)
        lines += [
            f"Written: {self.path}; fill in `{ABOUT}` (line {about}): what only you know",
            self.kept
            or f"Written: {self.run}; the variants of the run, where you want "
            "others than those of config/config.yaml",
        ]
        if self.fault:
            return [*lines, "It cannot be run as it is; see the error below."]
        run = f"snakemake --cores 8 --configfile {shlex.quote(str(self.run))}"
        return [
            *lines,
            "Type, for what would be done, to do it with the test set sealed, and to look "
            "once:",
            f"  {run} -n",
            f"  {run} -- explore",
            f"  {run}",
        ]


def begin(
    paths: list[str],
    name: str,
    folder: str | Path = "config/datasets",
    force: bool = False,
) -> Begun:
    """Write the data set's file for some files, and that of a run, NAME.yaml here.

    A run's file that is there is the user's, and stays as it is.

    Parameters
    ----------
    paths : list of str
    name : str
        Of the data set.
    folder : path-like
        Of the data sets' files.
    force : bool
        Whether a file that is there may be overwritten.

    Returns
    -------
    Begun

    Raises
    ------
    EvenfoldError
        For files that cannot be read or make no data set, and for a file that is there.
    """
    path, run = Path(folder) / f"{name}.yaml", Path(f"{name}.yaml")
    if path.resolve() == run.resolve():
        raise EvenfoldError(
            f"{path} would be the data set's file and the run's. Give another --folder."
        )
    if path.exists() and not force:
        raise EvenfoldError(
            f"{path} exists, and nothing was written. Give another --name, or --force to "
            "overwrite it."
        )
    twice = sorted({one for one in paths if paths.count(one) > 1})
    if twice:
        raise EvenfoldError(f"{', '.join(twice)}: named more than once.")
    proposal = propose(look_at_all(paths), name)
    _check(proposal, name)
    write_text(path, proposal.text)
    kept = _stays(run, name) if run.exists() else None
    if kept is None:
        write_text(run, run_text(name))
    try:
        read, fault = _tried(name, path.parent), None
    except EvenfoldError as error:
        read, fault = [], str(error)
    return Begun(path, run, kept, proposal, read, fault)


def _stays(run: Path, name: str) -> str:
    """What is said of a run's file that is there."""
    try:
        named = read_yaml(run).get("datasets")
    except EvenfoldError:
        named = None
    listed = named if isinstance(named, list) else [named]
    if name in map(str, listed):
        return f"Not written: {run}, which is there and names the data set"
    return (
        f"Not written: {run}, which is there but does not name the data set; give it "
        f"`datasets: [{as_yaml(name)}]`"
    )


def _check(proposal: Proposal, name: str) -> None:
    """Refuse what the configuration cannot be, unless it is in what is asked about."""
    asked = {
        proposal.lines[number - 1].strip("# ").partition(":")[0]
        for number, _ in proposal.questions
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        write_text(path, proposal.text)
        try:
            load_dataset(name, load_run(_RUN | {"datasets": [name]}), folder)
        except EvenfoldError as error:
            why = str(error)
            if not any(key in why for key in asked):
                raise EvenfoldError(
                    "nothing was written: "
                    + why.replace(str(path), "the data set that the files would make")
                ) from error


def _tried(name: str, folder: Path) -> list[str]:
    """What evenfold reads of the data set, in words."""
    plan = Plan(_RUN | {"datasets": [name]}, folder)
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        outputs = CleanOutputs(
            out / "sequences.parquet", out / "labels.parquet", out / "rejected.tsv",
            out / "counts.json", out / "proteins.parquet", out / "inputs.json",
        )  # fmt: skip
        counts = clean_files(plan.files(name), Reading(**plan.reading(name)), outputs)
        positives = {
            role: pq.read_table(path, columns=["label"])["label"].to_pylist().count(1)
            for role, path in (
                ("train", outputs.sequences),
                ("test", outputs.test_labels),
            )
        }
        reasons = Counter(
            reason.partition(" at position")[0]
            for *_, reason in read_rejected(outputs.rejected)
        )
    return _words(counts, positives) + _why(reasons)


def _why(reasons: Counter[str]) -> list[str]:
    """The most frequent reasons of rejections, of which a duplicate is none to mend."""
    told = [
        f"{reason} ({n})"
        for reason, n in reasons.most_common()
        if not reason.startswith("duplicate of")
    ]
    named = "; ".join(told[:3])
    return [f"rejected for: {named}", *signs_of(named)] if told else []


def _words(counts: Counts, positives: dict[str, int]) -> list[str]:
    lines = []
    for role, found in counts.by_role.items():
        negatives = found.kept - positives[role]
        told = f"{role}: {found.read} read, {found.kept} kept: {positives[role]} positive, "
        lines.append(f"{told}{negatives} negative; {found.read - found.kept} rejected")
    return lines
