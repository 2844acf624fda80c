"""`evenfold init`: looks at files, writes the data set's file, and tries to read with it."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from evenfold.config.loading import load_dataset, load_run
from evenfold.config.plan import Plan
from evenfold.config.reading import Reading
from evenfold.errors import EvenfoldError
from evenfold.files import write_text
from evenfold.records.sequences import Counts
from evenfold.sequences.cleaning import CleanOutputs, clean_files
from evenfold.starting.looking import look_at
from evenfold.starting.proposing import Proposal, propose

#: The least of a run's configuration that a data set's file can be tried with.
_RUN = {"variants": ["bce"]}


@dataclass(frozen=True)
class Begun:
    """What `begin` wrote and has to say.

    Attributes
    ----------
    path : Path
        The data set's file.
    proposal : Proposal
    read : list of str
        What evenfold reads with it.
    fault : str or None
        Why it cannot be run as it is.
    """

    path: Path
    proposal: Proposal
    read: list[str]
    fault: str | None

    def told(self) -> list[str]:
        """Lines for the terminal."""
        name = self.path.stem
        lines = ["What the files are:", *(f"  {one}" for one in self.proposal.saw)]
        lines += [f"  {one}" for one in self.read]
        if self.proposal.questions:
            lines.append("What could not be decided:")
            lines += [
                f"  {self.path} line {n}: {why}" for n, why in self.proposal.questions
            ]
        lines.append(f"Written: {self.path}")
        if self.fault:
            return [*lines, "It cannot be run as it is; see the error below."]
        run = f"snakemake --cores 2 --config datasets={name}"
        return [
            *lines,
            "Type, for what would be done, and to do it (`-- explore` behind it keeps the "
            "test set sealed):",
            f"  {run} -n",
            f"  {run}",
        ]


def begin(
    paths: list[str],
    name: str,
    folder: str | Path = "config/datasets",
    force: bool = False,
) -> Begun:
    """Write the data set's file for some files.

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
    path = Path(folder) / f"{name}.yaml"
    if path.exists() and not force:
        raise EvenfoldError(
            f"{path} exists, and nothing was written. Give another --name, or --force to "
            "overwrite it."
        )
    twice = sorted({one for one in paths if paths.count(one) > 1})
    if twice:
        raise EvenfoldError(f"{', '.join(twice)}: named more than once.")
    proposal = propose([look_at(one) for one in paths], name)
    _check(proposal, name)
    write_text(path, proposal.text)
    try:
        return Begun(path, proposal, _tried(name, path.parent), None)
    except EvenfoldError as error:
        return Begun(path, proposal, [], str(error))


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
    return _words(counts, positives)


def _words(counts: Counts, positives: dict[str, int]) -> list[str]:
    lines = []
    for role, found in counts.by_role.items():
        negatives = found.kept - positives[role]
        told = f"{role}: {found.read} read, {found.kept} kept: {positives[role]} positive, "
        lines.append(f"{told}{negatives} negative; {found.read - found.kept} rejected")
    return lines
