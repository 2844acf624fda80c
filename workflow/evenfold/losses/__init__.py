"""Losses for balanced binary classification, on logits.

Every loss is a pure function that reduces over the last dimension, so that the same
code serves one model, (batch,) -> (), and a stack of members, (members, batch) ->
(members,), and a small module around it that holds its settings and its state.

Examples
--------
>>> from evenfold.losses import AnyLoss
>>> loss = AnyLoss(measure="gmean")
>>> loss(torch.randn(128), torch.arange(128) % 2)  # doctest: +SKIP
"""

from evenfold.losses import confusion, modules, pointwise, ranking
from evenfold.losses.confusion import *
from evenfold.losses.modules import *
from evenfold.losses.pointwise import *
from evenfold.losses.ranking import *

# Each file says what it offers, so that a new loss is exported where it is written.
__all__: list[str] = []
__all__ += confusion.__all__
__all__ += modules.__all__
__all__ += pointwise.__all__
__all__ += ranking.__all__
