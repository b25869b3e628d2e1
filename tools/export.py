"""``netdef export``: a net as an ONNX model."""

from typing import TYPE_CHECKING

import click

from netdef.tools import model_options, options, pictures, preparation
from netdef.tools.progress import progress_bar

if TYPE_CHECKING:
    from netdef.net import Net
    from netdef.onnx_run import Difference
    from netdef.preprocessing import Preprocessing


@click.command("export", cls=options.Command)
@model_options.model
@model_options.weights
@click.option("--out", "-o", required=True, metavar="FILE", help="The ONNX model.")
@options.phase(default="TEST")
@options.level
@options.stages()
@click.option(
    "--opset",
    default=17,
    show_default=True,
    type=click.IntRange(14, 22),
    help="The version of ONNX's operators.",
)
@options.input_shapes
@click.option("--dynamic-batch", is_flag=True, help="Let the model take any number of items.")
@click.option(
    "--check/--no-check",
    default=True,
    help="Run the model in ONNX Runtime and the net on the same inputs, and write the model only"
    " if they agree.",
)
@click.option(
    "--images",
    multiple=True,
    metavar="SOURCE",
    help="Check on these pictures too: a file, pattern, folder, list or database; may be repeated.",
)
@click.option("--labels", metavar="FILE", help="Names of the classes, one a line, to put in.")
@pictures.resizing
@options.allow_python
def command(
    model: str,
    weights: list[str],
    out: str,
    phase: str,
    level: int,
    stages: list[str],
    opset: int,
    shapes: dict[str, tuple[int, ...]],
    dynamic_batch: bool,
    check: bool,
    images: tuple[str, ...],
    labels: str | None,
    mean: str | None,
    scale: float | None,
    channel_order: str | None,
    resize: str | None,
) -> None:
    """Write a net as an ONNX model, and hold the one against the other."""
    model_options.check_weights(model, weights)
    if images and not check:
        raise click.UsageError("--images are for the check; leave out --no-check")
    from netdef.deployment import read_labels
    from netdef.io.whole_file import writing_whole
    from netdef.net import Net
    from netdef.onnx_export.deploying import as_deployed
    from netdef.onnx_export.model import export
    from netdef.onnx_metadata import to_metadata
    from netdef.prototxt import read_net

    known = model_options.deployment_of(model, weights)
    number = options.phase_number(phase)
    text = as_deployed(read_net(known.net if known else model), number, level, stages, shapes)
    net = Net(text, number, keep="outputs")
    for path in [str(known.weights)] if known else weights:
        net.copy_from(path)
    told = (mean, scale, channel_order, resize)
    how = known.preprocessing if known else None
    if images or any(value is not None for value in told):
        how = preparation.preprocessing_of(net, known, *told)
    names = read_labels(labels) if labels else known.labels if known else ()
    with writing_whole(out) as file:  # first: no check is in vain
        content = export(net, opset, dynamic_batch, to_metadata(names, how)).SerializeToString()
        if check:
            _check(net, content, dynamic_batch, images, how)
        file.write(content)


def _check(
    net: "Net",
    content: bytes,
    is_batch_dynamic: bool,
    images: tuple[str, ...],
    how: "Preprocessing | None",
) -> None:
    from netdef.onnx_export.checking import batches_of, differences, drawn, drawn_for_other_batch
    from netdef.onnx_run import Session, check
    from netdef.pictures import open_pictures

    session = Session(content)
    inputs = [drawn(net)]
    if is_batch_dynamic:
        inputs.insert(0, drawn_for_other_batch(net))  # before: the pictures come in the net's size
    found = differences(net, session, inputs)
    _tell("drawn at random", found)
    check(found)
    if images:
        assert how
        sources = open_pictures(images)
        with progress_bar("check") as tell:
            found = differences(net, session, batches_of(net, sources, how, tell))
        _tell(f"from {len(sources)} pictures", found)
        check(found)


def _tell(inputs: str, found: "list[Difference]") -> None:
    """Print how far each output is from the net's."""
    for difference in found:
        click.echo(f"largest difference, inputs {inputs}: {difference}")
