import json

from click.testing import CliRunner
from comparison import Comparison
from report import Report, main, put_growing
from targets import TRAINING

from netdef.errors import ConfigError
from tests.benchmarks.made_results import result


def test_each_net_that_is_done_is_in_the_file(tmp_path):
    report = Report(tmp_path / "cpu.md")

    def nets():
        for name in ("lenet", "alexnet"):
            yield [result("netdef", 10, net=name), result("torch tuned", 20, "NCHW", name)]
            assert f"{name} (64)" in report.path.read_text()
            assert f"{name}, batch 64, f32" in report.path.read_text()

    how = Comparison((), 1, 1.0, 1, (), False, tmp_path / "cpu.json")
    put_growing(report, how, "Training", nets(), TRAINING)
    assert [r["net"] for r in json.loads(how.json_path.read_text())][::2] == ["lenet", "alexnet"]
    assert report.path.read_text().count("geometric mean  torch tuned") == 1


def test_a_processor_without_bf16_is_told_of(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise ConfigError("this one has not")

    monkeypatch.setattr("report.checked_precision", refuse)
    ran = CliRunner().invoke(main, ["--parts", "bf16", "--out", str(tmp_path / "cpu.md")])
    assert ran.exit_code == 0, ran.output
    assert (
        "## Training step, bf16\n\n```\nthis one has not\n```" in (tmp_path / "cpu.md").read_text()
    )


def test_an_unknown_part_is_bad_usage():
    ran = CliRunner().invoke(main, ["--parts", "trainings"])
    assert ran.exit_code == 2
    assert "'trainings' is not one of training, bf16, inference, roofline" in ran.output
