"""What ``zoo:NAME`` means to a command that looks at pictures: a net that deploys."""

from netdef.deployment import Deployment
from netdef.errors import ConfigError
from netdef.model_zoo import finding, nets
from netdef.model_zoo.weights_table import Published, table
from netdef.preprocessing import Preprocessing, usual_resize


def deployment(name: str) -> Deployment:
    """Return the net, weights, labels and preprocessing of a net of the zoo, or of weights.

    ``lenet/train_val`` is another prototxt of the net. Labels and preprocessing are as
    weights.tsv has them; it may know neither.

    Raises:
        UnknownType: nothing in the zoo is called so.
        MissingFile: the weights are not on this machine yet; how to fetch them.
        ConfigError: the weights fit no net of the zoo.
    """
    name, _, form = name.partition("/")
    weights = finding.weights(name)
    row = next((row for row in table() if name in (row.name, row.net)), None)
    net = row.net if row else name
    if not net:
        raise ConfigError(
            f"the zoo has no net for the weights {name!r}; give its prototxt to --model and"
            f" zoo:{name} to --weights"
        )
    labels = nets.class_names(row.classes) if row and row.classes else []
    prototxt = nets.prototxt(f"{net}/{form}" if form else net)
    return Deployment(prototxt, weights, labels, _preprocessing(row) if row else None)


def _preprocessing(row: Published) -> Preprocessing | None:
    if row.mean == "image" or not row.size or not row.channel_order:
        return None
    crop = int(row.size), int(row.size)
    return Preprocessing(
        crop=crop,
        resize=usual_resize(crop),
        mean=tuple(map(float, row.mean.split(","))),
        scale=float(row.scale),
        channel_order="rgb" if row.channel_order == "rgb" else "bgr",
    )
