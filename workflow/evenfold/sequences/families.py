"""Families of spaced seeds: columns that a seed reads, of sequences that may be related."""

#: Families, the rarest hits first. Found by greedy search: of all seeds as wide, the one
#: that hits most placements of the mismatches that those before it miss (7 of 25 columns
#: for 5 columns a seed, 10 of 25 for 4, 3 of 10 for 3).
FAMILIES: tuple[tuple[tuple[int, ...], ...], ...] = (
    (
        (0, 1, 2, 4, 5), (0, 1, 3, 7, 8), (0, 3, 4, 5, 6),
        (0, 1, 2, 4, 6), (0, 1, 2, 3, 6), (0, 1, 3, 4, 6),
    ),
    ((0, 1, 4, 6), (0, 2, 3, 4), (0, 1, 3, 8), (0, 1, 2, 5), (0, 1, 5, 7)),
    ((0, 1, 3), (0, 1, 2)),
    ((0, 1),),
    ((0,),),
)  # fmt: skip
