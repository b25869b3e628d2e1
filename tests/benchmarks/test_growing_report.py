from growing_report import GrowingReport


def test_the_file_grows_and_is_whole_at_any_time(tmp_path):
    report = GrowingReport(tmp_path / "cpu.md", "netdef on a CPU")
    report.put("Machine", "two cores", "python report.py")
    assert report.path.read_text() == (
        "# netdef on a CPU\n\n## Machine\n\n```\ntwo cores\n```\n```\npython report.py\n```\n"
    )
    report.put("Training", "one net")
    report.put("Training", "two nets")
    assert report.path.read_text().endswith("\n\n## Training\n\n```\ntwo nets\n```\n")
