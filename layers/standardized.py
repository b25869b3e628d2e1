"""What LayerNorm and GroupNorm share: parts of each item brought to mean 0 and variance 1."""

from netdef.layer import Filler, Layer, Weight, field

_ONE = Filler(type="constant", value=1)


class Standardized(Layer, message="layer_norm_param", is_abstract=True):
    """Base of layers that compute ``y = (x - mean) / sqrt(variance + eps) * weight + bias``."""

    eps: float = field(at_least=0)
    scale_term: bool
    bias_term: bool
    filler: Filler
    bias_filler: Filler

    def scale_and_bias(self, shape: tuple[int, ...]) -> list[Weight]:
        """Return the weights that the fields ask for, of this shape."""
        filler = self.filler if self.filler.ListFields() else _ONE
        weights = [Weight("weight", shape, filler)] if self.scale_term else []
        return weights + [Weight("bias", shape, self.bias_filler)] * self.bias_term
