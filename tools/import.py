"""``netdef import``: an ONNX model or a state dict as a net with weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netdef.tools import options

if TYPE_CHECKING:
    from netdef.state_dict import Assignment

_SAFETENSORS = ".safetensors"
_PICKLES = (".pt", ".pth", ".ckpt", ".pkl", ".bin")


@click.command("import", cls=options.Command)
@click.argument("source", metavar="FILE")
@click.option(
    "--out", "-o", required=True, metavar="DIR", help="Where deploy.prototxt and weights go."
)
@click.option("--model", metavar="NET", help="The net's prototxt, of weights without a net.")
@options.input_shapes
@click.option(
    "--check/--no-check",
    default=True,
    help="Run the net and the ONNX model on the same inputs, and write only if they agree.",
)
def command(
    source: str, out: str, model: str | None, shapes: dict[str, tuple[int, ...]], check: bool
) -> None:
    """Turn FILE, an ONNX model or a .safetensors file, into a prototxt and a caffemodel."""
    suffix = Path(source).suffix.lower()
    if suffix in _PICKLES:
        raise click.UsageError(
            f"{source}: is a pickle, which can run any code; save its state dict as"
            " .safetensors, or export the model to ONNX"
        )
    if suffix == _SAFETENSORS:
        if not model:
            raise click.UsageError(f"{source}: holds weights alone; give their net by --model")
        if shapes:
            raise click.UsageError("--input-shape is for ONNX models; --model has the shapes")
        _import_weights(source, out, model)
        return
    if model:
        raise click.UsageError("--model is for weights without a net; an ONNX model has its own")
    _import_onnx(source, out, shapes, check)


def _import_onnx(
    source: str, out: str, shapes: dict[str, tuple[int, ...]], is_checked: bool
) -> None:
    from netdef.errors import at
    from netdef.onnx_import.building import built, differences, write
    from netdef.onnx_import.reading import read_onnx
    from netdef.onnx_metadata import from_metadata
    from netdef.onnx_run import check

    imported = read_onnx(source, shapes)
    net = built(imported, source)
    if is_checked:
        found = differences(net, imported.content)
        for difference in found:
            click.echo(f"largest difference, inputs drawn at random: {difference}")
        check(found)
    with at(source):
        labels, preprocessing = from_metadata(imported.metadata)
    write(out, net, labels, preprocessing)


def _import_weights(source: str, out: str, model: str) -> None:
    from netdef.errors import at
    from netdef.io.safetensors import read_safetensors
    from netdef.net import Net
    from netdef.onnx_import.building import write
    from netdef.proto import TEST
    from netdef.state_dict import assign

    net = Net(model, TEST, keep="outputs")
    tensors = read_safetensors(source)
    with at(source):
        assignment = assign(net.graph, net.shapes, tensors)
    for layer, blobs in assignment.blobs().items():
        for param, values in zip(net.params[layer], blobs, strict=True):
            param.data[...] = values
    net.give_back()
    click.echo(_report(assignment))
    write(out, net)


def _report(assignment: "Assignment") -> str:
    from netdef.table import table

    rows = [
        (slot.name, module.name, " ".join(f"{n} {_dims(t.shape)}" for n, t in
                                          module.tensors.items()))
        for slot, module in assignment.pairs
    ]  # fmt: skip
    lines = [table(("layer", "module", "tensors"), rows)]
    lines.append(f"{len(rows)} layers filled by {assignment.how}; numbers are not checked")
    if assignment.left_out:
        lines.append(f"left out: {', '.join(assignment.left_out)}")
    return "\n".join(lines)


def _dims(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "1"
