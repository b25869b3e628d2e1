"""The batches of data.py as a user of PyTorch makes them."""

import random
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from netdef.proto import Datum

RAW_CROP = 28
RESIZED, CROP = 256, 227
MEAN = np.array([104, 117, 123], np.float32).reshape(3, 1, 1)
Item = tuple[torch.Tensor, int]


def raw_loader(path: str, batch: int, workers: int) -> Any:
    """Return a loader of crops of the raw pixels in an LMDB."""
    return _loader(RawDataset(path), batch, workers)


def photo_loader(path: str, batch: int, workers: int) -> Any:
    """Return a loader of crops of the JPEG files that a list names."""
    return _loader(PhotoDataset(path), batch, workers)


def _loader(dataset: Dataset[Item], batch: int, workers: int) -> Any:
    return DataLoader(
        dataset, batch, num_workers=workers, drop_last=True, persistent_workers=workers > 0
    )


class RawDataset(Dataset[Item]):
    """The records of an LMDB, each process with an environment of its own."""

    def __init__(self, path: str) -> None:
        self._path, self._transaction = path, None
        with lmdb.open(path, readonly=True, lock=False) as database:
            self._count = database.stat()["entries"]

    def __len__(self) -> int:
        return int(self._count)

    def __getitem__(self, number: int) -> Item:
        if self._transaction is None:
            database = lmdb.open(self._path, readonly=True, lock=False, readahead=False)
            self._transaction = database.begin()
        datum = Datum.FromString(self._transaction.get(b"%08d" % number))
        shape = (datum.channels, datum.height, datum.width)
        image = np.frombuffer(datum.data, np.uint8).reshape(shape)
        return _cropped(image, RAW_CROP), datum.label


class PhotoDataset(Dataset[Item]):
    """Files decoded and resized by Pillow."""

    def __init__(self, path: str) -> None:
        lines = Path(path).read_text().splitlines()
        self._entries = [line.rsplit(maxsplit=1) for line in lines]

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, number: int) -> Item:
        name, label = self._entries[number]
        with Image.open(name) as file:
            image = file.convert("RGB").resize((RESIZED, RESIZED), Image.Resampling.BILINEAR)
        return _cropped(np.asarray(image).transpose(2, 0, 1), CROP), int(label)


def _cropped(image: np.ndarray[Any, Any], size: int) -> torch.Tensor:
    top, left = (random.randint(0, length - size) for length in image.shape[1:])
    part = image[:, top : top + size, left : left + size]
    if random.random() < 0.5:
        part = part[..., ::-1]
    return torch.from_numpy(part - MEAN)
