"""docs/training.md tells of every field of a solver that Caffe does not have."""

import re
from pathlib import Path

from netdef.proto import SolverParameter
from netdef.solvers.policies import POLICIES
from netdef.solvers.rule import SOLVERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text()
_OWN = 2000


def test_every_field_of_netdefs_own_has_its_row_and_its_default():
    rows = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (\S*) ?\|", PAGE, re.MULTILINE))
    own = {f.name: f for f in SolverParameter.DESCRIPTOR.fields if f.number >= _OWN}
    assert set(rows) == set(own)
    for name, default in rows.items():
        assert not default or default == _default(own[name])


def _default(field):
    """Return a field's default as a prototxt has it."""
    if field.enum_type:
        return field.enum_type.values_by_number[field.default_value].name
    if isinstance(field.default_value, bool | str):
        return str(field.default_value).lower()
    return f"{field.default_value:g}"


def test_every_type_and_policy_is_told():
    for name in (*SOLVERS, "cosine", "onecycle", "plateau"):
        assert f"`{name}`" in PAGE
    assert {"cosine", "onecycle", "plateau"} < set(POLICIES)
