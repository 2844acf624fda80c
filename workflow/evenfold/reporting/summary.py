"""The summary across the data sets of a run."""

import pandas as pd

from evenfold.files import write_table, write_text
from evenfold.reporting.report import render


def summary_files(datasets: list[str], html: str, table: str) -> int:
    """Collect metrics.tsv of all data sets; returns the number of rows."""
    frames = [
        pd.read_csv(
            f"results/{name}/test/metrics.tsv",
            sep="\t",
            dtype={"operating_point": str},
        )
        for name in datasets
    ]
    withheld = [name for name, frame in zip(datasets, frames) if frame.empty]
    shown = [frame for frame in frames if not frame.empty]
    merged = pd.concat(shown, ignore_index=True) if shown else frames[0]
    write_table(table, merged)
    champions = merged[merged["champion"] == 1].to_dict("records")
    write_text(html, render("summary.html", rows=champions, withheld=withheld))
    return len(merged)
