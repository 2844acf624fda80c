"""What `evenfold init` writes runs as it is, by the command that it prints."""

import shlex

import pandas as pd
import pytest

from evenfold.cli import main
from tests.conftest import SMALL
from tests.unit.test_starting import fasta, peptides, sites, whole

SETTINGS = SMALL.replace("datasets: [demo]\n", "").replace("[bce, focal]", "[bce]")
PROTEINS = {
    f"P{n}": s.replace("M", "K") + "K" for n, s in enumerate(peptides(60, 9, 40))
}
TABLE = "Entry;Peptide;Activity\n" + "".join(
    f"p{n};{s};{'no' if n % 2 else 'yes'}\n" for n, s in enumerate(peptides(60, 10))
)
LISTED = "protein,position\n" + sites("{name},K{last}", PROTEINS)


@pytest.mark.whole
@pytest.mark.parametrize(
    "files, n",
    [
        (
            {
                "pos.fasta": fasta(peptides(30, 11)),
                "neg.fasta": fasta(peptides(30, 12)),
            },
            60,
        ),
        ({"a.csv": TABLE}, 60),
        ({"p.fasta": whole(PROTEINS), "sites.csv": LISTED}, None),
    ],
    ids=["classes", "table", "sites"],
)
def test_what_was_written_runs(project, monkeypatch, capsys, files, n):
    monkeypatch.chdir(project.folder)
    for name, text in files.items():
        project.write(name, text)
    # Small, as every run of a test; what was written is left alone.
    project.write("config/config.yaml", SETTINGS)
    assert main(["init", *files]) == 0
    commands = [
        line.strip()
        for line in capsys.readouterr().out.splitlines()
        if line.strip().startswith("snakemake ")
    ]
    assert len(commands) == 3
    dry, explore, real = (
        shlex.split(command.replace("--cores 8", "--cores 2"))[1:]
        for command in commands
    )
    assert dry == [*real, "-n"] and explore == [*real, "--", "explore"]
    assert "report" in project.snakemake(*dry, cores=None).text
    # What comes behind the split of windows is in test_data_forms.
    end = "exploration.html" if n else "split.parquet"
    project.snakemake(*real, "--", f"results/mine/{end}", cores=None)
    rows = pd.read_parquet(project.folder / "results/mine/sequences.parquet")
    assert n in (None, len(rows)) and len(rows) >= 60
    assert (project.folder / "results/mine" / end).is_file()
