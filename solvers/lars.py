"""LARS: layer-wise adaptive rates for large batches."""

from netdef.solvers.layerwise_rule import LayerwiseRule


class LARS(LayerwiseRule, type="LARS"):
    """Momentum with a rate in proportion to the weights of each blob.

    ``trust = trust_coefficient |w| / (|g| + decay |w|)``, 1 where a norm is 0.

    Source: You, Gitman and Ginsburg, Large batch training of convolutional networks, 2017.
    """

    histories = ("h",)
    measure = "other = g"
    trust = """where(weights == 0, 1, where(others == 0, 1,
        trust_coefficient * weights / (others + decay * weights)))"""
    formula = """
    if decay:
        g = g + decay * w
    h = momentum * h + rate * g
    w = w - h
    """
