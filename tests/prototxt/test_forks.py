"""The table of what forks add is that of the fact tables."""

import importlib.util
from pathlib import Path

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
