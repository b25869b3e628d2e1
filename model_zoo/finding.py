"""What ``zoo:NAME`` means where a net or weights are asked for."""

from pathlib import Path

from netdef.errors import MissingFile, unknown
from netdef.io.user_folder import user_folder
from netdef.model_zoo import nets
from netdef.model_zoo.cache import place
from netdef.model_zoo.weights_table import Published, table


def model(name: str) -> Path:
    """Return the prototxt of ``zoo:lenet`` or ``zoo:lenet/train_val``.

    Raises:
        UnknownType: no net is called so.
        ConfigError: the net has no such file.
    """
    return nets.prototxt(name)


def weights(name: str) -> Path:
    """Return the file of ``zoo:NAME``, the name of published weights or of a net.

    Weights that were fetched or imported go before those that come with the package.

    Raises:
        UnknownType: the zoo has no net and no weights of that name.
        MissingFile: they are not on this machine yet; how to get them.
    """
    rows = [row for row in table() if name in (row.name, row.net)]
    if not rows and name not in nets.names():
        known = {*nets.names(), *(row.name for row in table())}
        raise unknown("net or weights of the zoo", name, known)
    for each in (name, *(row.name for row in rows)):
        if place(each).is_file():
            return place(each)
    packaged = nets.packaged_weights(name)
    if packaged:
        return packaged
    raise MissingFile(_how_to_get(name, rows))


def _how_to_get(name: str, rows: list[Published]) -> str:
    take = "netdef zoo import FILE takes a file in"
    if not rows:
        return f"the zoo knows of no published weights for {name!r}; {take}"
    fetch = f"netdef zoo fetch {rows[0].name} downloads them from {rows[0].url}"
    return f"the weights {rows[0].name!r} are not in {user_folder()}; {fetch}, and {take}"
