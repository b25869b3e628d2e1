"""``netdef extract``: blobs of a net as features of pictures."""

from pathlib import Path

import click

from netdef.tools import device_options, model_options, options, pictures, preparation
from netdef.tools.progress import progress_bar


def _split(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


@click.command("extract", cls=options.Command)
@model_options.model
@model_options.weights
@click.option(
    "--blob",
    "blobs",
    required=True,
    multiple=True,
    callback=_split,
    metavar="NAME",
    help="The blob whose values are wanted; several by commas, or repeated.",
)
@click.option(
    "--data",
    "sources",
    required=True,
    multiple=True,
    metavar="SOURCE",
    help="Pictures: a file, pattern, folder, list or database; may be repeated.",
)
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    help="Where rows go: *.h5, *.npz, *.npy, *lmdb or *leveldb.",
)
@click.option(
    "--format",
    type=click.Choice(["h5", "npz", "npy", "lmdb", "leveldb", "caffe"]),
    help="The kind of file, if its name does not tell; caffe: as extract_features wrote.",
)
@click.option(
    "--pool",
    type=click.Choice(["none", "mean", "max"]),
    default="none",
    show_default=True,
    help="What becomes of the places of a blob that has height and width.",
)
@pictures.preparing
@device_options.gpu
@options.allow_python
def command(
    model: str,
    weights: list[str],
    blobs: list[str],
    sources: tuple[str, ...],
    out: str,
    format: str | None,
    pool: str,
    mean: str | None,
    scale: float | None,
    channel_order: str | None,
    resize: str | None,
    batch: int,
    gpu: int | None,
) -> None:
    """Write blobs of a net as features: one row for each picture, with its name and class."""
    model_options.check_weights(model, weights)
    from netdef.extraction import Extractor, extract
    from netdef.feature_files import feature_file, format_of
    from netdef.pictures import open_pictures

    device_options.use_gpu(gpu)
    kind = format_of(out, format, blobs)
    found = open_pictures(sources)
    net, known = pictures.net_of(model, weights, blobs)
    how = preparation.preprocessing_of(net, known, mean, scale, channel_order, resize)
    extractor = Extractor(net, blobs, how, pool)
    source = {
        "model": str(Path(model).resolve()),
        "weights": weights,
        "blobs": blobs,
        "data": sources,
        "pictures": len(found),
        "pool": pool,
        "preprocessing": repr(how),
    }
    with feature_file(out, kind, extractor.shapes, source) as file, progress_bar("extract") as tell:
        if file.done:
            click.echo(f"going on after {file.done} of {len(found)} pictures", err=True)
        extract(extractor, found, file, batch, tell)
    shapes = ", ".join(f"{name} {(len(found), *shape)}" for name, shape in extractor.shapes.items())
    click.echo(f"Wrote {out}: {shapes}")
