"""Convolution of each channel by itself, under the name that ShuffleNet's nets have for it."""

from netdef.layers.depthwise_convolution import DepthwiseConvolution


class ConvolutionDepthwise(DepthwiseConvolution, message="convolution_param"):
    """Another name of DepthwiseConvolution.

    Shapes:
        x, y, weight, bias: as DepthwiseConvolution's.
    """
