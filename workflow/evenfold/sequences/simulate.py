"""The simulator behind the demo data: protein families with a planted signal.

Windows of 31 residues around a lysine are cut from made-up proteins. Families share an
ancestor, so that homologs exist; each window's class is known, and so is the signal:

- *positional*: at five offsets from the centre a positive window carries a residue of
  a preferred set with a given probability, on top of the background;
- *compositional*: a positive window's other residues lean towards acidic letters.

`log_odds` gives the planted log-likelihood ratio of a window, the best any classifier
can know, so that results can be held against it.
"""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from evenfold.alphabet import AMINO_ACIDS
from evenfold.files import write_text

#: Swiss-Prot residue frequencies in percent, in the order of AMINO_ACIDS.
_BACKGROUND = np.array(
    [8.25, 1.38, 5.46, 6.71, 3.86, 7.07, 2.28, 5.91, 5.80, 9.65,
     2.41, 4.06, 4.74, 3.93, 5.52, 6.65, 5.36, 6.86, 1.10, 2.92]
)  # fmt: skip
_BACKGROUND = _BACKGROUND / _BACKGROUND.sum()

#: Offset from the central lysine and the residues preferred there by positives.
_MOTIF = ((-4, "LIV"), (-1, "DE"), (1, "AG"), (3, "FYW"), (6, "RK"))
_TILTED = "DE"


@dataclass(frozen=True)
class Simulation:
    """Size and strength of a simulated data set.

    Attributes
    ----------
    n_train, n_test : int
        Windows before the planted defects are added.
    positives : float
        Share of positive windows.
    strength : float
        Probability that a motif position of a positive is drawn from its set.
    tilt : float
        Factor on the frequency of acidic residues in positives.
    mutation : float
        Share of residues that differ between a homolog and its ancestor.
    """

    n_train: int = 600
    n_test: int = 300
    positives: float = 0.25
    strength: float = 0.5
    tilt: float = 1.5
    flank: int = 15
    mutation: float = 0.25
    seed: int = 7


def _tables(simulation):
    """Residue probabilities of each class: shape (2, window, 20)."""
    window = 2 * simulation.flank + 1
    tilted = _BACKGROUND.copy()
    tilted[[AMINO_ACIDS.index(a) for a in _TILTED]] *= simulation.tilt
    tilted /= tilted.sum()
    tables = np.stack([np.tile(_BACKGROUND, (window, 1)), np.tile(tilted, (window, 1))])
    for offset, preferred in _MOTIF:
        chosen = np.zeros(20)
        chosen[[AMINO_ACIDS.index(a) for a in preferred]] = 1 / len(preferred)
        at = simulation.flank + offset
        tables[1, at] = (1 - simulation.strength) * tables[
            1, at
        ] + simulation.strength * chosen
    tables[:, simulation.flank] = np.eye(20)[AMINO_ACIDS.index("K")]
    return tables


def log_odds(windows: list[str], simulation: Simulation) -> np.ndarray:
    """Planted log-likelihood ratio of positive against negative.

    Parameters
    ----------
    windows : list of str, length n
    simulation : Simulation

    Returns
    -------
    ndarray of float, shape (n,)
    """
    tables = _tables(simulation)
    codes = np.array([[AMINO_ACIDS.index(a) for a in w] for w in windows])
    at = np.arange(codes.shape[1])
    with np.errstate(divide="ignore"):
        ratio = np.log(tables[1, at, codes]) - np.log(tables[0, at, codes])
    ratio[:, simulation.flank] = 0.0
    return ratio.sum(axis=1)


def families(
    n: int, simulation: Simulation, generator: np.random.Generator, prefix: str
) -> list[tuple[str, str, int]]:
    """Simulate `n` windows in families of one to four homologs.

    Parameters
    ----------
    n : int
    simulation : Simulation
    generator : numpy Generator
    prefix : str
        Of the ids.

    Returns
    -------
    list of tuple (id, sequence, label)
        The id holds family, protein and position: `prefix0012.2|K57`.
    """
    tables = _tables(simulation)
    cumulative = tables.cumsum(axis=2)
    records: list[tuple[str, str, int]] = []
    family = 0
    while len(records) < n:
        family += 1
        label = int(generator.random() < simulation.positives)

        def draw(label=label):
            points = generator.random((tables.shape[1], 1))
            codes = (points > cumulative[label]).sum(axis=1).clip(max=19)
            return np.array([AMINO_ACIDS[c] for c in codes])

        ancestor = draw()
        for member in range(
            1, 1 + min(int(generator.integers(1, 5)), n - len(records))
        ):
            changed = generator.random(len(ancestor)) < simulation.mutation
            window = "".join(np.where(changed & (member > 1), draw(), ancestor))
            position = int(generator.integers(16, 400))
            records.append(
                (f"{prefix}{family:04d}.{member}|K{position}", window, label)
            )
    return records


def demo(simulation: Simulation = Simulation()) -> dict[str, list]:
    """The demo data set with its planted defects.

    Defects: three exact duplicates and one label conflict within training, one
    training window that is a near copy of a test window, one that is an exact copy,
    and one record with a letter that is no residue.

    Parameters
    ----------
    simulation : Simulation

    Returns
    -------
    dict of str to list of (id, sequence, label)
        Keys `train` and `test`.
    """
    generator = np.random.default_rng(simulation.seed)
    train = families(simulation.n_train, simulation, generator, "TR")
    test = families(simulation.n_test, simulation, generator, "TE")
    negative = [record for record in train if record[2] == 0]
    positive = [record for record in train if record[2] == 1]
    for copy, (_, sequence, label) in enumerate((*negative[:2], positive[0]), start=1):
        train.append((f"DUPLICATE{copy}.1|K99", sequence, label))
    train.append(("CONFLICT1.1|K99", negative[5][1], 1))
    near = list(test[3][1])
    near[2] = "A" if near[2] != "A" else "G"
    near[-2] = "A" if near[-2] != "A" else "G"
    train.append(("HOMOLOG1.1|K99", "".join(near), test[3][2]))
    train.append(("COPY1.1|K99", test[8][1], test[8][2]))
    odd = negative[9][1]
    train.append(("ODDLETTER1.1|K99", odd[:4] + "#" + odd[5:], 0))
    return {"train": train, "test": test}


def write_demo(
    folder: str | PathLike, simulation: Simulation = Simulation()
) -> list[Path]:
    """Write the demo as one FASTA per role and class.

    Parameters
    ----------
    folder : path-like
    simulation : Simulation

    Returns
    -------
    list of Path
    """
    paths = []
    for role, records in demo(simulation).items():
        for label, name in ((1, "positive"), (0, "negative")):
            path = Path(folder) / f"{role}_{name}.fasta"
            write_text(
                path,
                "".join(f">{i}\n{s}\n" for i, s, y in records if y == label),
            )
            paths.append(path)
    return paths


def proteins(n: int, seed: int = 0, largest: int = 7) -> tuple[list[str], np.ndarray]:
    """Proteins as long as Swiss-Prot's, in families with indels and foreign domains.

    A member has 30 to 95 % of its ancestor's residues where both have one; an indel of
    one to ten residues comes every hundred residues or so, and one member in ten has
    lost an end to another domain.

    Parameters
    ----------
    n : int
    seed : int
    largest : int
        Members of the largest families.

    Returns
    -------
    tuple of list of str and ndarray of int
        Sequences, and the family of each.
    """
    generator = np.random.default_rng(seed)
    letters = np.frombuffer(AMINO_ACIDS.encode(), dtype=np.uint8)
    found: list[str] = []
    family: list[int] = []

    def draw(length):
        return generator.choice(letters, length, p=_BACKGROUND)

    while len(found) < n:
        length = int(np.clip(generator.lognormal(5.7, 0.65), 50, 8000))
        ancestor = draw(length)
        for _ in range(min(int(generator.integers(1, largest + 1)), n - len(found))):
            identity = generator.uniform(0.3, 0.95)
            changed = generator.random(length) > identity
            member = np.where(changed, draw(length), ancestor)
            for at in sorted(generator.integers(0, length, length // 100))[::-1]:
                size = int(generator.integers(1, 11))
                lost = generator.random() < 0.5
                member = np.concatenate(
                    [member[:at], draw(0 if lost else size), member[at + lost * size :]]
                )
            if generator.random() < 0.1:
                member[: int(len(member) * generator.uniform(0, 0.4))] = 0
                member = np.where(member == 0, draw(len(member)), member)
            found.append(member.tobytes().decode())
            family.append(family[-1] if _ else family[-1] + 1 if family else 0)
    order = generator.permutation(n)
    return [found[i] for i in order], np.array(family)[order]
