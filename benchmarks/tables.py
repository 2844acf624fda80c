"""Print the tables of docs/benchmarks.md from finished runs.

python benchmarks/tables.py results/succinylation results/anticp2 results/thermo
"""

import json
import sys
from pathlib import Path

import pandas as pd


def results_table(folder: Path) -> str:
    """Variant by operating point, as in metrics.tsv."""
    frame = pd.read_csv(
        folder / "test/metrics.tsv", sep="\t", dtype={"operating_point": str}
    )
    lines = [
        "| variant | threshold | SN | SP | SN - SP | MCC | 95 % interval | AUROC |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in frame.itertuples():
        name = f"**{row.variant}**" if row.champion else row.variant
        lines.append(
            f"| {name} | {row.threshold:.3f} ({row.operating_point}) | {row.sn:.3f} | "
            f"{row.sp:.3f} | {row.gap:+.3f} | {row.mcc:.3f} | {row.mcc_low:.3f} to "
            f"{row.mcc_high:.3f} | {row.auroc:.3f} |"
        )
    return "\n".join(lines)


def cross_validation_table(folder: Path) -> str:
    """Out-of-fold results at the tuned threshold, and its stability."""
    selection = json.loads((folder / "selection.json").read_text())
    lines = [
        "| variant | AUROC | gap at 0.5 | MCC at 0.5 | MCC tuned | difference to BCE | "
        "stability |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in selection["variants"]:
        one = json.loads((folder / name / "threshold.json").read_text())
        half, tuned = one["points"]["0.5"], one["points"][one["operating_point"]]
        versus = selection["against_baseline"].get(name)
        difference = (
            f"{versus['mcc']:+.3f} ({versus['low']:+.3f} to {versus['high']:+.3f})"
            if versus
            else ""
        )
        stability = one["stability"]
        lines.append(
            f"| {name} | {one['auroc']:.3f} | {half['gap']:+.3f} | {half['mcc']:.3f} | "
            f"{tuned['mcc']:.3f} | {difference} | {stability['flag']} "
            f"({stability['ratio']:.1f}) |"
        )
    return "\n".join(lines)


def time_table(folders: list[Path]) -> str:
    """Wall and CPU seconds of each rule, jobs of a rule added up."""
    rows = {}
    for folder in folders:
        for path in (folder / "benchmarks").rglob("*.tsv"):
            rule = path.relative_to(folder / "benchmarks").parts[0].removesuffix(".tsv")
            last = pd.read_csv(path, sep="\t").iloc[-1]
            cell = rows.setdefault(rule, {}).setdefault(folder.name, [0, 0.0, 0.0])
            cell[0] += 1
            cell[1] += float(last["s"])
            cpu = pd.to_numeric(last["cpu_time"], errors="coerce")
            cell[2] += 0.0 if pd.isna(cpu) else float(cpu)
    names = [folder.name for folder in folders]
    lines = ["| rule | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for rule, cells in sorted(
        rows.items(), key=lambda r: -sum(c[1] for c in r[1].values())
    ):
        shown = [
            f"{c[1]:.0f} ({c[0]} jobs, CPU {c[2]:.0f})"
            if (c := cells.get(name))
            else ""
            for name in names
        ]
        lines.append(f"| {rule} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:]]
    for folder in folders:
        if (folder / "test/metrics.tsv").is_file():
            print(f"### {folder.name}: test set\n\n{results_table(folder)}\n")
        print(
            f"### {folder.name}: cross-validation\n\n{cross_validation_table(folder)}\n"
        )
    print(f"### Time\n\n{time_table(folders)}")
