"""Where each layer type comes from."""

from pathlib import Path

_BVLC = """
AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss
Convolution Crop Data Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp
Filter Flatten HDF5Data HDF5Output HingeLoss Im2col ImageData InfogainLoss InnerProduct
Input LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU Parameter Pooling
Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence
Slice Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
"""
BVLC = frozenset(_BVLC.split())
"""The types of BVLC Caffe."""

WITHOUT_MESSAGE = {
    "Axpy": "SENet's Caffe",
    "ConvolutionDepthwise": "forks of Caffe for MobileNet",
    "DepthwiseConvolution": "forks of Caffe for MobileNet",
    "ReLU6": "forks of Caffe for MobileNet",
}
"""Types of forks that add no message of their own, by which the fork tables would tell them."""

_TABLE = Path(__file__).resolve().parents[1] / "netdef" / "prototxt" / "forks.tsv"


def origin(name: str, messages: tuple[str, ...]) -> str:
    """Return where a type comes from: BVLC Caffe, its forks by name, or netdef."""
    if name in BVLC:
        return "BVLC Caffe"
    if name in WITHOUT_MESSAGE:
        return WITHOUT_MESSAGE[name]
    rows = (line.split("\t") for line in _TABLE.read_text().splitlines())
    forks = {field: titles for message, field, titles in rows if message == "LayerParameter"}
    return next((forks[m] for m in messages if m in forks), "netdef")
