from pathlib import Path

from vaekit.training.metrics import Metrics, read_metrics


def test_rows_come_back_as_numbers(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "m.csv")
    metrics.add({"epoch": 1, "step": 11, "train_loss": 1 / 3})
    metrics.add({"epoch": 2, "step": 22, "train_loss": -float("inf")})
    assert (tmp_path / "m.csv").read_text().splitlines()[:2] == ["epoch,step,train_loss", "1,11,0.333333333"]
    assert read_metrics(tmp_path / "m.csv") == [
        {"epoch": 1, "step": 11, "train_loss": 0.333333333},
        {"epoch": 2, "step": 22, "train_loss": -float("inf")},
    ]


def test_rows_after_the_step_that_is_resumed_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    metrics = Metrics(path)
    for step in (11, 22, 33):
        metrics.add({"step": step, "loss": 0.1 * step})
    whole = path.read_text()
    for until, kept in ((0, 0), (21, 1), (22, 2), (40, 3)):
        path.write_text(whole)
        resumed = Metrics(path, until=until)
        assert len(resumed.rows) == kept
        for step in (11, 22, 33)[kept:]:
            resumed.add({"step": step, "loss": 0.1 * step})
        assert path.read_text() == whole


def test_a_new_run_starts_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("step\n1\n")
    Metrics(tmp_path / "m.csv").add({"step": 7})
    assert (tmp_path / "m.csv").read_text() == "step\n7\n"


def test_a_column_may_begin_late(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "m.csv")
    metrics.add({"step": 1})
    metrics.add({"step": 2, "more": 0.5})
    assert read_metrics(tmp_path / "m.csv") == [{"step": 1}, {"step": 2, "more": 0.5}]


def test_no_file_has_no_rows(tmp_path: Path) -> None:
    assert read_metrics(tmp_path / "none.csv") == []
    assert Metrics(tmp_path / "none.csv", until=5).rows == []
