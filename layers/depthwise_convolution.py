"""Convolution of each channel by itself."""

from netdef.errors import FieldError, ShapeError
from netdef.layer import Signature
from netdef.layers.convolution import Convolution
from netdef.shape import Shape


class DepthwiseConvolution(Convolution, message="convolution_param"):
    """Slide one filter over each channel: a Convolution with as many groups as channels.

    ``group`` may be left out (MobileNet, Howard 2017).

    Shapes:
        x: ``(N, C, *S)``.
        y: ``(N, C, *T)``, T as Convolution's.
        weight: ``(C, 1, *kernel_size)``.
        bias: ``(C,)``, absent unless ``bias_term``.

    Raises:
        FieldError: ``group`` is neither 1 nor ``num_output``.
        ShapeError: ``num_output`` is not C.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group not in (1, self.num_output):
            raise FieldError(f"group must be num_output, {self.num_output}, got {self.group}")
        object.__setattr__(self, "group", self.num_output)

    def infer(self, x: Shape) -> Signature:
        channels = x[x.axis(self.axis)]
        if channels != self.num_output:
            raise ShapeError(f"num_output must be the {channels} channels, got {self.num_output}")
        return super().infer(x)
