"""What a threshold may be chosen for: the names that may stand in `selection: criterion`.

How each is computed is in `evenfold.selection.criteria`; a test holds the names of both
together.
"""

from collections.abc import Iterable
from typing import Annotated

from evenfold.config.section import OneOf
from evenfold.importing import described, is_import_path
from evenfold.records.thresholds import HALF

#: Every criterion in the words of documentation and report, in the order of tables.
CRITERIA = {
    "sn_eq_sp": "SN = SP",
    "youden": "Youden: largest SN + SP",
    "corner": "closest to SN = SP = 1",
    "gmean": "largest G-mean",
    "constrained_mcc": "largest MCC with |SN − SP| within δ",
    "max_mcc": "largest MCC",
    "fbeta": "largest F-beta",
    "ghost": "GHOST: largest median kappa",
    "cost": "smallest cost",
    "net_benefit": "largest net benefit",
    "sn_at_sp": "largest SN at the required SP",
    "sp_at_sn": "largest SP at the required SN",
}
CriterionName = Annotated[str, OneOf(CRITERIA, own=True)]


def words(operating_point: str) -> str:
    """An operating point in words: of a criterion, or of threshold 0.5.

    A criterion of the user's own has the first line of its docstring.

    Examples
    --------
    >>> words("youden")
    'Youden: largest SN + SP'
    >>> words("0.5")
    'threshold 0.5'
    """
    if operating_point == HALF:
        return "threshold 0.5"
    if is_import_path(operating_point):
        return described(operating_point)
    return CRITERIA[operating_point]


def in_order(operating_points: Iterable[str]) -> list[str]:
    """Names of operating points in the order of tables, one's own criteria last.

    Examples
    --------
    >>> in_order(["mine:best", "youden", "0.5"])
    ['0.5', 'youden', 'mine:best']
    """
    order = [HALF, *CRITERIA]
    return sorted(
        operating_points, key=lambda n: order.index(n) if n in order else len(order)
    )
