"""Features on a plane: near to each other what is alike."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netdef.errors import DataError, RunError
from netdef.feature_reading import FeatureTable
from netdef.feature_rows import NO_LABEL
from netdef.plotting import new_figure, save_figure

Method = Literal["pca", "tsne"]
Points = NDArray[np.float64]

_FEWEST = 3
_AXES_FOR_TSNE = 50
_PERPLEXITY = 30.0
_COLORS = 20


def place(rows: NDArray[np.float32], method: Method) -> tuple[Points, list[float]]:
    """Return a point for each row, and of PCA the part of the variance that each axis shows.

    PCA: the first two right singular vectors of the rows less their mean. t-SNE: of the first
    50 principal components, by scikit-learn.

    Shapes:
        rows: ``(N, D)``; points: ``(N, 2)``.

    Raises:
        DataError: there are fewer than three rows, or all are equal.
        RunError: t-SNE is asked for, and scikit-learn is not installed.
    """
    if len(rows) < _FEWEST:
        raise DataError(f"{len(rows)} rows make no map; give {_FEWEST} or more")
    axes = 2 if method == "pca" else _AXES_FOR_TSNE
    components, parts = _components(rows, axes)
    return (components, parts) if method == "pca" else (_tsne(components), [])


def _components(rows: NDArray[np.float32], axes: int) -> tuple[Points, list[float]]:
    centred = rows.astype(np.float64) - rows.mean(0, dtype=np.float64)
    left, sizes, right = np.linalg.svd(centred, full_matrices=False)
    power = sizes**2
    if power.sum() <= np.finfo(np.float64).eps:
        raise DataError("all rows are equal; there is nothing to draw")
    # A singular vector's sign is anybody's choice: let its largest element be positive.
    signs = np.sign(right[range(len(right)), np.abs(right).argmax(1)])
    signs[signs == 0] = 1
    points = left * sizes * signs
    if points.shape[1] < axes:
        points = np.pad(points, ((0, 0), (0, max(0, 2 - points.shape[1]))))
    return points[:, :axes], (power / power.sum())[:axes].tolist()


def _tsne(points: Points) -> Points:
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise RunError(
            "t-SNE is scikit-learn's, which is not installed; pip install 'netdef[features]', or"
            " take --method pca"
        ) from error
    perplexity = min(_PERPLEXITY, (len(points) - 1) / 3)
    found: Points = TSNE(random_state=0, perplexity=perplexity).fit_transform(points)
    return found


def draw_map(
    table: FeatureTable,
    points: Points,
    parts: list[float],
    names: dict[int, str],
    title: str,
    path: str | Path,
) -> None:
    """Draw points in the colours of their classes, which ``names`` calls, by matplotlib.

    Raises:
        ConfigError: the picture's ending is unknown.
        RunError: matplotlib is not installed, or the file cannot be written.
    """
    figure = new_figure(path, 8, 6)
    from matplotlib import colormaps

    axis = figure.subplots()
    labels = sorted(set(table.labels.tolist()))
    colors = colormaps["tab10" if len(labels) <= 10 else "tab20"]
    for number, label in enumerate(labels):
        own = points[table.labels == label]
        color = "#888888" if label == NO_LABEL else colors(number % _COLORS)
        name = "no class" if label == NO_LABEL else names.get(label, str(label))
        axis.scatter(own[:, 0], own[:, 1], s=14, color=[color], alpha=0.8, label=name)
    if labels != [NO_LABEL]:
        figure.legend(loc="outside right upper", fontsize="small")
    shown = [f" ({part:.1%} of the variance)" for part in parts] or ["", ""]
    axis.set(title=title, xlabel=f"axis 1{shown[0]}", ylabel=f"axis 2{''.join(shown[1:2])}")
    axis.grid(alpha=0.3)
    save_figure(figure, path)
