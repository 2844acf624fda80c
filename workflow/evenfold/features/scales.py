"""Published properties of the amino acids, in the order of AMINO_ACIDS."""

import numpy as np

from evenfold.alphabet import AMINO_ACIDS


def _rows(table):
    return {name: np.array(text.split(), dtype=float) for name, text in table.items()}


#: Properties of the autocorrelations (AAindex CIDH920105, BHAR880101, CHAM820101,
#: CHAM820102, CHOC760101, BIGC670101, CHAM810101, DAYM780201).
AUTOCORRELATION = _rows({
    "hydrophobicity": "0.02 0.77 -1.04 -1.14 1.35 -0.8 0.26 1.81 -0.41 1.14 1 -0.77 -0.09 -1.1 -0.42 -0.97 -0.77 1.13 1.71 1.11",
    "flexibility": "0.357 0.346 0.511 0.497 0.314 0.544 0.323 0.462 0.466 0.365 0.295 0.463 0.509 0.493 0.529 0.507 0.444 0.386 0.305 0.42",
    "polarizability": "0.046 0.128 0.105 0.151 0.29 0 0.23 0.186 0.219 0.186 0.221 0.134 0.131 0.18 0.291 0.062 0.108 0.14 0.409 0.298",
    "free_energy": "-0.368 4.53 2.06 1.77 1.06 -0.525 0 0.791 0 1.07 0.656 0 -2.24 0.731 -1.03 -0.524 0 0.401 1.6 4.91",
    "residue_asa": "115 135 150 190 210 75 195 175 200 170 185 160 145 180 225 115 140 155 255 230",
    "residue_volume": "52.6 68.3 68.4 84.7 113.9 36.3 91.9 102 105.1 102 97.7 75.7 73.6 89.7 109.1 54.9 71.2 85.1 135.4 116.2",
    "steric": "0.52 0.62 0.76 0.68 0.7 0 0.7 1.02 0.68 0.98 0.78 0.76 0.36 0.68 0.68 0.53 0.5 0.76 0.7 0.7",
    "mutability": "100 20 106 102 41 49 66 96 56 40 94 134 56 93 65 120 97 74 18 41",
})  # fmt: skip

#: Properties of the pseudo amino-acid compositions (Chou 2001: Tanford 1962, Hopp and
#: Woods 1981, mass of the side chain).
CHOU = _rows({
    "hydrophobicity": "0.62 0.29 -0.9 -0.74 1.19 0.48 -0.4 1.38 -1.5 1.06 0.64 -0.78 0.12 -0.85 -2.53 -0.18 -0.05 1.08 0.81 0.26",
    "hydrophilicity": "-0.5 -1 3 3 -2.5 0 -0.5 -1.8 3 -1.8 -1.3 0.2 0 0.2 3 0.3 -0.4 -1.5 -3.4 -2.3",
    "mass": "15 47 59 73 91 1 82 57 73 57 75 58 42 72 101 31 45 43 130 107",
})  # fmt: skip

#: z-scales (Sandberg et al. 1998).
Z_SCALES = _rows({
    "z1": "0.24 0.84 3.98 3.11 -4.22 2.05 2.47 -3.89 2.29 -4.28 -2.85 3.05 -1.66 1.75 3.52 2.39 0.75 -2.59 -4.36 -2.54",
    "z2": "-2.32 -1.67 0.93 0.26 1.94 -4.06 1.95 -1.73 0.89 -1.3 -0.22 1.62 0.27 0.5 2.5 -1.07 -2.18 -2.64 3.94 2.44",
    "z3": "0.6 3.75 1.93 -0.11 1.06 0.36 0.26 -1.71 -2.49 -1.49 0.47 1.04 1.84 -1.44 -3.5 1.15 -1.12 -1.54 0.59 0.43",
    "z4": "-0.14 0.18 -2.46 -3.04 0.54 -0.82 3.9 -0.84 1.49 -0.72 1.94 -1.15 0.7 -1.34 1.99 -1.39 -1.46 -0.85 3.44 0.04",
    "z5": "1.3 -2.65 0.75 -0.25 -0.62 -0.38 0.09 0.26 0.31 0.84 -0.98 1.61 2 0.66 -0.17 0.67 -0.4 -0.02 -1.59 -1.47",
})  # fmt: skip

#: Three classes by seven properties (Dubchak et al. 1995, 1999).
CTD = {
    "hydrophobicity": ("RKEDQN", "GASTPHY", "CLVIMFW"),
    "volume": ("GASTPDC", "NVEQIL", "MHKFRYW"),
    "polarity": ("LIFWCMVY", "PATGS", "HQRKNED"),
    "charge": ("KR", "ANCQGHILMFPSTWYV", "DE"),
    "secondary": ("EALMQKRH", "VIYCWFT", "GNPSD"),
    "solvent": ("ALFCGIVW", "RKQEND", "MPSTHY"),
    "polarizability": ("GASDT", "CPNVEQIL", "KMHFRYW"),
}

#: Reduced alphabets: Dayhoff 1978; Shen et al. 2007; Murphy et al. 2000.
ALPHABETS = {
    "dayhoff": ("AGPST", "C", "DENQ", "FWY", "HKR", "ILMV"),
    "conjoint": ("AGV", "ILFP", "YMTS", "HNQW", "RK", "DE", "C"),
    "murphy": ("A", "C", "DENQ", "FWY", "G", "H", "ILMV", "KR", "P", "ST"),
}


def classes(groups: tuple[str, ...]) -> np.ndarray:
    """Class of every amino acid, shape (20,): 0 to len(groups) - 1."""
    return np.array(
        [next(i for i, own in enumerate(groups) if a in own) for a in AMINO_ACIDS]
    )


def standardised(scale: np.ndarray) -> np.ndarray:
    """A property centred and scaled over the 20 amino acids (Chou 2001, eq. 3)."""
    return (scale - scale.mean()) / scale.std()
