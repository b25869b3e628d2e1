from netdef.layer import LAYERS


def test_is_another_name_of_depthwise_convolution():
    # What it computes, test_depthwise_convolution.py tries under both names.
    assert issubclass(LAYERS["ConvolutionDepthwise"], LAYERS["DepthwiseConvolution"])
    assert LAYERS["ConvolutionDepthwise"].type == "ConvolutionDepthwise"
