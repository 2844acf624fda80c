"""Hostile input: files, vectors, configurations and requests that somebody may have.

`cases()` makes them all, always the same and in the same order. Most are a body, good or
not, written in a way that files come in; settings are every key of the configuration
with every value of a list.
"""

import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from pydantic import BaseModel

from evenfold.config.dataset import Dataset
from evenfold.config.run import Run
from evenfold.config.section import Section
from evenfold.config.training import Training


@dataclass(frozen=True)
class Case:
    """One hostile input.

    Attributes
    ----------
    family, name : str
    files : dict of str to bytes
    what : str
        What is done with it; see `tests.hostile.running`.
    dataset : bytes
        The data set's file.
    run : dict
        Keys of the run, over those of a good one.
    records : int or None
        How many records are in the files, where that is clear.
    """

    family: str
    name: str
    files: dict[str, bytes]
    what: Literal["clean", "vectors", "predict"] = "clean"
    dataset: bytes = b""
    run: dict[str, Any] = field(default_factory=dict)
    records: int | None = None


GOOD_POSITIVE = [
    "MKVLAAGIACDE", "WYTSRQPNMLKI", "ACDWFGHIKLMN", "TTSRVWYACDEF", "HHKKLLMMNNPP",
    "GAVLIMFWPSTC",
]  # fmt: skip
GOOD_NEGATIVE = [
    "YNQDEKRHGAVL", "IMFWPSTCYNQD", "EKRHGAVLIMFW", "PSTCYNQDEKRH", "CWCWHMHMKVKV",
    "QNQNDEDERKRK",
]  # fmt: skip


def fasta(sequences: list[str], prefix: str = "s") -> str:
    """A good FASTA file."""
    return "".join(f">{prefix}{n}\n{s}\n" for n, s in enumerate(sequences))


NEGATIVE = fasta(GOOD_NEGATIVE, "n")
BY_CLASS = b"train: {positive: pos.fasta, negative: neg.fasta}\n"


def cases() -> list[Case]:
    """Every case, in order; their names are unique."""
    found = [
        *_fasta_cases(), *_labelled_cases(), *_table_cases(), *_label_cases(),
        *_parquet_cases(), *_site_cases(), *_vector_cases(), *_yaml_cases(),
        *_setting_cases(), *_predict_cases(),
    ]  # fmt: skip
    names = [f"{case.family}/{case.name}" for case in found]
    assert len(names) == len(set(names))
    return found


# --- ways to write a text ---------------------------------------------------------------

WAYS = {
    "plain": lambda text: text.encode("utf-8", "surrogateescape"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode("utf-8", "surrogateescape"),
    "bom": lambda text: b"\xef\xbb\xbf" + text.encode("utf-8", "surrogateescape"),
    "gzip": lambda text: gzip.compress(
        text.encode("utf-8", "surrogateescape"), mtime=0
    ),
    "cr": lambda text: text.replace("\n", "\r").encode("utf-8", "surrogateescape"),
    "utf-16": lambda text: text.encode("utf-16", "replace"),
    "utf-32": lambda text: text.encode("utf-32", "replace"),
    "cut": lambda text: text.rstrip("\n").encode("utf-8", "surrogateescape"),
}


def damaged(data: bytes) -> dict[str, bytes]:
    """Ways in which a good file is not one any more."""
    middle = len(data) // 2
    return {
        "empty": b"",
        "half": data[:middle],
        "one byte": data[:1],
        "last byte gone": data[:-1],
        "zeros": b"\0" * len(data),
        "zeros inside": data[:middle] + b"\0" * 8 + data[middle + 8 :],
        "ones inside": data[:middle] + b"\xff" * 8 + data[middle + 8 :],
        "twice": data + data,
        "a tail": data + b"\xff\xfe tail",
        "cut gzip": gzip.compress(data, mtime=0)[:-9],
        "gzip of gzip": gzip.compress(gzip.compress(data, mtime=0), mtime=0),
        "gzip and rubbish": gzip.compress(data, mtime=0) + b"rubbish",
        "gzip members": gzip.compress(data, mtime=0) + gzip.compress(data, mtime=0),
        "a zip": _zip({"pos.fasta": data}),
        "a page": b"<!DOCTYPE html><html><body>404 Not Found</body></html>\n",
        "an LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "a PDF": b"%PDF-1.7\n\xff\xff\n",
    }


def _zip(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return target.getvalue()


# --- FASTA ------------------------------------------------------------------------------

#: Bodies of positives, with how many records they hold where that is clear.
FASTA: dict[str, tuple[str, int | None]] = {
    "good": (fasta(GOOD_POSITIVE), 6),
    "one": (">a\nMKVLAAGI\n", 1),
    "an empty record": (">a\n\n>b\nMKVLAAGI\n", 2),
    "the last record empty": (">a\nMKVLAAGI\n>b\n", 2),
    "empty records alone": (">a\n>b\n>c\n", 3),
    "no ids": (">\nMKVLAAGI\n>\nACDEFGHI\n", 2),
    "no ids, one sequence": (">\nMKVLAAGI\n>\nMKVLAAGI\n", 2),
    "blank ids": (">   \nMKVLAAGI\n>\t\nACDEFGHI\n", 2),
    "one id": (">AMP\nMKVLAAGI\n>AMP\nACDEFGHI\n>AMP\nKLMNPQRS\n", 3),
    "ids of the other class": (fasta(GOOD_POSITIVE, "n"), 6),
    "ids with tildes": (">p\nMKVLAAGI\n>p~2\nACDEFGHI\n>p\nKLMNPQRS\n>p~3\nTVWYACDE\n", 4),
    "ids ending in @test": (">p@test\nMKVLAAGI\n>p\nACDEFGHI\n", 2),
    "long id": (">" + "x" * 100_000 + "\nMKVLAAGI\n", 1),
    "ids with slashes": (">../../a\nMKVLAAGI\n>/etc/b\nACDEFGHI\n", 2),
    "ids with markup": (">a<script>alert(1)</script>\nMKVLAAGI\n>b&amp;\"'\nACDEFGHI\n", 2),
    "ids with tabs": (">a\tb\nMKVLAAGI\n>a\tc\nACDEFGHI\n", 2),
    "ids of other scripts": (">蛋白\nMKVLAAGI\n>é\nACDEFGHI\n>е\nKLMNPQRS\n", 3),
    "ids with nulls": (">a\0b\nMKVLAAGI\n", 1),
    "ids that formulas are": (">=1+1\nMKVLAAGI\n>-1\nACDEFGHI\n", 2),
    "> inside a header": (">a>b\nMKVLAAGI\n>c > d\nACDEFGHI\n", 2),
    "two >": (">>a\nMKVLAAGI\n>>b\nACDEFGHI\n", 2),
    "a space before >": (" >a\nMKVLAAGI\n\t>b\nACDEFGHI\n", 2),
    "a mark before >": ("\ufeff>a\nMKVLAAGI\n\ufeff>b\nACDEFGHI\n", 2),
    "files joined without a line end": (">a\nMKVLAAGI>b\nACDEFGHI\n", 2),
    "files joined behind a mark": (">a\nMKVLAAGI#>b\nACDEFGHI\n", 2),
    "an unseen sign before >": (">a\nMKVLAAGI\n\u200b>b\nACDEFGHI\n", 2),
    "DOS's end of file": (">a\nMKVLAAGI\n\x1a>b\nACDEFGHI\n\x1a", 2),
    "> alone at the end": (">a\nMKVLAAGI\n>", 2),
    "text first": ("These are peptides.\n>a\nMKVLAAGI\n", None),
    "blank lines first": ("\n\n \n>a\nMKVLAAGI\n", 1),
    "comments": (";a comment\n>a\n;another\nMKVLAAGI\n", 1),
    "wrapped": (">a\n" + "MKVLA\n" * 50, 1),
    "every letter a line": (">a\n" + "\n".join("MKVLAAGI") + "\n", 1),
    "blanks inside": (">a\nMKV LAA\tGI\n>b\n A C D E F G H I \n", 2),
    "other blanks inside": (">a\nMKV\u00a0LAA\u2028GI\n>b\nACD\u200bEFG\n", None),
    "numbers in the lines": (">a\n        1 mkvlaagiac defghiklmn\n", 1),
    "lower case": (">a\nmkvlaagi\n>b\nMKVlaagi\n", 2),
    "a final *": (">a\nMKVLAAGI*\n>b\nACDEFGHI**\n>c\n*\n", 3),
    "* inside": (">a\nMKV*LAAGI\n>b\n*ACDEFGHI\n", 2),
    "gaps": (">a\n--MKVLAAGI--\n>b\n--------\n>c\nMKV.LAAGI\n", 3),
    "sites with #": (">a\nMKV#LAAGI\n>b\nK#ACDEFGHI\n", 2),
    "all X": (">a\nXXXXXXXX\n>b\nMKVXXXXX\n", 2),
    "rare letters": (">a\nMKVBZJUO\n>b\nBBBBBBBB\n", 2),
    "ß, ﬁ, ı": (">a\nMKVLßAAG\n>b\nMKVLﬁAAG\n>c\nMKVLıAAG\n>d\nMKVLAAKG\n", 4),
    "full-width letters": (">a\nＭＫＶＬＡＡＧＩ\n", 1),
    "Greek and Cyrillic letters": (">a\nМКVLААGI\n>b\nΜΚVLAAGI\n", 2),
    "emoji": (">a\nMKVLAAGI😀\n>😀\nACDEFGHI\n", 2),
    "combining letters": (">a\nMKVLAA\u0301GI\n", 1),
    "nulls inside": (">a\nMKV\0LAAGI\n", 1),
    "control letters": (">a\nMKV\x07\x1bLAAGI\n", 1),
    "a bad byte": (">a\nMKVLAAGI\n>M\udcfcller\nACDEFGHI\n", None),
    "a bad byte far inside": (fasta(GOOD_POSITIVE * 2000) + ">\udcff\nMKV\n", None),
    "DNA": (">a\n" + "ACGTTGCA" * 10 + "\n", None),
    "RNA": (">a\n" + "ACGUUGCA" * 10 + "\n", None),
    "codes of DNA": (">a\n" + "ACGTRYKMSW" * 8 + "\n", None),
    "three-letter codes": (">a\nMetLysValLeu\n>b\nALA CYS ASP GLU PHE\n", 2),
    "silk": (">a\n" + "GAGAGS" * 20 + "\n>b\n" + "GA" * 40 + "\n", 2),
    "one letter": (">a\nA\n>b\nK\n", 2),
    "one letter often": (">a\n" + "A" * 5000 + "\n", 1),
    "a long protein": (">a\n" + "MKVLAAGI" * 5000 + "\n", 1),
    "many records": (fasta(GOOD_POSITIVE * 300), 1800),
    "copies": (">a\nMKVLAAGI\n>b\nMKVLAAGI\n>c\nMKVLAAGI\n", 3),
    "copies of the negatives": (fasta([*GOOD_NEGATIVE[:3], *GOOD_POSITIVE]), 9),
    "the negatives": (fasta(GOOD_NEGATIVE), 6),
    "PIR": (">P1;CRAB\nALPHA CRYSTALLIN\nMKVLAAGI*\n", None),
    "GenBank": ("LOCUS  A 8 aa\nORIGIN\n        1 mkvlaagi\n//\n", None),
    "Clustal": ("CLUSTAL W\n\na  MKV-LAAGI\nb  MKVALAAGI\n", None),
    "A3M": (">a\nMKVlaaGI--\n>b\nMKV--AAGI.\n", 2),
    "FASTQ": ("@a\nMKVLAAGI\n+\nIIIIIIII\n", None),
    "one sequence a line": ("MKVLAAGI\nACDEFGHI\n", None),
    "a table": ("id,sequence\na,MKVLAAGI\n", None),
    "JSON": ('{"a": "MKVLAAGI"}\n', None),
    "YAML": ("a: MKVLAAGI\n", None),
    "blanks alone": (" \n\t\n\n", None),
}  # fmt: skip


def _by_class(
    family: str, name: str, positive: bytes, n=None, dataset=BY_CLASS
) -> Case:
    files = {"pos.fasta": positive, "neg.fasta": NEGATIVE.encode()}
    records = None if n is None else n + len(GOOD_NEGATIVE)
    return Case(family, name, files, dataset=dataset, records=records)


def _fasta_cases() -> Iterator[Case]:
    for name, (text, n) in FASTA.items():
        for way in ("plain", "crlf", "gzip", "cr"):
            yield _by_class("FASTA", f"{name}, {way}", WAYS[way](text), n)
    for way in ("bom", "utf-16", "cut"):
        yield _by_class("FASTA", f"good, {way}", WAYS[way](FASTA["good"][0]), 6)
    for name, data in damaged(fasta(GOOD_POSITIVE).encode()).items():
        yield _by_class("FASTA", f"damaged: {name}", data)
    keep = b"cleaning: {train_duplicates: keep, gap: keep, ambiguous: keep, stop: reject}\n"
    lines = b"cleaning: {conflicts: error, unknown: reject, lower_case: reject}\n"
    for name in ("copies", "ids with tildes", "gaps", "rare letters", "a final *", "one id",
                 "the negatives", "copies of the negatives", "lower case", "all X", "A3M",
                 "no ids, one sequence"):  # fmt: skip
        text, n = FASTA[name]
        yield _by_class("FASTA", f"{name}, kept", text.encode(), n, BY_CLASS + keep)
        yield _by_class("FASTA", f"{name}, strict", text.encode(), n, BY_CLASS + lines)
    for name in ("good", "one sequence a line", "copies", "a table", "blanks alone"):
        yield _by_class("FASTA", f"{name}, as lines", FASTA[name][0].encode(),
                        dataset=BY_CLASS + b"form: lines\n")  # fmt: skip
    tested = b"train: {positive: pos.fasta, negative: neg.fasta}\ntest: {positive: pos.fasta, negative: neg.fasta}\n"
    for name in ("good", "one id", "ids ending in @test", "no ids", "copies"):
        text, n = FASTA[name]
        both = 2 * (n or 0) + len(GOOD_NEGATIVE)
        yield _by_class("FASTA", f"{name}, as test too", text.encode(), both, tested)


#: Headers with labels, and a pattern.
HEADERS: dict[str, tuple[list[str], str]] = {
    "at the end": (["a|1", "b|0", "c|1"], r"\|([01])$"),
    "iLearn's": (["a|1|training", "b|0|training", "c|1|testing"], r"\|([01])\|\w+$"),
    "iLearn's, a loose pattern": (["a|1|training", "b|0|testing"], r"\|([01])$"),
    "that match twice": (["a|1|0", "b|0|1"], r"\|([01])"),
    "overlapping": (["a|1|0|", "b|0|1|"], r"\|([01])\|"),
    "one missing": (["a|1", "b", "c|0"], r"\|([01])$"),
    "one empty": (["a|1", "b|", "c|0"], r"\|([01]?)$"),
    "one unknown": (["a|1", "b|2", "c|0"], r"\|(\d)$"),
    "all missing": (["a", "b"], r"\|([01])$"),
    "in front": (["1|a", "0|b"], r"^([01])\|"),
    "the whole header": (["1", "0", "1"], r"^([01])$"),
    "words": (["a pos", "b neg"], r" (\w+)$"),
    "an empty match": (["a|1", "b|0"], r"()"),
    "everything": (["a|1", "b|0"], r"(.*)"),
    "greedy": (["a|1|x", "b|0|y"], r"(.*)\|"),
    "any letter": (["a1", "b0"], r"(.)"),
    "slow to fail": (["a" * 24 + "!", "b|1"], r"^(a|aa)+$"),
    "an optional group": (["a|1", "b|0"], r"\|([01])?"),
}


def _labelled_cases() -> Iterator[Case]:
    for name, (headers, pattern) in HEADERS.items():
        text = "".join(f">{h}\n{s}\n" for h, s in zip(headers, GOOD_POSITIVE))
        for words in ("", "positive_label: pos\nnegative_label: neg\n"):
            told = ", words" if words else ""
            dataset = (
                f"train: {{labelled: a.fasta}}\nlabel_pattern: '{pattern}'\n{words}"
            )
            yield Case("headers", name + told, {"a.fasta": text.encode()},
                       dataset=dataset.encode(), records=len(headers))  # fmt: skip
    for pattern in ("(", ")", "[", "abc", "(a)(b)", "(?P<x>a)", "*", "", "\\", "(?i)(a)",
                    "(a" * 200 + ")" * 200):  # fmt: skip
        dataset = yaml.safe_dump(
            {"train": {"labelled": "a.fasta"}, "label_pattern": pattern}
        )
        yield Case("headers", f"pattern {pattern[:20]!r}", {"a.fasta": b">a|1\nMKV\n"},
                   dataset=dataset.encode())  # fmt: skip


# --- tables -----------------------------------------------------------------------------

#: Rows with commas, how many records they are where that is clear.
TABLES: dict[str, tuple[str, int | None]] = {
    "good": ("id,sequence,label\nx,MKVL,1\ny,ACDE,0\nz,EFGH,1\n", 3),
    "other case": ("ID,Sequence,LABEL\nx,MKVL,1\ny,ACDE,0\n", 2),
    "blanks": ("id, sequence, label\nx, MKVL, 1\ny, ACDE, 0\n", 2),
    "no id": ("sequence,label\nMKVL,1\nACDE,0\n", 2),
    "no sequence": ("id,seq,label\nx,MKVL,1\n", None),
    "no label": ("id,sequence\nx,MKVL\n", None),
    "no header": ("x,MKVL,1\ny,ACDE,0\n", None),
    "a header alone": ("id,sequence,label\n", None),
    "two columns of one name": ("id,sequence,label,label\nx,MKVL,1,0\n", None),
    "two columns but for the case": ("id,Sequence,SEQUENCE,label\nx,MKVL,A,1\n", None),
    "a column without a name": (",id,sequence,label\n0,x,MKVL,1\n1,y,ACDE,0\n", 2),
    "an empty sequence": ("id,sequence,label\nx,,1\ny,ACDE,0\nz,EFGH,1\n", 3),
    "an empty label": ("id,sequence,label\nx,MKVL,\ny,ACDE,0\nz,EFGH,1\n", 3),
    "an empty id": ("id,sequence,label\n,MKVL,1\ny,ACDE,0\n", 2),
    "NA everywhere": ("id,sequence,label\nNA,NA,NA\ny,ACDE,0\nz,EFGH,1\n", 3),
    "an empty row": ("id,sequence,label\nx,MKVL,1\n,,\n\ny,ACDE,0\n", 2),
    "a short row": ("id,sequence,label\nx,MKVL,1\ny,ACDE\nz,EFGH,0\n", 3),
    "a row of the id alone": ("id,sequence,label\nx,MKVL,1\ny\nz,EFGH,0\n", 3),
    "a long row": ("id,sequence,label\nx,MKVL,1\ny,ACDE,0,9\n", None),
    "trailing delimiters": ("id,sequence,label,\nx,MKVL,1,\ny,ACDE,0,\n", 2),
    "R's row names": ("id,sequence,label\n1,x,MKVL,1\n2,y,ACDE,0\n", None),
    "a quoted cell": ('id,sequence,label\n"x,1",MKVL,1\ny,"ACDE",0\n', 2),
    "a quote inside": ('id,sequence,label\nx"1,MKVL,1\ny,ACDE,0\n', None),
    "doubled quotes": ('id,sequence,label\n"x""1",MKVL,1\ny,ACDE,0\n', 2),
    "an open quote": ('id,sequence,label\n"x,MKVL,1\ny,ACDE,0\n', None),
    "an open quote that closes": (
        'id,sequence,label\n"x,MKVL,1\ny,ACDE,0\nz",EFGH,1\n', None),
    "a quote in the header": ('id,"sequence,label\nx,MKVL,1\n', None),
    "a line end in a cell": ('id,sequence,label,n\nx,MKVL,1,"a\nb"\ny,ACDE,0,\n', 2),
    "a line end in a sequence": ('id,sequence,label\nx,"MK\nVL",1\ny,ACDE,0\n', None),
    "single quotes": ("id,sequence,label\n'x',MKVL,1\n'y',ACDE,0\n", 2),
    "joined tables": (
        "id,sequence,label\nx,MKVL,1\nid,sequence,label\ny,ACDE,0\n", 2),
    "one id": ("id,sequence,label\nx,MKVL,1\nx,ACDE,0\nx,EFGH,1\n", 3),
    "one row twice": ("id,sequence,label\nx,MKVL,1\nx,MKVL,1\ny,ACDE,0\n", 3),
    "both labels": ("id,sequence,label\nx,MKVL,1\ny,MKVL,0\nz,A,1\nw,C,0\n", 4),
    "numbers as sequences": ("id,sequence,label\nx,1.5,1\ny,ACDE,0\nz,EFGH,1\n", 3),
    "formulas": ("id,sequence,label\n=A1,MKVL,1\n+1,ACDE,0\n", 2),
    "a comment": ("# made today\nid,sequence,label\nx,MKVL,1\n", None),
    "a million letters": ("id,sequence,label\nx," + "MK" * 500_000 + ",1\ny,A,0\n", 2),
    "a thousand columns": (
        "id,sequence,label," + ",".join(map(str, range(1000))) + "\nx,MKVL,1\ny,ACDE,0\n", 2),
    "nulls": ("id,sequence,label\nx,MK\0VL,1\ny,ACDE,0\nz,EFGH,1\n", None),
    "a bad byte": ("id,sequence,label\nx\udcfc,MKVL,1\ny,ACDE,0\n", None),
    "words as labels": ("id,sequence,label\nx,MKVL,AMP\ny,ACDE,non\n", None),
    "a label once wrong": ("id,sequence,label\nx,MKVL,1\ny,ACDE,0\nz,EFGH,?\n", None),
    "FASTA": (">x|1\nMKVL\n>y|0\nACDE\n", None),
    "Excel's line of the delimiter": (
        "sep=,\nid,sequence,label\nx,MKVL,1\ny,ACDE,0\n", 2),
    "a title above": ("My peptides,,\nid,sequence,label\nx,MKVL,1\ny,ACDE,0\n", None),
    "a title of two lines": ("Table S1\n,,\nid,sequence,label\nx,MKVL,1\ny,ACDE,0\n", None),
    "Excel's cells that are none": (
        "id,sequence,label\nx,#N/A,1\ny,#NAME?,0\nz,EFGH,1\nw,MKVL,0\n", 4),
    "probabilities": ("id,sequence,label\nx,MKVL,0.93\ny,ACDE,0.12\n", None),
    "three classes": ("id,sequence,label\nx,MKVL,0\ny,ACDE,1\nz,EFGH,2\n", None),
}  # fmt: skip


def _table_cases() -> Iterator[Case]:
    dataset = b"train: {labelled: a.csv}\n"
    for name, (text, n) in TABLES.items():
        for told, delimiter in (("commas", ","), ("semicolons", ";"), ("tabs", "\t")):
            # Quotes in TSV are letters: what is a cell with a tab there is two.
            sure = n if "quote" not in name and "line end" not in name else None
            data = text.replace(",", delimiter).encode("utf-8", "surrogateescape")
            yield Case("tables", f"{name}, {told}", {"a.csv": data}, dataset=dataset,
                       records=sure)  # fmt: skip
    for positive, negative in (("0", "1"), ("1", "0"), ("human", "mouse")):
        files = {
            "p.csv": f"id,sequence,label\nx,MKVL,{positive}\n".encode(),
            "n.csv": f"id,sequence,label\ny,ACDE,{negative}\n".encode(),
        }
        yield Case("tables", f"by class, of {positive} and {negative}", files,
                   dataset=b"train: {positive: p.csv, negative: n.csv}\n")  # fmt: skip
    for way, write in WAYS.items():
        yield Case("tables", f"good, {way}", {"a.csv": write(TABLES["good"][0])},
                   dataset=dataset, records=3)  # fmt: skip
    for name, data in damaged(TABLES["good"][0].encode()).items():
        yield Case("tables", f"damaged: {name}", {"a.csv": data}, dataset=dataset)
    labels = b"train: {labelled: a.fasta, labels: l.csv}\n"
    two = b">x\nMKVL\n>y\nACDE\n>z\nEFGH\n"
    for name, text in {
        "good": "id,label\nx,1\ny,0\nz,1\n", "one missing": "id,label\nx,1\ny,0\n",
        "one empty": "id,label\nx,1\ny,0\nz,\n", "one twice": "id,label\nx,1\ny,0\nz,1\nz,1\n",
        "one both": "id,label\nx,1\ny,0\nz,1\nz,0\n", "more": "id,label\nx,1\ny,0\nz,1\nw,1\n",
        "no id": "label\n1\n0\n1\n", "empty": "", "a header": "id,label\n",
    }.items():  # fmt: skip
        yield Case("tables", f"labels of their own: {name}",
                   {"a.fasta": two, "l.csv": text.encode()}, dataset=labels)  # fmt: skip
    for suffix in (
        "xlsx",
        "xls",
        "ods",
        "zip",
        "bz2",
        "xz",
        "h5",
        "sav",
        "",
        "docx",
        "pdf",
    ):
        file = f"a.{suffix}" if suffix else "a"
        for form in ("", "form: table\n"):
            yield Case("tables", f"suffix {suffix}{', told' if form else ''}",
                       {file: _zip({"sheet.xml": b"<x/>"})},
                       dataset=f"train: {{labelled: {file}}}\n{form}".encode())  # fmt: skip


def _label_cases() -> Iterator[Case]:
    for one, other in (
        ("1", "0"), ("+1", "-1"), ("1.0", "0.0"), ("1", "-1"), ("yes", "no"), ("Y", "N"),
        ("True", "False"), ("TRUE", "FALSE"), ("on", "off"), ("pos", "neg"), ("1", "2"),
        ("positive", "negative"), ("AMP", "non-AMP"), ("1e0", "0e0"), ("01", "00"),
        ("1", "1"), ("", "0"), ("nan", "0"), ("ja", "nein"), ("inf", "-inf"), ("１", "０"),
    ):  # fmt: skip
        text = f"id,sequence,label\nx,MKVL,{one}\ny,ACDE,{other}\nz,EFGH,{one}\n"
        for told, keys in (
            ("not told", ""),
            ("told", f"positive_label: {one or None}\nnegative_label: {other}\n"),
            ("quoted", f"positive_label: '{one}'\nnegative_label: '{other}'\n"),
        ):
            dataset = f"train: {{labelled: a.csv}}\n{keys}".encode()
            yield Case("labels", f"{one} and {other}, {told}", {"a.csv": text.encode()},
                       dataset=dataset, records=3)  # fmt: skip


def _parquet(columns: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


def _parquet_cases() -> Iterator[Case]:
    dataset = b"train: {labelled: a.parquet}\n"
    sequences = ["MKVL", "ACDE", "EFGH"]
    good = {"id": ["x", "y", "z"], "sequence": sequences, "label": [1, 0, 1]}
    for name, change in {
        "good": {}, "bytes": {"id": [b"x", b"\xff", b"z"]}, "numbers": {"id": [1, 2, 3]},
        "floats": {"label": [1.0, 0.0, None]}, "truth": {"label": [True, False, True]},
        "nothing": {"sequence": [None, "ACDE", "EFGH"]}, "lists": {"sequence": [["M"], ["A"], ["E"]]},
        "mappings": {"label": [{"a": 1}, {"a": 0}, {"a": 1}]}, "other labels": {"label": [2, 3, 2]},
        "dates": {"id": pa.array([1, 2, 3], pa.timestamp("s"))},
        "categories": {"label": pa.array(["1", "0", "1"]).dictionary_encode()},
        "NaN": {"label": [float("nan"), 0.0, 1.0]}, "large": {"id": [2**62, 2, 3]},
        "no rows": {"id": pa.array([], pa.string()), "sequence": pa.array([], pa.string()),
                    "label": pa.array([], pa.int64())},
    }.items():  # fmt: skip
        rows = len(change.get("id", sequences))
        yield Case("Parquet", name, {"a.parquet": _parquet(good | change)},
                   dataset=dataset, records=rows or None)  # fmt: skip
    for name, data in damaged(_parquet(good)).items():
        yield Case("Parquet", f"damaged: {name}", {"a.parquet": data}, dataset=dataset)
    twice = pa.table([[1], ["MKVL"], ["A"]], names=["label", "sequence", "sequence"])
    target = io.BytesIO()
    pq.write_table(twice, target)
    yield Case(
        "Parquet", "a column twice", {"a.parquet": target.getvalue()}, dataset=dataset
    )
    yield Case(
        "Parquet", "no column", {"a.parquet": _parquet({"a": [1]})}, dataset=dataset
    )


# --- sites ------------------------------------------------------------------------------

PROTEINS = ">P1 #2\nAKCAKK\n>P2 #1\nKAKA*\n>P3\nCCCK\n"
#: Bodies of the table of sites.
SITES = {
    "good": "protein,position\nP1,2\nP2,1\n", "K57": "protein,position\nP1,K2\nP2,k1\n",
    "floats": "protein,position\nP1,2.0\nP2,1.\n", "several": "protein,position\nP1,2;5|6\n",
    "zeros in front": "protein,position\nP1,002\n", "another residue": "protein,position\nP1,S2\n",
    "nought": "protein,position\nP1,0\n", "minus": "protein,position\nP1,-2\n",
    "beyond": "protein,position\nP1,999\n", "far beyond": "protein,position\nP1,999999999\n",
    "5000 digits": "protein,position\nP1," + "9" * 5000 + "\n", "a fraction": "protein,position\nP1,2.5\n",
    "empty position": "protein,position\nP1,2\nP1,\n", "empty protein": "protein,position\nP1,2\n,1\n",
    "NA": "protein,position\nP1,NA\nP2,1\n", "delimiters alone": "protein,position\nP1,;;\nP2,1\n",
    "no such protein": "protein,position\nP9,2\n", "no residue of interest": "protein,position\nP1,1\n",
    "twice": "protein,position\nP1,2\nP1,2\n", "words": "protein,position\nP1,two\n",
    "a date": "protein,position\nP1,2-Feb\n", "an exponent": "protein,position\nP1,1e0\nP2,1\n",
    "a range": "protein,position\nP1,2-5\n", "other columns": "acc,pos\nP1,2\n",
    "a header": "protein,position\n", "empty": "", "blanks": "protein, position\n P1 , 2 \n",
    "a case": "Protein,Position\nP1,2\n", "quotes": 'protein,position\n"P1","2;5"\n',
    "minus sign": "protein,position\nP1,−2\n", "full width": "protein,position\nP1,２\n",
    "PhosphoSitePlus": "protein,position\nP1,K2-ac\nP2,K1-m1\n", "a date in small letters": "protein,position\nP1,2-feb\n",
    "three letters": "protein,position\nP1,Lys2\n", "a bad byte": "protein,position\nP1\udcfc,2\n",
    "labels of both classes": "protein,position,label\nP1,2,1\nP1,5,0\n",
    "many": "protein,position\n" + "P1,2\n" * 5000, "a mark inside": "protein,position\n\ufeffP1,2\n",
}  # fmt: skip
#: Bodies of the proteins, where the headers or the sequences name the sites.
MARKED = {
    "headers": PROTEINS, "marks": ">P1\nAK#CAKK#\n>P2\nK#AKA\n", "a mark first": ">P1\n#AKCAKK\n",
    "marks twice": ">P1\nAK##CAKK\n", "a mark at another residue": ">P1\nA#KCAKK\n",
    "no site at all": ">P1\nAKCAKK\n", "no residue of interest": ">P1 #1\nACCC\n",
    "headers and marks": ">P1 #5\nAK#CAKK\n", "beyond": ">P1 #99\nAKCAKK\n>P2 #1\nKAKA\n",
    "nought": ">P1 #0\nAKCAKK\n", "one name": ">P1 #2\nAKCAKK\n>P1 #2\nAKCAKKA\n",
    "one protein twice": ">P1 #2\nAKCAKK\n>P1 #2\nAKCAKK\n", "no name": "> #2\nAKCAKK\n>\nKAKA\n",
    "a final *": ">P1 #2 #6\nAKCAKK*\n", "* inside": ">P1 #2\nAKC*AKK\n", "gaps": ">P1 #2\nAK-CAKK\n",
    "lower case": ">P1 #2\nakcakk\n", "rare letters": ">P1 #2\nAKUAKK\n", "empty": ">P1 #2\n\n>P2 #1\nKAKA\n",
    "ids with |": ">sp|P1|A #2\nAKCAKK\n>sp|P2|B #1\nKAKA\n", "long": ">P1 #2\n" + "AKCAKK" * 3000 + "\n",
}  # fmt: skip


def _site_cases() -> Iterator[Case]:
    tables = "train: {proteins: p.fasta, positive_sites: s.csv}\n"
    both = "train: {proteins: p.fasta, positive_sites: s.csv, negative_sites: s.csv}\n"
    marked = "train: {proteins: p.fasta}\n"
    for mismatch in ("error", "reject"):
        keys = f"sites: {{residues: K, window: 5, mismatch: {mismatch}}}\n"
        for name, text in SITES.items():
            files = {
                "p.fasta": PROTEINS.replace(" #2", "").replace(" #1", "").encode(),
                "s.csv": text.encode("utf-8", "surrogateescape"),
            }
            yield Case(
                "sites", f"{name}, {mismatch}", files, dataset=(tables + keys).encode()
            )
            if mismatch == "reject":
                yield Case(
                    "sites", f"{name}, as both", files, dataset=(both + keys).encode()
                )
        for name, text in MARKED.items():
            yield Case("sites", f"marked: {name}, {mismatch}", {"p.fasta": text.encode()},
                       dataset=(marked + keys).encode())  # fmt: skip
    for keys in ("residues: KX", "residues: ''", "residues: k", "window: 4", "window: 0",
                 "window: 100001", "window: -1", "residues: K, unlisted: ignore",
                 "residues: K, negatives_per_positive: 0.001",
                 "residues: K, negatives_per_positive: 1000000",
                 "residues: ACDEFGHIKLMNPQRSTVWY", "residues: W",
                 "residues: K, header_pattern: '()'", "residues: K, header_pattern: '(.)'",
                 "residues: K, header_pattern: '(P)'", "residues: K, header_pattern: '#(\\d)?'"):  # fmt: skip
        yield Case("sites", f"set: {keys}", {"p.fasta": PROTEINS.encode()},
                   dataset=f"{marked}sites: {{{keys}}}\n".encode())  # fmt: skip


# --- vectors ----------------------------------------------------------------------------

IDS = ["sp|P1|A_HUMAN", "P2.1", "x/y", "P1|K57~2@test"]


def _npz(**arrays: Any) -> bytes:
    target = io.BytesIO()
    np.savez(target, **arrays)
    return target.getvalue()


def _h5(entries: dict[str, Any], original: dict[str, Any] | None = None) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        for name, value in entries.items():
            file.create_dataset(name, data=value)
            if original:
                file[name].attrs["original_id"] = original[name]
    return target.getvalue()


def _vector_cases() -> Iterator[Case]:
    vectors = np.arange(12, dtype=np.float32).reshape(4, 3)
    ids = np.array(IDS)
    objects = np.array(IDS, dtype=object)
    files: dict[str, tuple[str, bytes]] = {
        "ids and vectors": ("v.npz", _npz(ids=ids, vectors=vectors)),
        "names and embeddings": ("v.npz", _npz(names=ids, embeddings=vectors)),
        "Names and Embeddings": ("v.npz", _npz(Names=ids, Embeddings=vectors)),
        "an array an id": ("v.npz", _npz(**{name: row for name, row in zip(IDS, vectors)})),
        "object ids": ("v.npz", _npz(ids=objects, vectors=vectors)),
        "bytes as ids": ("v.npz", _npz(ids=ids.astype("S"), vectors=vectors)),
        "numbers as ids": ("v.npz", _npz(ids=np.arange(4), vectors=vectors)),
        "too few ids": ("v.npz", _npz(ids=ids[:2], vectors=vectors)),
        "too few vectors": ("v.npz", _npz(ids=ids, vectors=vectors[:2])),
        "one id": ("v.npz", _npz(ids=np.array(["a"] * 4), vectors=vectors)),
        "one id, one vector": ("v.npz", _npz(ids=np.array(["a"] * 4), vectors=vectors * 0)),
        "no dimension": ("v.npz", _npz(ids=np.array("a"), vectors=np.array(1.0))),
        "three dimensions": ("v.npz", _npz(ids=ids, vectors=vectors.reshape(4, 3, 1))),
        "NaN": ("v.npz", _npz(ids=ids, vectors=vectors * np.nan)),
        "infinite": ("v.npz", _npz(ids=ids, vectors=vectors + np.inf)),
        "texts": ("v.npz", _npz(ids=ids, vectors=vectors.astype(str))),
        "complex": ("v.npz", _npz(ids=ids, vectors=vectors.astype(complex))),
        "nothing": ("v.npz", _npz()),
        "empty": ("v.npz", _npz(ids=ids[:0], vectors=vectors[:0])),
        "no columns": ("v.npz", _npz(ids=ids, vectors=vectors[:, :0])),
        "unequal": ("v.npz", _npz(a=vectors[0], b=vectors[0, :2])),
        "ids alone": ("v.npz", _npz(ids=ids)),
        "another archive": ("v.npz", _zip({"a.txt": b"text", "b.npy": b"no array"})),
        "HDF5": ("v.h5", _h5({"P1": vectors[0], "P2_1": vectors[1]})),
        "HDF5 with groups": ("v.h5", _h5({"x/y": vectors[0], "x/z": vectors[1]})),
        "HDF5 of bio_embeddings": (
            "v.h5", _h5({"0": vectors[0], "1": vectors[1]}, {"0": "P1", "1": "P2.1"})),
        "HDF5 of one original id": (
            "v.h5", _h5({"0": vectors[0], "1": vectors[1]}, {"0": "P1", "1": "P1"})),
        "HDF5 of numbers as ids": (
            "v.h5", _h5({"0": vectors[0]}, {"0": 5})),
        "HDF5 of texts": ("v.h5", _h5({"P1": "a text"})),
        "HDF5 of numbers": ("v.h5", _h5({"P1": 1.5})),
        "HDF5 a residue": ("v.h5", _h5({"P1": vectors, "P2.1": vectors[:2]})),
        "HDF5 of nothing": ("v.h5", _h5({})),
        "matrices of one row": ("v.npz", _npz(**{one: vectors[:1] for one in IDS})),
        "HDF5 of ids and embeddings": ("v.hdf", _h5({"ids": ids.astype("S"), "embeddings": vectors})),
        "the index of pandas": ("v.parquet", _parquet({"e": [1.0, 2, 3, 4], "__index_level_0__": IDS})),
        "lists": ("v.parquet", _parquet({"id": IDS, "vector": vectors.tolist()})),
        "columns": ("v.parquet", _parquet({"id": IDS, **{f"e{i}": vectors[:, i] for i in range(3)}})),
        "no id": ("v.parquet", _parquet({"name": IDS, "vector": vectors.tolist()})),
        "ID": ("v.parquet", _parquet({"ID": IDS, "vector": vectors.tolist()})),
        "texts in columns": ("v.parquet", _parquet({"id": IDS, "e": IDS})),
        "texts in lists": ("v.parquet", _parquet({"id": IDS, "e": [["a"]] * 4})),
        "ids that are nothing": ("v.parquet", _parquet({"id": ["a", None, "b", None], "e": [1.0, 2, 3, 4]})),
        "lists with nothing": ("v.parquet", _parquet({"id": IDS, "e": [[1.0], None, [2.0], []]})),
        "ids alone, Parquet": ("v.parquet", _parquet({"id": IDS})),
        "another suffix": ("v.pt", b"PK\x03\x04"), "no suffix": ("v", b""),
        "a numpy array": ("v.npz", b"\x93NUMPY\x01\x00"), "CSV": ("v.csv", b"id,e\nP1,1\n"),
    }  # fmt: skip
    for name, (file, data) in files.items():
        yield Case("vectors", name, {file: data}, "vectors")
    for kind in ("ids and vectors", "HDF5", "lists"):
        file, data = files[kind]
        for name, bad in damaged(data).items():
            yield Case("vectors", f"{kind}, damaged: {name}", {file: bad}, "vectors")


# --- configuration ----------------------------------------------------------------------

YAML = {
    "empty": b"", "a list": b"- 1\n", "a text": b"train\n", "a number": b"5\n", "null": b"null\n",
    "tabs": b"train:\n\tpositive: pos.fasta\n", "a key twice": BY_CLASS + BY_CLASS,
    "a key twice inside": b"train: {positive: pos.fasta, negative: neg.fasta, positive: neg.fasta}\n",
    "latin-1": BY_CLASS + b"description: M\xfcller\n", "utf-16": BY_CLASS.decode().encode("utf-16"),
    "a mark": b"\xef\xbb\xbf" + BY_CLASS, "crlf": BY_CLASS.replace(b"\n", b"\r\n"),
    "3000 levels": b"cleaning: " + b"[" * 3000 + b"]" * 3000, "an open bracket": b"train: {positive: [\n",
    "3000 open brackets": b"a: " + b"{a: " * 3000, "an open quote": b"description: 'a\n",
    "laughs": b"a: &a [1,1,1,1,1,1,1,1]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(8)),
    "itself": b"a: &a [*a]\n", "itself, a mapping": b"a: &a {b: *a}\n", "a lost anchor": b"a: *b\n",
    "python": b"a: !!python/object/apply:os.system [ls]\n", "a tag": b"a: !x 1\n", "binary": b"a: !!binary x\n",
    "two documents": BY_CLASS + b"---\n" + BY_CLASS, "merged": b"x: &x {positive: pos.fasta}\ntrain: {<<: *x, negative: neg.fasta}\n",
    "a merge of nothing": b"train: {<<: 5}\n", "a list as key": b"[1]: 2\n", "a mapping as key": b"{a: 1}: 2\n",
    "null as key": b"null: 2\n", "a number as key": b"5: 2\n", "a truth as key": b"yes: 2\n", "a date as key": b"2020-01-01: 2\n",
    "no date": b"description: 2020-13-45\n", "a date": BY_CLASS + b"description: 2020-01-01\n", "nulls": b"a: \0\n",
    "a bell": b"a: \x07\n", "Windows paths": b'train: {positive: "C:\\pos.fasta", negative: neg.fasta}\n',
    "a percent": b"%a\n", "an at": b"a: @b\n", "a backtick": b"a: `b\n", "100,000 lines": b"a:\n" + b"- 1\n" * 100_001,
    "a long line": b"description: " + b"x" * 1_000_000 + b"\n", "a long key": b"x" * 10_000 + b": 1\n",
    "octal": BY_CLASS + b"cleaning: {min_length: 0o17}\n", "60 as 1:0": BY_CLASS + b"cleaning: {min_length: 1:0}\n",
    "no values": b"train:\n", "nothing in it": b"train: {positive: , negative: }\n", "blank path": b"train: {positive: ' ', negative: neg.fasta}\n",
    "a folder": b"train: {positive: ., negative: neg.fasta}\nform: fasta\n", "a lost file": b"train: {positive: lost.fasta, negative: neg.fasta}\n",
    "a device": b"train: {positive: /dev/null, negative: neg.fasta}\nform: fasta\n", "-": b"train: {positive: -, negative: neg.fasta}\nform: fasta\n",
    "standard input": b"train: {positive: /dev/stdin, negative: neg.fasta}\nform: fasta\n", "braces": b"train: {positive: '{x}.fasta', negative: neg.fasta}\n",
    "$HOME": b"train: {positive: $HOME/pos.fasta, negative: neg.fasta}\n",
    "a pattern of files": b"train: {positive: 'pos*.fasta', negative: neg.fasta}\n",
    "an address as a path": b"train: {positive: 'https://x.org/a.fasta', negative: neg.fasta}\n",
    "a list of files": b"train: [pos.fasta, neg.fasta]\n", "no length left": BY_CLASS + b"cleaning: {min_length: 9, max_length: 8}\n",
    "JSON lines": b"train: {positive: pos.jsonl, negative: neg.fasta}\n", "a text with labels": b"train: {labelled: pos.txt}\n",
    "home": b"train: {positive: ~/pos.fasta, negative: neg.fasta}\n", "a url without a checksum": b"train: {positive: {url: 'https://x/a.fasta'}, negative: neg.fasta}\n",
    "a checksum that is none": b"train: {positive: {url: 'https://x/a.fasta', sha256: abc}, negative: neg.fasta}\n",
    "one file as both": b"train: {positive: pos.fasta, negative: pos.fasta}\n", "one file twice": b"train: {positive: [pos.fasta, pos.fasta], negative: neg.fasta}\n",
    "files of two kinds": b"train: {positive: pos.fasta, negative: neg.fasta, proteins: pos.fasta}\nsites: {residues: K}\n",
    "sites without proteins": BY_CLASS + b"sites: {residues: K}\n", "proteins without sites": b"train: {proteins: pos.fasta}\n",
    "test alone": b"test: {positive: pos.fasta, negative: neg.fasta}\n", "positives alone": b"train: {positive: pos.fasta}\n",
}  # fmt: skip

VALUES = {
    "null": None, "yes": True, "-1": -1, "0": 0, "1.5": 1.5, "1e308": 1e308, "'1e308'": "1e308",
    "inf": float("inf"), "nan": float("nan"), "2**70": 2**70, "5000 digits": "9" * 5000, "''": "",
    "' '": " ", "none": "none", "a null byte": "a\0b", "300 letters": "x" * 300, "[]": [], "[1]": [1],
    "[[]]": [[]], "[null]": [None], "{}": {}, "{a: 1}": {"a": 1}, "{1: 2}": {1: 2}, "braces": "{x}",
    "other letters": "é\u202e😀", "up": "../..", "a module": "os:system", "no module": "nowhere:Thing",
}  # fmt: skip


def _yaml_cases() -> Iterator[Case]:
    for name, data in YAML.items():
        yield _by_class(
            "data set's file", name, fasta(GOOD_POSITIVE).encode(), dataset=data
        )


def _leaves(
    model: type[BaseModel], above: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """Paths of all keys, sections themselves included."""
    for name, about in model.model_fields.items():
        yield (*above, name)
        inner = about.annotation
        if isinstance(inner, type) and issubclass(inner, Section):
            yield from _leaves(inner, (*above, name))


def _put(value: Any, path: tuple[str, ...]) -> Any:
    for key in reversed(path):
        value = {key: value}
    return value


def _setting_cases() -> Iterator[Case]:
    good = {"pos.fasta": fasta(GOOD_POSITIVE).encode(), "neg.fasta": NEGATIVE.encode()}
    plain = yaml.safe_load(BY_CLASS)
    training = [("training", *path) for path in _leaves(Training)]
    for path in _leaves(Run):
        for told, value in VALUES.items():
            yield Case("run's settings", f"{'.'.join(path)}: {told}", good, dataset=BY_CLASS,
                       run=_put(value, path))  # fmt: skip
    for path in training:
        for told, value in VALUES.items():
            for where in ("run", "variant", "data set"):
                made = _put(value, path)
                run = {"run": made, "data set": {}}.get(where)
                if run is None:
                    run = {"variants": [{"name": "a", "loss": "bce", **made}]}
                text = yaml.safe_dump(plain | (made if where == "data set" else {}))
                # One of the three for each value keeps the sum in bounds.
                if (len(told) + len(path[-1])) % 3 == (
                    "run",
                    "variant",
                    "data set",
                ).index(where):
                    yield Case("training settings", f"{'.'.join(path)}: {told}, of the {where}",
                               good, dataset=text.encode(), run=run)  # fmt: skip
    for path in _leaves(Dataset):
        if path[0] in ("training",):
            continue
        for told, value in VALUES.items():
            text = yaml.safe_dump(plain | _put(value, path))
            yield Case("data set's settings", f"{'.'.join(path)}: {told}", good,
                       dataset=text.encode())  # fmt: skip
    for key in ("name", "loss", "training", "grid"):
        for told, value in VALUES.items():
            yield Case("run's settings", f"variants.{key}: {told}", good, dataset=BY_CLASS,
                       run={"variants": [{"name": "a", "loss": "bce", key: value}]})  # fmt: skip
    for told, value in VALUES.items():
        yield Case("run's settings", f"a loss's setting: {told}", good, dataset=BY_CLASS,
                   run={"variants": [{"name": "a", "loss": {"name": "focal", "gamma": value}}]})  # fmt: skip
        yield Case("run's settings", f"a grid's value: {told}", good, dataset=BY_CLASS,
                   run={"variants": [{"name": "a", "loss": "bce", "grid": {"epochs": [value]}}]})  # fmt: skip
        yield Case("run's settings", f"a variant: {told}", good, dataset=BY_CLASS,
                   run={"variants": ["bce", value]})  # fmt: skip
        yield Case("run's settings", f"a data set's name: {told}", good, dataset=BY_CLASS,
                   run={"datasets": [value]})  # fmt: skip


# --- predict ----------------------------------------------------------------------------


def _predict_cases() -> Iterator[Case]:
    for name, (text, n) in FASTA.items():
        for champion in ("composition", "windows", "sites"):
            sure = n if champion != "sites" else None
            yield Case("predict", f"{name}, {champion}",
                       {"new.fasta": text.encode("utf-8", "surrogateescape")}, "predict",
                       run={"champion": champion}, records=sure)  # fmt: skip
    for name, data in damaged(fasta(GOOD_POSITIVE).encode()).items():
        yield Case("predict", f"damaged: {name}", {"new.fasta": data}, "predict",
                   run={"champion": "composition"})  # fmt: skip
    good = {"new.fasta": fasta(GOOD_POSITIVE).encode()}
    for out in ("new.fasta", ".", "scores", "a.xlsx", "no/such/folder/a.tsv", "a.csv", "a.parquet",
                "x" * 300 + ".tsv", "a\nb.tsv", "", "/dev/null", "é.tsv", "new.tsv", "results/a.tsv"):  # fmt: skip
        yield Case("predict", f"--out {out[:30]!r}", good, "predict",
                   run={"champion": "composition", "out": out}, records=6)  # fmt: skip
    for given in (
        "lost.fasta",
        ".",
        "-",
        "/dev/null",
        "",
        "x" * 300,
        "a\0b",
        "{x}.fasta",
    ):
        yield Case("predict", f"of {given[:20]!r}", good, "predict",
                   run={"champion": "composition", "given": given})  # fmt: skip
    for file in ("selection.json", "weights.safetensors", "sequences.parquet"):
        for name, change in (("gone", None), ("empty", b""), ("null", b"null"), ("{}", b"{}"),
                             ("[]", b"[]"), ("no JSON", b"{"), ("no UTF-8", b"\xff\xfe")):  # fmt: skip
            yield Case("predict", f"{file} {name}", good, "predict",
                       run={"champion": "composition", "file": file, "content": change})  # fmt: skip
