"""What Caffe itself takes for a training step of the nets here, as once measured."""

from netdef.table import table

SOURCE = (
    "Caffe 1.0 with OpenBLAS and PyTorch 2.13 (best of NCHW, channels_last, compiled), measured"
    " beside each other in November 2026 on two shared cores, best of several; not in this run."
)
STEPS = {
    "lenet": (22.0, 7.5),
    "cifar10_quick": (175.0, 32.0),
    "alexnet": (1230.0, 782.0),
    "squeezenet": (968.0, 716.0),
    "googlenet": (1615.0, 1081.0),
}
"""Milliseconds of Caffe and of PyTorch."""


def caffe_table() -> str:
    """Return the times, and how many times PyTorch's Caffe takes."""
    rows = [(net, caffe, torch, caffe / torch) for net, (caffe, torch) in STEPS.items()]
    return table(("training step", "Caffe ms", "PyTorch ms", "Caffe / PyTorch"), rows)
