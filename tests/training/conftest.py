import pytest


@pytest.fixture(autouse=True)
def _short_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forecast takes its fewest steps instead of a second's worth."""
    monkeypatch.setattr("vaekit.training.forecast._MEASURE_SECONDS", 0.0)
