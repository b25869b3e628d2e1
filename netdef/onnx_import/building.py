"""The net of an ONNX model, made, held against the model, and written."""

from pathlib import Path

from netdef.deployment import LABELS, NET, PREPROCESSING, WEIGHTS, write_deployment
from netdef.errors import ConfigError, cannot_write
from netdef.net import Net
from netdef.onnx_import.reading import ImportedNet
from netdef.onnx_run import Difference, Session, compare
from netdef.preprocessing import Preprocessing
from netdef.proto import TEST
from netdef.prototxt import net_text
from netdef.prototxt.writing import write_text
from netdef.random_inputs import random_inputs


def built(imported: ImportedNet, path: str | Path) -> Net:
    """Return the net with its weights; ``path`` is what errors call it.

    Raises:
        ConfigError: its layers do not fit together.
    """
    net = Net(net_text(imported.net, str(path)), TEST, keep="outputs")
    for layer, blobs in imported.blobs.items():
        for param, values in zip(net.params[layer], blobs, strict=True):
            param.data[...] = values
    net.give_back()
    return net


def differences(net: Net, content: bytes) -> list[Difference]:
    """Return how far each output of the net is from the model's, on inputs drawn at random.

    Raises:
        DeviceError: onnxruntime is not there.
        RunError: the model does not run, or its outputs have other shapes.
    """
    session = Session(content)
    unread = {name: zeros for name, zeros in session.zeros().items() if name not in net.inputs}
    inputs = random_inputs(net.graph, net.shapes)
    return compare(net, session, inputs, {}, unread)


def write(
    folder: str | Path,
    net: Net,
    labels: list[str] | None = None,
    preprocessing: Preprocessing | None = None,
) -> None:
    """Write the net and its weights into a folder: one that deploys, if all is known for it.

    Raises:
        ConfigError: the folder has labels or preprocessing of another net.
        RunError: a file cannot be written.
    """
    folder = Path(folder)
    deploys = bool(labels and preprocessing)
    if not deploys and any((folder / name).exists() for name in (LABELS, PREPROCESSING)):
        raise ConfigError(
            f"{folder}: has the labels or the preprocessing of another net, which would be taken"
            " for this one's; give a new folder"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    write_text(folder / NET, net.text.net)
    if labels and preprocessing:
        write_deployment(folder, net, labels, preprocessing)
    else:
        net.save(str(folder / WEIGHTS))
