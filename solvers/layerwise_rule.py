"""Update rules whose rate depends on how long the weights and the gradient of a blob are."""

from typing import ClassVar

from netdef.solvers.rule import Rule


class LayerwiseRule(Rule):
    """Base of rules that measure each blob before they change it.

    All blobs are measured first, and ``rate`` in the formula is times the ``trust`` of the blob.
    Nothing else in it may depend on the rate.
    """

    decays_itself = True

    measure: ClassVar[str]
    """A formula, run before the other: it assigns ``other``, and may assign histories."""
    trust: ClassVar[str]
    """An expression of a blob's L2 norms of ``w`` and ``other``, ``weights`` and ``others``; of
    its ``decay`` and of fields of the solver."""
