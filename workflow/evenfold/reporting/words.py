"""Operating points in words."""

from evenfold.records.thresholds import HALF

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


def words(operating_point: str) -> str:
    """An operating point in words: of a criterion, or of threshold 0.5.

    Examples
    --------
    >>> words("youden")
    'Youden: largest SN + SP'
    >>> words("0.5")
    'threshold 0.5'
    """
    return "threshold 0.5" if operating_point == HALF else CRITERIA[operating_point]
