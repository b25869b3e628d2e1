"""The nearest rows of features to one of them, and their pictures."""

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netdef.data.contact_sheet import contact_sheet
from netdef.data.image_file import read_image
from netdef.errors import ConfigError, MissingFile, did_you_mean
from netdef.feature_reading import FeatureTable

Metric = Literal["cosine", "euclidean"]


class Neighbour(NamedTuple):
    """A row and how far it is."""

    row: int
    distance: float


def row_of(table: FeatureTable, query: str) -> int:
    """Return the row that a name means: a picture's, the end of one alone, or a number from 0.

    Raises:
        ConfigError: there is none, or several have that end.
    """
    if query in table.names:
        return table.names.index(query)
    ends = [i for i, name in enumerate(table.names) if name.endswith(f"/{query}")]
    if len(ends) == 1:
        return ends[0]
    if ends:
        raise ConfigError(
            f"{query!r} is {table.names[ends[0]]!r}, {table.names[ends[1]]!r} or more"
        )
    if query.isdecimal() and int(query) < len(table.names):
        return int(query)
    raise ConfigError(
        f"no picture {query!r} in {len(table.names)} rows{did_you_mean(query, table.names)}"
    )


def neighbours(
    rows: NDArray[np.float32], query: int, k: int, metric: Metric = "cosine"
) -> list[Neighbour]:
    """Return the ``k`` rows nearest to one, itself left out, the nearest first.

    cosine: ``1 - x y / (|x| |y|)``, 1 where one is all 0; euclidean: ``|x - y|``.
    """
    if metric == "cosine":
        norms = np.linalg.norm(rows, axis=1)
        products = (rows @ rows[query]) / np.maximum(norms * norms[query], np.finfo("f4").tiny)
        distances = 1 - products
    else:
        distances = np.linalg.norm(rows - rows[query], axis=1)
    order = [i for i in np.argsort(distances, kind="stable").tolist() if i != query]
    return [Neighbour(i, float(max(distances[i], 0))) for i in order[:k]]


def picture_file(table: FeatureTable, row: int, folder: str | None) -> Path:
    """Return a row's picture: in ``folder``, or where the features are from, or by its own name.

    Raises:
        MissingFile: it is in none of them.
    """
    name = table.names[row]
    folders = [folder] if folder is not None else [*table.sources, "."]
    for each in folders:
        # A list of pictures names those beside it.
        for place in (Path(each), Path(each).parent):
            if (place / name).is_file():
                return place / name
    raise MissingFile(
        f"no picture {name!r} in {', '.join(folders)}; name their folder with --images"
    )


def neighbour_sheet(
    table: FeatureTable, query: int, found: list[Neighbour], folder: str | None = None
) -> NDArray[np.uint8]:
    """Return the pictures of a row and its neighbours with classes and distances below.

    Raises:
        MissingFile: a picture is not there.
        DataError: one is no picture.
    """
    classes = table.class_names()
    cells = []
    for place, one in enumerate([Neighbour(query, 0.0), *found]):
        label = classes.get(int(table.labels[one.row]), "")
        words = ["query", label] if place == 0 else [f"{one.distance:.2g}", label]
        pixels = read_image(str(picture_file(table, one.row, folder)), True)
        cells.append((pixels, " ".join(words)[:16]))
    return contact_sheet(cells)
