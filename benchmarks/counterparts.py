"""Public implementations of our losses, loaded without what else their packages need.

    python -m venv counterparts
    counterparts/bin/pip install -c envs/constraints.txt torch numpy
    counterparts/bin/pip install --no-deps -r benchmarks/counterparts.txt

torchvision's compiled part does not fit the CPU build of torch, and libauc and
segmentation-models-pytorch import far more than a loss needs; so packages are opened as
plain folders and only the modules of their losses run.
"""

import importlib
import importlib.metadata
import importlib.util
import sys
import types
from pathlib import Path

import torch

PACKAGES = (
    "torch", "torchvision", "monai", "segmentation-models-pytorch", "libauc", "timm",
    "pytorch-toolbelt", "balanced-loss",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of the packages compared with."""
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def _open(top, *inside):
    """Stand-ins for a package and packages in it whose own __init__ is not to run."""
    folder = Path(importlib.util.find_spec(top).submodule_search_locations[0])
    for name in ("", *inside):
        module = types.ModuleType(top)
        module.__path__ = [str(folder / name)]
        sys.modules[f"{top}.{name}".rstrip(".")] = module


def public_losses() -> dict[str, tuple[dict, callable]]:
    """Our settings and the public function they should equal, by a name.

    Returns
    -------
    dict of str to (settings of `build_loss`, callable (logits, targets) -> loss)
        Shapes (batch,).
    """
    # Real packages first: stand-ins have no specification to find them by.
    monai = importlib.import_module("monai.losses")
    _open("torchvision", "ops", "utils")
    sys.modules["torchvision.utils"]._log_api_usage_once = lambda *_: None
    focal = importlib.import_module("torchvision.ops.focal_loss").sigmoid_focal_loss
    _open("segmentation_models_pytorch", "losses")
    smp = importlib.import_module("segmentation_models_pytorch.losses.tversky")
    smp_mcc = importlib.import_module("segmentation_models_pytorch.losses.mcc")
    _open("libauc", "losses")
    hinge = importlib.import_module("libauc.losses.surrogate").squared_hinge_loss
    _open("timm", "loss")
    asl = importlib.import_module("timm.loss.asymmetric_loss").AsymmetricLossMultiLabel
    _open("pytorch_toolbelt", "losses")
    f1 = importlib.import_module("pytorch_toolbelt.losses.soft_f1").BinarySoftF1Loss()
    tversky = smp.TverskyLoss("binary", alpha=0.3, beta=0.7, gamma=1.0, smooth=0.0)
    bent = smp.TverskyLoss("binary", alpha=0.3, beta=0.7, gamma=0.75, smooth=0.0)
    dice = smp.DiceLoss("binary", smooth=0.0)
    monai_mcc = monai.MCCLoss(sigmoid=True, batch=True)
    smp_mcc = smp_mcc.MCCLoss()
    harsh = asl(gamma_neg=4, gamma_pos=1, clip=0.05, reduction="mean")
    mild = asl(gamma_neg=2, gamma_pos=1, clip=0.0, reduction="mean")
    logits_bce = torch.nn.functional.binary_cross_entropy_with_logits

    def image(x):
        return x.reshape(1, 1, -1, 1)

    def pairs(z, y):
        return hinge(1.0, z[y == 1][:, None] - z[y == 0][None, :]).mean()

    def aucm(z, y):
        p = torch.sigmoid(z)
        loss = monai.AUCMLoss(margin=1.0, version="v2")
        with torch.no_grad():
            a, b = p[y == 1].mean(), p[y == 0].mean()
            loss.a.copy_(a)
            loss.b.copy_(b)
            loss.alpha.copy_(1 + b - a)
        return loss(image(p), image(y))

    pure = {"name": "mcc", "cross_entropy": 0.0}
    return {
        "bce (torch)": ({"name": "bce"}, logits_bce),
        "focal (torchvision)": (
            {"name": "focal", "alpha": 0.25},
            lambda z, y: focal(z, y, 0.25, 2.0, "mean"),
        ),
        "asl mild (timm)": (
            {"name": "asl"},
            lambda z, y: mild(z[:, None], y[:, None]),
        ),
        "asl published (timm)": (
            {"name": "asl", "gamma_positive": 1, "gamma_negative": 4, "margin": 0.05},
            lambda z, y: harsh(z[:, None], y[:, None]),
        ),
        "soft_fbeta (pytorch-toolbelt)": ({"name": "soft_fbeta"}, f1),
        "dice (smp)": (
            {"name": "tversky", "alpha": 0.5, "beta": 0.5},
            lambda z, y: dice(image(z), image(y)),
        ),
        "tversky (smp)": (
            {"name": "tversky"},
            lambda z, y: tversky(image(z), image(y)),
        ),
        "focal tversky (smp)": (
            {"name": "tversky", "gamma": 0.75},
            lambda z, y: bent(image(z), image(y)),
        ),
        "mcc (monai)": (pure, lambda z, y: monai_mcc(image(z), image(y))),
        "mcc (smp)": (
            pure,
            lambda z, y: smp_mcc(image(torch.sigmoid(z)), image(y)),
        ),
        "pairwise_auc (libauc)": ({"name": "pairwise_auc"}, pairs),
        "auc_margin (monai)": ({"name": "auc_margin"}, aucm),
    }
