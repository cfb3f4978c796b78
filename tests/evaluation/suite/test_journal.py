from pathlib import Path

import pytest
import torch

from vaekit.evaluation.suite import Chunks, Journal

FACTS = ("key", 3, None)


def counted(value: float, calls: list[float]) -> dict[str, torch.Tensor]:
    calls.append(value)
    return {"x": torch.tensor([value, value / 3], dtype=torch.float64), "of/y": torch.tensor([int(value)])}


def test_a_chunk_is_computed_once_and_read_back_bit_for_bit(tmp_path: Path) -> None:
    calls: list[float] = []
    with Chunks(tmp_path / "c") as chunks:
        first = [chunks.get(i, lambda i=i: counted(0.1 * i, calls)) for i in range(3)]
    with Chunks(tmp_path / "c") as chunks:
        again = [chunks.get(i, lambda i=i: counted(0.1 * i, calls)) for i in range(4)]
    assert len(calls) == 4
    for one, other in zip(first, again, strict=False):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_was_finished_before_an_interruption_is_kept(tmp_path: Path) -> None:
    def stop() -> dict[str, torch.Tensor]:
        raise KeyboardInterrupt

    def measure(chunks: Chunks) -> None:
        with chunks:
            chunks.get(0, lambda: counted(5.0, []))
            chunks.get(1, stop)

    with pytest.raises(KeyboardInterrupt):
        measure(Chunks(tmp_path, every=1e9))
    assert Chunks(tmp_path).found == 1


def test_chunks_are_written_as_time_goes_by(tmp_path: Path) -> None:
    chunks = Chunks(tmp_path, every=0.0)
    for i in range(3):
        chunks.get(i, lambda i=i: counted(float(i), []))
        assert Chunks(tmp_path).found == i + 1


def test_a_damaged_chunk_is_measured_anew(tmp_path: Path) -> None:
    calls: list[float] = []
    with Chunks(tmp_path) as chunks:
        chunks.get(0, lambda: counted(1.0, calls))
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-8])
    Chunks(tmp_path).get(0, lambda: counted(1.0, calls))
    assert len(calls) == 2


def test_a_result_belongs_to_all_that_it_depends_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.kept("bounds", FACTS) is None
    journal.keep("bounds", FACTS, {"figures": [0.1]})
    assert journal.kept("bounds", FACTS) == {"figures": [0.1]}
    assert journal.kept("pictures", FACTS) is None
    assert journal.kept("bounds", ("key", 4, None)) is None


def test_a_finished_group_needs_no_chunks(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with journal.chunks("bounds", FACTS) as chunks:
        chunks.get(0, lambda: counted(1.0, []))
    assert journal.chunks("bounds", FACTS).found == 1
    journal.keep("bounds", FACTS, {})
    assert journal.chunks("bounds", FACTS).found == 0
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_fresh_forgets_results_and_chunks(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.keep("bounds", FACTS, {})
    with journal.chunks("bounds", FACTS) as chunks:
        chunks.get(0, lambda: counted(1.0, []))
    fresh = Journal(tmp_path, fresh=True)
    assert fresh.kept("bounds", FACTS) is None
    assert fresh.chunks("bounds", FACTS).found == 0


def test_a_damaged_result_is_measured_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.keep("bounds", FACTS, {"figures": []})
    (path,) = tmp_path.iterdir()
    path.write_text("{")
    assert journal.kept("bounds", FACTS) is None


def test_without_a_folder_nothing_is_kept() -> None:
    journal = Journal()
    journal.keep("bounds", FACTS, {})
    assert journal.kept("bounds", FACTS) is None
    calls: list[float] = []
    chunks = journal.chunks("bounds", FACTS)
    for _ in range(2):
        chunks.get(0, lambda: counted(1.0, calls))
    assert len(calls) == 2
