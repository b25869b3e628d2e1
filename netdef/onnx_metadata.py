"""What an ONNX model tells of its net besides numbers: class names, how pictures are prepared."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from netdef.errors import DataError
from netdef.preprocessing import Preprocessing

_LABELS, _PREPROCESSING = "netdef.labels", "netdef.preprocessing"


def to_metadata(labels: Sequence[str], preprocessing: Preprocessing | None) -> dict[str, str]:
    """Return entries for ``metadata_props``: JSON under ``netdef.labels`` and
    ``netdef.preprocessing``.

    What is not known has no entry. The second is what ``preprocessing.json`` holds.
    """
    entries = {}
    if labels:
        entries[_LABELS] = json.dumps(list(labels), ensure_ascii=False)
    if preprocessing:
        entries[_PREPROCESSING] = json.dumps(asdict(preprocessing))
    return entries


def from_metadata(entries: Mapping[str, str]) -> tuple[list[str], Preprocessing | None]:
    """Return what ``to_metadata`` was given; nothing where there are no such entries.

    Raises:
        ConfigError: the preprocessing cannot be.
        DataError: an entry is damaged.
    """
    try:
        labels = [str(label) for label in json.loads(entries.get(_LABELS, "[]"))]
        held = json.loads(entries.get(_PREPROCESSING, "null"))
        pairs: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in (held or {}).items()
        }
        return labels, Preprocessing(**pairs) if pairs else None
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"its metadata are damaged ({error})") from error
