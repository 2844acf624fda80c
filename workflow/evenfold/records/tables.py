"""The schemas of the Parquet and TSV files: one table each, with units."""

import csv
import errno
import io
import math
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from evenfold.errors import EvenfoldError
from evenfold.faults import telling
from evenfold.files import Pathlike, replacing
from evenfold.records.layout import remedy


@dataclass(frozen=True)
class Column:
    """A column: its name, its Arrow type, and what it is, with its unit.

    `absent` is what it holds in files of a version that did not write it; None:
    it must be there.
    """

    name: str
    type: pa.DataType
    what: str
    absent: float | str | None = None


@dataclass(frozen=True)
class Table:
    """The schema of a kind of file.

    A Parquet file is read and written as an Arrow table or a data frame, a TSV file as
    a data frame.

    Attributes
    ----------
    name : str
        What it is called in errors.
    columns : tuple of Column
        In the order of the file.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    def arrow(self, path: Pathlike, columns: Iterable[str] | None = None) -> pa.Table:
        """Read a Parquet file, or some of its columns.

        Raises
        ------
        EvenfoldError
            Missing, unknown or damaged, with the file and the column.
        """
        with undamaged(path, "Parquet"):
            found = pq.read_schema(path).names
            self._check(path, found)
            wanted = self.names if columns is None else list(columns)
            rows = pq.read_table(
                path,
                columns=[x for x in wanted if x in found],
                page_checksum_verification=True,
            )
            for column in self._absent(found, wanted):
                values = pa.array([column.absent] * rows.num_rows, column.type)
                rows = rows.append_column(column.name, values)
            return rows

    def frame(
        self, path: Pathlike, columns: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Read a Parquet or TSV file, or some of its columns, as a data frame.

        Raises
        ------
        EvenfoldError
            As for `arrow`.
        """
        if not str(path).endswith(".tsv"):
            wanted = self.names if columns is None else list(columns)
            self.arrow(path, [])
            with undamaged(path, "Parquet"):
                found = pq.read_schema(path).names
                rows = pd.read_parquet(
                    path,
                    engine="pyarrow",
                    columns=[x for x in wanted if x in found],
                    page_checksum_verification=True,
                )
            for column in self._absent(found, wanted):
                rows[column.name] = column.absent
            return rows
        texts = {c.name: str for c in self.columns if pa.types.is_string(c.type)}
        # A variant or a sequence may be named NA; only an empty number is none.
        none = {c.name: [""] for c in self.columns if c.name not in texts}
        with undamaged(path, "TSV"):
            check_ended(path)
            whole = pd.read_csv(
                path, sep="\t", dtype=texts, keep_default_na=False, na_values=none
            )
        self._check(path, list(whole.columns))
        for column in self._absent(list(whole.columns), self.names):
            whole[column.name] = column.absent
        return whole if columns is None else whole[list(columns)]

    def batches(
        self, path: Pathlike, columns: Iterable[str], size: int
    ) -> Iterator[tuple[list, ...]]:
        """Some columns of a Parquet file as lists, `size` rows at a time.

        Raises
        ------
        EvenfoldError
            As for `arrow`.
        """
        self.arrow(path, [])
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            batches = file.iter_batches(size, columns=list(columns))
            while True:
                with undamaged(path, "Parquet"):
                    batch = next(batches, None)
                    if batch is None:
                        return
                    rows = tuple(column.to_pylist() for column in batch.columns)
                yield rows

    def write(self, path: Pathlike, rows: pa.Table | pd.DataFrame) -> None:
        """Write a file, whole or not at all."""
        found = rows.column_names if isinstance(rows, pa.Table) else [*rows.columns]
        self._check(path, found)
        if isinstance(rows, pa.Table):
            with replacing(path) as temporary:
                pq.write_table(rows, temporary, write_page_checksum=True)
        else:
            write_frame(path, rows)

    def empty(self) -> pd.DataFrame:
        """A data frame of no rows."""
        return self.schema.empty_table().to_pandas()

    def of(self, *columns: Iterable) -> pa.Table:
        """An Arrow table of these columns, in order."""
        arrays = [
            pa.array(values, column.type)
            for values, column in zip(columns, self.columns, strict=True)
        ]
        return pa.table(arrays, schema=self.schema)

    def _absent(self, found: list[str], wanted: list[str]) -> list[Column]:
        """Wanted columns that the file of an earlier version has not."""
        return [c for c in self.columns if c.name in wanted and c.name not in found]

    def _check(self, path: Pathlike, found: list[str]) -> None:
        needed = [column.name for column in self.columns if column.absent is None]
        for fault, names in (
            ("is missing", [name for name in needed if name not in found]),
            ("is unknown", [name for name in found if name not in self.names]),
        ):
            if names:
                raise EvenfoldError(
                    f"{path}: the column {names[0]!r} {fault} ({self.name} have "
                    f"{', '.join(self.names)}). The file was changed, or written by "
                    f"another version of evenfold. {_remedy(path)}"
                )


@contextmanager
def undamaged(path: Pathlike, form: str) -> Iterator[None]:
    """Tell in plain words of a table that cannot be read.

    Parameters
    ----------
    path : path-like
    form : str
        Of the file: Parquet or TSV.

    Raises
    ------
    EvenfoldError
        With the file and what to do.
    """
    if not os.path.exists(path):
        raise EvenfoldError(
            f"{path} cannot be read ({os.strerror(errno.ENOENT)}). {_remedy(path)}"
        )
    damage = f"{path}: the {form} file is cut off or damaged. {_remedy(path)}"
    with telling(path, damage):
        yield


def _remedy(path: Pathlike) -> str:
    return remedy(path) or "Delete it and run snakemake again."


_TEXT, _WHOLE, _REAL, _SMALL = pa.string(), pa.int64(), pa.float64(), pa.int8()
_ID = Column("id", _TEXT, "id of the sequence")
_LABEL = Column("label", _SMALL, "1 positive, 0 negative")

SEQUENCES = Table("sequences", (
    _ID,
    Column("sequence", _TEXT, "residues, one letter each; - is padding"),
    Column("source", _TEXT, "source protein, or empty"),
    Column("role", _TEXT, "train or test"),
    Column("label", _SMALL, "1 positive, 0 negative; empty for test sequences"),
))  # fmt: skip
LABELS = Table("labels", (_ID, _LABEL))
PROTEINS = Table("proteins", (
    Column("role", _TEXT, "train or test"),
    Column("protein", _TEXT, "name that sites go by"),
    Column("sequence", _TEXT, "residues of the whole protein"),
))  # fmt: skip
REJECTED = Table("rejected records", (
    Column("id", _TEXT, "id of the record"),
    Column("source", _TEXT, "its file and place there"),
    Column("reason", _TEXT, "why it was not used"),
))  # fmt: skip
GROUPS = Table("groups", (_ID, Column("cluster", _WHOLE, "number of the group")))
CROSSING = Table("relations across roles", (
    Column("train_id", _TEXT, "id of the training sequence"),
    Column("test_id", _TEXT, "id of the test sequence"),
    Column("relation", _TEXT, "aligner that found it, exact copy, or same source protein"),
    Column("identity", pa.float32(), "identical columns over all of the alignment, 0 to 1"),
    Column("coverage", pa.float32(), "share of the less covered sequence aligned, 0 to 1"),
))  # fmt: skip
NEAREST = Table("nearest training sequences", (
    Column("id", _TEXT, "id of the test sequence"),
    Column("train_id", _TEXT, "id of the training sequence that aligns with it best"),
    Column("identity", pa.float32(), "identical columns over all of the alignment, 0 to 1"),
    Column("coverage", pa.float32(), "share of the less covered sequence aligned, 0 to 1"),
))  # fmt: skip
SPLIT = Table("splits", (
    _ID,
    Column("role", _TEXT, "train or test"),
    Column("fold", _SMALL, "fold, counted from 0; empty for test sequences"),
    Column("cluster", _WHOLE, "number of the group"),
))  # fmt: skip
HISTORY = Table("histories", (
    Column("epoch", _WHOLE, "counted from 1"),
    Column("fold", _WHOLE, "fold that the member never sees"),
    Column("seed", _WHOLE, "number of the member's seed"),
    Column("learning_rate", _REAL, "of the epoch's last step"),
    Column("train_loss", _REAL, "mean of the epoch's batches, penalties aside"),
    Column("watched_loss", _REAL, "cross entropy on the rows watched after every epoch, nats"),
    Column("watched_auroc", _REAL, "there, 0 to 1"),
    Column("watched_mcc", _REAL, "there at threshold 0.5, -1 to 1"),
    Column("watched_sn", _REAL, "there at threshold 0.5, 0 to 1"),
    Column("watched_sp", _REAL, "there at threshold 0.5, 0 to 1"),
    Column("positive_weight", _REAL, "weight of a positive in the loss"),
))  # fmt: skip
OOF = Table("out-of-fold scores", (
    _ID,
    _LABEL,
    Column("fold", _SMALL, "fold of the sequence"),
    Column("logit", _REAL, "mean logit of the members that did not see the fold"),
    Column(
        "excess", _REAL, "variance of such a logit that the mean of all members lacks",
        absent=0.0,
    ),
    Column("score", _REAL, "sigmoid of the logit, 0 to 1"),
))  # fmt: skip
PREDICTIONS = Table("predictions", (
    _ID,
    Column("group", _WHOLE, "group of related sequences"),
    Column("variant", _TEXT, "variant; published/<variant> for the published split's"),
    _LABEL,
    Column("score", _REAL, "sigmoid of the members' mean logit, 0 to 1"),
    Column("threshold", _REAL, "the tuned threshold"),
    Column("probability", _REAL, "the score, calibrated, 0 to 1"),
    Column("called_half", _SMALL, "1 where score >= 0.5"),
    Column("called", _SMALL, "1 where score >= threshold"),
))  # fmt: skip


def _metrics() -> tuple[Column, ...]:
    scores = {
        "brier": "Brier score of the scores",
        "log_loss": "log-loss of the scores, nats",
        "d2": "Brier skill over the share of positives",
        "ece": "expected calibration error over ten bins",
        "mcb": "miscalibration (CORP)",
        "dsc": "discrimination (CORP)",
    }
    sides = [
        Column(
            f"{key}{kind}_{side}",
            _REAL,
            f"{side} end of the 95 % interval of {name}{how}",
        )
        for key, name in (("sn", "SN"), ("sp", "SP"), ("gap", "SN - SP"))
        for kind, how in (("", ""),)
        for side in ("low", "high")
    ]
    tuning = [
        Column(
            f"{key}_tuning_{side}", _REAL,
            f"{side} end of the 95 % interval of {name}, tuning counted in",
        )
        for key, name in (("mcc", "MCC"), ("sn", "SN"), ("sp", "SP"), ("gap", "SN - SP"))
        for side in ("low", "high")
    ]  # fmt: skip
    return (
        Column("dataset", _TEXT, "data set"),
        Column("variant", _TEXT, "variant"),
        Column("loss", _TEXT, "its loss"),
        Column("operating_point", _TEXT, "0.5, or the criterion that was tuned for"),
        Column("threshold", _REAL, "threshold, 0 to 1"),
        Column("n", _WHOLE, "test sequences"),
        Column("groups", _WHOLE, "groups of related test sequences"),
        Column("tp", _WHOLE, "true positives"),
        Column("fp", _WHOLE, "false positives"),
        Column("tn", _WHOLE, "true negatives"),
        Column("fn", _WHOLE, "false negatives"),
        Column("sn", _REAL, "sensitivity, 0 to 1"),
        Column("sp", _REAL, "specificity, 0 to 1"),
        Column("gap", _REAL, "SN - SP"),
        Column("mcc", _REAL, "Matthews correlation coefficient, -1 to 1"),
        Column("mcc_low", _REAL, "low end of its 95 % interval over groups"),
        Column("mcc_high", _REAL, "high end of its 95 % interval over groups"),
        Column("acc", _REAL, "accuracy, 0 to 1"),
        Column("auroc", _REAL, "area under the ROC curve, 0 to 1"),
        Column("auprc", _REAL, "average precision, 0 to 1"),
        Column("unc", _REAL, "uncertainty of the labels (CORP)"),
        *(Column(key, _REAL, what) for key, what in scores.items()),
        *(
            Column(
                f"{key}_calibrated", _REAL, what.replace("the scores", "probabilities")
            )
            for key, what in scores.items()
        ),
        *sides,
        *tuning,
        Column("champion", _WHOLE, "1 for the rows of the champion"),
        Column(
            "deployed", _WHOLE, "1 for the operating point that the variant deploys"
        ),
        Column("ppv", _REAL, "positive predictive value (precision), 0 to 1", math.nan),
        Column("npv", _REAL, "negative predictive value, 0 to 1", math.nan),
        Column("f1", _REAL, "F1 score of the positives, 0 to 1", math.nan),
    )


METRICS = Table("metrics", _metrics())
CONTROLS = Table("controls", (
    _LABEL,
    Column("logit", _REAL, "out-of-fold logit"),
    Column("control", _TEXT, "which control; real for the run itself"),
))  # fmt: skip
CONTROL_RATES = Table("rates of controls", (
    Column("control", _TEXT, "which control"),
    Column("auroc", _REAL, "out-of-fold, 0 to 1"),
    Column("sn", _REAL, "at its own SN = SP threshold"),
    Column("sp", _REAL, "at its own SN = SP threshold"),
    Column("mcc", _REAL, "at its own SN = SP threshold"),
))  # fmt: skip
SCORES = Table("scores", (
    _ID,
    Column("score", _REAL, "sigmoid of the members' mean logit, 0 to 1"),
    Column(
        "positive", _WHOLE,
        "1 where score >= threshold; with `--unsure` as the set says, empty where unsure",
    ),
    Column(
        "class", _TEXT,
        "positive or negative; with `--unsure` also unsure, where the set is both or none",
        absent="",
    ),
    Column(
        "probability", _REAL,
        "the score, calibrated, 0 to 1; fitted apart from the two bounds, and may be outside "
        "of them",
    ),
    Column(
        "probability_low", _REAL,
        "lower Venn-Abers bound of the probability; empty where none was frozen",
        absent=math.nan,
    ),
    Column(
        "probability_high", _REAL,
        "upper Venn-Abers bound of the probability; empty where none was frozen",
        absent=math.nan,
    ),
    Column("threshold", _REAL, "the frozen threshold"),
    Column(
        "set", _TEXT,
        "classes that the sequence may be of, as rarely wrong as promised: positive, "
        "negative, both, none, unknown",
        absent="unknown",
    ),
    Column(
        "nearest", _TEXT,
        "id of the nearest training sequence; empty where none shares a seed, or none was "
        "searched",
        absent="",
    ),
    Column(
        "identity", _REAL,
        "identical residues over those of the longer one; empty where none was searched",
        absent=math.nan,
    ),
    Column(
        "domain", _TEXT,
        "whether it is like the training sequences: inside, edge, outside, not available, "
        "unknown",
        absent="",
    ),
    Column("reason", _TEXT, "what of it is unlike them, or empty", absent=""),
    Column("variant", _TEXT, "the champion"),
    Column("selection", _TEXT, "id of the frozen selection"),
))  # fmt: skip
NAMES = Table("ids as they were given", (
    Column("id", _TEXT, "id of the sequence or protein, in the order of the file"),
    Column("digest", pa.uint64(), "64 bits that stand for it"),
))  # fmt: skip
PROTEIN_SCORES = Table("scores of proteins", (
    Column("protein", _TEXT, "id of the protein"),
    Column("residues", _WHOLE, "residues of the protein"),
    Column("sites", _WHOLE, "residues of interest in it"),
    Column("scored", _WHOLE, "those that were scored"),
    Column("positive", _WHOLE, "those that are called positive"),
    Column("best", _TEXT, "id of the site with the largest score, or empty"),
    Column("score", _REAL, "that score, 0 to 1; empty without one"),
))  # fmt: skip


def write_frame(path: Pathlike, frame: pd.DataFrame) -> None:
    """Write a data frame atomically as Parquet, or as TSV or CSV by its suffix."""
    with replacing(path) as temporary:
        suffix = str(path).lower()[-4:]
        if suffix in (".tsv", ".csv"):
            sign = "\t" if suffix == ".tsv" else ","
            frame.to_csv(temporary, sep=sign, index=False, float_format="%.6f")
        else:
            frame.to_parquet(
                temporary, engine="pyarrow", index=False, write_page_checksum=True
            )


def training_sequences(path: Pathlike) -> pa.Table:
    """Ids and sequences of the training rows of sequences.parquet.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Table
        Columns id and sequence.

    Raises
    ------
    EvenfoldError
        Missing or damaged, with the file and what to do.
    """
    rows = SEQUENCES.arrow(path, ["id", "sequence", "role"])
    keep = [role == "train" for role in rows.column("role").to_pylist()]
    return rows.filter(keep).select(["id", "sequence"])


def read_rejected(path: Pathlike) -> list[list[str]]:
    """Rows of rejected.tsv: id, source, reason.

    Raises
    ------
    EvenfoldError
        Missing or damaged, with the file and what to do.
    """
    # An id may be as long as a header is.
    csv.field_size_limit(sys.maxsize)
    with undamaged(path, "TSV"):
        check_ended(path)
        with open(path, encoding="utf-8", newline="") as handle:
            head, *rows = csv.reader(handle, delimiter="\t", strict=True)
        if any(len(row) != len(REJECTED.names) for row in (head, *rows)):
            raise ValueError("a row is cut off")
        return rows


def check_ended(path: Pathlike) -> None:
    """Check that the last line of a text file was written to its end.

    Raises
    ------
    ValueError
        When it was not.
    """
    with open(path, "rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - 1))
        if handle.read(1) != b"\n":
            raise ValueError("the last line is cut off")


def write_rejected(path: Pathlike, rows: Iterable[Iterable[str]]) -> None:
    """Write rejected.tsv: id, source (file and place), reason."""
    with replacing(path) as temporary:
        text = as_text([REJECTED.names, *rows], "\t")
        temporary.write_text(text, "utf-8", newline="")


def as_text(rows: Iterable[Iterable[Any]], sign: str) -> str:
    """Rows as lines of text, with quotes around cells that have an end of a line.

    Parameters
    ----------
    rows : iterable of iterable
    sign : str
        Between cells.

    Returns
    -------
    str
    """
    rows = list(rows)
    text = _lines(rows, sign, "\n")
    if "\r" not in text:
        return text
    # Readers take it for an end of a line, but it is quoted as a part of such alone.
    return "".join(_lines([row], sign, "\r\n")[:-2] + "\n" for row in rows)


def _lines(rows: Iterable[Iterable[Any]], sign: str, end: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=sign, lineterminator=end).writerows(rows)
    return text.getvalue()


def check_whole(path: Pathlike) -> None:
    """Check that a file of which a digest is published was written to its end.

    Parameters
    ----------
    path : path-like
        Parquet, TSV or HTML, by its suffix.

    Raises
    ------
    EvenfoldError
        When it is missing or cut off, with the file and what to do.
    """
    form = {".parquet": "Parquet", ".tsv": "TSV", ".html": "HTML"}[Path(path).suffix]
    with undamaged(path, form):
        if form == "Parquet":
            pq.read_schema(path)
        elif form == "TSV":
            check_ended(path)
        elif not Path(path).read_bytes().rstrip().endswith(b"</html>"):
            raise ValueError("the end is missing")
