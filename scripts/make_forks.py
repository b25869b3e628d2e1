"""Gather which forks of Caffe add which fields and enum values to the messages of netdef.proto.

Reads the fact tables ``bvlc.tsv`` and ``fork_<name>.tsv`` of a folder given as the only
argument, and writes ``netdef/prototxt/forks.tsv``: message or enum, name, forks.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

from netdef.proto import DESCRIPTOR

FORKS = {
    "faster_rcnn": "Faster R-CNN",
    "flownet2": "FlowNet2",
    "happynear": "happynear's Caffe",
    "intel": "Intel Caffe",
    "jolibrain": "jolibrain's Caffe",
    "nvcaffe": "NVCaffe",
    "openpose": "OpenPose",
    "pspnet": "PSPNet",
    "refinedet": "RefineDet",
    "rfcn": "R-FCN",
    "segnet": "SegNet",
    "ssd": "SSD",
    "yjxiong": "yjxiong's Caffe",
}
TABLE = Path(__file__).resolve().parents[1] / "netdef" / "prototxt" / "forks.tsv"


def names(table: Path) -> set[tuple[str, str]]:
    """Return the (message or enum, name) pairs of a fact table."""
    with table.open(newline="") as rows:
        return {(row["message"], row["name"]) for row in csv.DictReader(rows, delimiter="\t")}


def gather(folder: Path) -> str:
    """Return the table of what forks have in netdef's messages that BVLC has not."""
    bvlc = names(folder / "bvlc.tsv")
    places = {*DESCRIPTOR.message_types_by_name, *DESCRIPTOR.enum_types_by_name}
    for name, message in DESCRIPTOR.message_types_by_name.items():
        places |= {f"{name}.{enum}" for enum in message.enum_types_by_name}
    having = defaultdict(list)
    for fork, title in FORKS.items():
        for place, name in names(folder / f"fork_{fork}.tsv") - bvlc:
            if place in places:
                having[place, name].append(title)
    rows = sorted((*key, ", ".join(titles)) for key, titles in having.items())
    return "".join("\t".join(row) + "\n" for row in rows)


if __name__ == "__main__":
    TABLE.write_text(gather(Path(sys.argv[1])))
