"""Grids: entries of `variants` that stand for every combination of some settings."""

import itertools
import math
import re
import typing
from collections.abc import Iterator, Sequence

from evenfold.config.checking import check_keys, nearest
from evenfold.config.losses import LOSSES
from evenfold.config.merging import merge
from evenfold.config.section import LONGEST_NAME, VARIANT_NAME, Section
from evenfold.config.training import Training
from evenfold.errors import EvenfoldError

#: Variants of a run that has grids, at most.
MOST = 100
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def expanded(variants: Sequence[object], where: str) -> list[object]:
    """The entries of `variants`, each grid replaced by the variants that it stands for.

    Parameters
    ----------
    variants : sequence
        As the configuration has them; what is no grid stays as it is.
    where : str
        File or place, for the error.

    Returns
    -------
    list
        In declared order; of a grid's settings the last varies fastest.

    Raises
    ------
    EvenfoldError
        For a setting that does not exist, no list of values, or too many variants.
    """
    if not any(isinstance(entry, dict) and "grid" in entry for entry in variants):
        return list(variants)
    made: list[object] = []
    for entry in variants:
        if not isinstance(entry, dict) or "grid" not in entry:
            made.append(entry)
            continue
        place = f"{where}: variant {entry.get('name')}: grid"
        axes = _axes(entry, place)
        sizes = [len(values) for _, values in axes]
        if len(made) + math.prod(sizes) > MOST:
            product = " x ".join(map(str, sizes))
            raise EvenfoldError(
                f"{place}: {product} = {math.prod(sizes)} variants, "
                f"{len(made) + math.prod(sizes)} with those before it; a run with grids "
                f"has at most {MOST}. Give fewer values: each is trained on every fold, "
                "and the best of many owes more to luck."
            )
        made += _variants(entry, axes)
    return made


def _axes(entry, place):
    """Place and values of every setting of a grid, checked."""
    grid = entry["grid"]
    if not isinstance(entry.get("name"), str):
        raise EvenfoldError(
            f"{place}: a grid needs a name, which its variants begin with: "
            "{name: width, loss: bce, grid: {hidden: [[64, 32], [128, 64]]}}"
        )
    if not isinstance(grid, dict) or not grid:
        raise EvenfoldError(
            f"{place}: expected settings and lists of values, found {grid!r:.60}. For "
            "example grid: {learning_rate: [0.001, 0.002]}"
        )
    known = [*Training.model_fields, "loss"]
    for key in grid:
        if key not in known:
            raise EvenfoldError(
                f"{place}: unknown key {key!r}.{nearest(key, known)} "
                f"Valid keys: {', '.join(known)}."
            )
    check_keys(Training, {k: v for k, v in grid.items() if k != "loss"}, place)
    loss = entry.get("loss")
    name = str(loss.get("name") if isinstance(loss, dict) else loss)
    if name in LOSSES:
        check_keys(LOSSES[name], grid.get("loss"), f"{place}: loss {name}")
    return list(_lists(grid, (), place))


def _lists(grid, above, place) -> Iterator[tuple[tuple[str, ...], list]]:
    for key, values in grid.items():
        path = (*above, key)
        told = ": ".join(map(str, path))
        if isinstance(values, dict) and values:
            yield from _lists(values, path, place)
            continue
        if not isinstance(values, list) or not values:
            raise EvenfoldError(
                f"{place}: {told}: expected a list of values, found {values!r:.60}. One "
                "value for all belongs under `training`."
            )
        single = next((value for value in values if not isinstance(value, list)), None)
        if single is not None and _holds_list(path):
            raise EvenfoldError(
                f"{place}: {told}: {single!r:.60} is no value of {key}, which is a list "
                f"itself. Write {key}: [{values!r:.60}] for one value, a list of lists "
                "for several."
            )
        plain = [_plain(value) for value in values]
        twice = next((v for i, v in enumerate(plain) if v in plain[:i]), None)
        if twice is not None:
            raise EvenfoldError(f"{place}: {told}: {twice!r:.60} stands twice")
        yield path, values


def _holds_list(path):
    """Whether a training setting is a list, so that its values are lists."""
    section: type[Section] | None = Training
    for key in path[:-1]:
        field = section.model_fields.get(key) if section else None
        inner = field.annotation if field else None
        section = (
            inner if isinstance(inner, type) and issubclass(inner, Section) else None
        )
    field = section.model_fields.get(path[-1]) if section else None
    kinds = {field.annotation, *typing.get_args(field.annotation)} if field else set()
    return any(typing.get_origin(kind) is list for kind in kinds)


def _variants(entry, axes):
    """The variants of a grid, in order."""
    combinations = list(itertools.product(*(values for _, values in axes)))
    name = entry["name"]
    names = ["-".join([name, *map(_label, values)]) for values in combinations]
    fit = all(re.match(VARIANT_NAME, one) and len(one) <= LONGEST_NAME for one in names)
    if not fit or len({one.lower() for one in names}) < len(names):
        names = [f"{name}-{number}" for number in range(1, len(names) + 1)]
    return [
        _variant(entry, one, axes, values) for one, values in zip(names, combinations)
    ]


def _variant(entry, name, axes, values):
    made = {key: value for key, value in entry.items() if key != "grid"} | {
        "name": name
    }
    for (path, _), value in zip(axes, values):
        if path == ("loss",):
            made["loss"] = value
            continue
        where = path if path[0] == "loss" else ("training", *path)
        for key in reversed(where[1:]):
            value = {key: value}
        base = made.get(where[0]) or {}
        if where[0] == "loss" and isinstance(base, str):
            base = {"name": base}
        if isinstance(base, dict):
            # Anything else is no section, and is refused as such.
            made[where[0]] = merge(base, value)
    return made


def _plain(value):
    """A value as its equals: a number also where YAML leaves it a text, like 1e-3."""
    if isinstance(value, list):
        return [_plain(inside) for inside in value]
    if isinstance(value, dict):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return value


def _label(value):
    """A value in a variant's name."""
    value = _plain(value)
    if isinstance(value, dict):
        return "-".join(map(_label, value.values()))
    if isinstance(value, list):
        numbers = all(isinstance(inside, int | float) for inside in value)
        return ("x" if numbers else "-").join(map(_label, value))
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, int | float):
        # 1e-05 is 1e-5.
        return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:.12g}")
    return re.sub(r"[^A-Za-z0-9_-]", "_", str(value))
