import numpy as np
from machine import describe_machine


def test_it_names_the_processor_and_the_versions():
    processor, load, versions, commit = describe_machine().splitlines()
    assert processor.startswith("processor  ") and " cores, " in processor
    assert load.startswith("load  ")
    assert f"numpy {np.__version__}" in versions
    assert commit.split()[0] == "commit"


def test_a_machine_without_git(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_machine().endswith("commit     unknown")
