"""``netdef convert``: files of other kinds into databases, one kind a file."""

import click

from netdef.tools.lazy_group import LazyGroup

COMMANDS = {
    "mnist": "Make databases from the four files of MNIST.",
    "cifar10": "Make databases from the binary files of CIFAR-10.",
    "cifar100": "Make databases from the binary files of CIFAR-100.",
    "digits": "Make databases from scikit-learn's handwritten digits.",
    "imageset": "Make a database from a list of images.",
    "csv": "Make an HDF5 file or a database from numbers in columns.",
    "hdf5": "Make a database from an HDF5 file.",
    "db": "Make a database of one kind from one of another, or an HDF5 file.",
    "text": "Make HDF5 files of characters from a text.",
}


@click.group("convert", cls=LazyGroup, package=__name__, commands_by_name=COMMANDS)
def command() -> None:
    """Make databases from MNIST, digits or a list of images, or HDF5 files from a text."""
