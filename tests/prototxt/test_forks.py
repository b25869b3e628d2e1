"""The table of what forks add is that of the fact tables."""

import csv
import importlib.util
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from netdef.prototxt.forks import whose

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_is_current(shared: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_forks", ROOT / "scripts/make_forks.py")
    assert spec is not None and spec.loader is not None
    make_forks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_forks)
    written = (ROOT / "netdef/prototxt/forks.tsv").read_text()
    assert written == make_forks.gather(shared / "schema")


def test_who_has_a_field() -> None:
    assert whose("LayerParameter", "accum_param") == "; only the fork FlowNet2 has it"
    assert whose("LayerParameter", "box_annotator_ohem_param") == (
        "; only the forks Intel Caffe and R-FCN have it"
    )
    assert whose("LayerParameter", "no_such_param") == ""


OTHER_DEFAULTS = {
    ("BNParameter", "bn_mode"): "LEARN, if the layer is of SegNet's kind",
    ("ROIPoolingParameter", "spatial_scale"): "jolibrain's is another than Fast R-CNN's",
}
NOT_THERE = {
    ("DetectionOutputParameter", "objectness_score"): "RefineDet's layer of that name",
    ("DetectionOutputParameter", "output_logits"): "jolibrain's own",
    ("InterpParameter", "mode"): "jolibrain's own",
    ("NonMaximumSuppressionParameter", "soft_nms"): "jolibrain's own",
    ("NonMaximumSuppressionParameter", "theta"): "jolibrain's own",
    ("ROIPoolingParameter", "pooled_size"): "Intel's own",
    ("SaveOutputParameter", "resize_param"): "nothing is saved",
}
FORK_MESSAGES = {
    "BNParameter": ("happynear", "pspnet", "segnet", "yjxiong"),
    "DetectionOutputParameter": ("ssd", "intel", "jolibrain", "refinedet"),
    "InterpParameter": ("pspnet", "jolibrain"),
    "NonMaximumSuppressionParameter": ("ssd", "jolibrain"),
    "NormalizeParameter": ("ssd",),
    "PSROIPoolingParameter": ("rfcn", "intel"),
    "PermuteParameter": ("ssd",),
    "PriorBoxParameter": ("ssd", "nvcaffe"),
    "ROIPoolingParameter": ("faster_rcnn", "intel"),
    "SaveOutputParameter": ("ssd",),
    "ShuffleChannelParameter": ("jolibrain",),
    "UpsampleParameter": ("segnet", "jolibrain"),
}


def test_fields_of_the_forks_layers_are_there_with_their_defaults(shared: Path) -> None:
    [file] = FileDescriptorSet.FromString((ROOT / "netdef/proto/netdef.desc").read_bytes()).file
    mine = {(m.name, f.name): f.default_value for m in file.message_type for f in m.field}
    tried = 0
    for message, forks in FORK_MESSAGES.items():
        for fork in forks:
            with open(shared / f"schema/fork_{fork}.tsv", newline="") as table:
                rows = list(csv.DictReader(table, delimiter="\t"))
            for row in rows:
                place = row["message"], row["name"]
                if (row["kind"], row["message"]) == ("field", message) and place not in NOT_THERE:
                    assert mine[place] == row["default"] or place in OTHER_DEFAULTS, place
                    tried += 1
    assert tried > 100
