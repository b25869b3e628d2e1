"""How pictures are prepared: what options say, or else what is known of the net."""

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from netdef.classifier_body import Body
    from netdef.deployment import Deployment
    from netdef.net import Net
    from netdef.preprocessing import Preprocessing


def preprocessing_of(
    net: "Net",
    deployed: "Deployment | None",
    mean: str | None,
    scale: float | None,
    channel_order: str | None,
    resize: str | None,
) -> "Preprocessing":
    """Return what the options say, and where they say nothing what is known of the net.

    Raises:
        ConfigError: an option cannot be understood, or its file not be read; or the zoo knows
            nothing and no mean is given.
    """
    from dataclasses import replace

    from netdef.classifier import picture_input
    from netdef.preprocessing import Preprocessing, usual_resize

    data = net.blobs[picture_input(net)]
    crop = data.height, data.width
    _check_known(deployed, mean)
    own = (deployed and deployed.preprocessing) or Preprocessing(crop, usual_resize(crop))
    told: dict[str, Any] = {"crop": crop}
    if resize is not None:
        told["resize"] = _size(resize)
    if mean is not None:
        told["mean"] = _mean(mean)
    if scale is not None:
        told["scale"] = scale
    if channel_order is not None:
        told["channel_order"] = channel_order
    return replace(own, **told)


def training_preprocessing(
    body: "Body",
    known: "Deployment | None",
    mean: str | None,
    scale: float | None,
    channel_order: str | None,
    resize: str | None,
) -> "Preprocessing":
    """Return how pictures are prepared to train with: by the options, else as before.

    Raises:
        ConfigError: an option cannot be understood, or its file not be read; or the zoo knows
            nothing and no mean is given.
    """
    from netdef.preprocessing import Preprocessing

    crop = body.shape[1:]
    _check_known(known, mean)
    size = crop if resize is None else _size(resize)
    own = (known and known.preprocessing) or _of_prototxt(body, mean)
    return Preprocessing(
        crop=crop,
        resize=(size, size) if isinstance(size, int) else size,
        mean=own.mean if mean is None else _mean(mean),
        scale=own.scale if scale is None else scale,
        channel_order=channel_order or own.channel_order,
    )


def _of_prototxt(body: "Body", mean: str | None) -> "Preprocessing":
    from netdef.preprocessing import Preprocessing

    transform = body.transform
    if mean is None and transform.mean_file:
        values = _mean(transform.mean_file)
    else:
        values = tuple(transform.mean_value)
    return Preprocessing(body.shape[1:], mean=values, scale=transform.scale)


def _check_known(known: "Deployment | None", mean: str | None) -> None:
    """See that the preprocessing of a net of the zoo is known, or that a mean is given."""
    from netdef.errors import ConfigError

    if known and known.preprocessing is None and mean is None:
        raise ConfigError(
            f"the zoo does not know how pictures are prepared for {known.weights.stem!r}; give"
            " --mean (0 for none), and --scale, --channel-order and --resize if it takes them"
        )


def _mean(text: str) -> tuple[float, ...]:
    from netdef.preprocessing import mean_of_channels

    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        return mean_of_channels(text)


def _size(text: str) -> int | tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(p.isdecimal() and int(p) for p in parts):
        raise click.UsageError(f"--resize {text}: give pixels, 256, or HEIGHTxWIDTH, 256x256")
    sides = tuple(map(int, parts))
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])
