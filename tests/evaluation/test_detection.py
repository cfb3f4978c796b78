"""Areas and precisions against scikit-learn; the standard error against resampling; p-values by counting."""

import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from vaekit.errors import UserError
from vaekit.evaluation.detection import detection, share_at_least


@pytest.mark.parametrize("step", [0.0, 0.5])
def test_areas_are_those_of_scikit_learn_with_and_without_ties(
    step: float, generator: torch.Generator
) -> None:
    anomalous = torch.rand(300, generator=generator) < 0.2
    scores = torch.randn(300, generator=generator) + anomalous
    scores = scores if not step else (scores / step).round() * step
    found = detection(scores, anomalous)
    assert found.roc_auc == pytest.approx(roc_auc_score(anomalous, scores), abs=1e-12)
    assert found.average_precision == pytest.approx(average_precision_score(anomalous, scores), abs=1e-12)
    assert (found.anomalies, found.normal) == (int(anomalous.sum()), int((~anomalous).sum()))


def test_the_standard_error_is_the_spread_over_draws(generator: torch.Generator) -> None:
    """600 draws: the spread is known to 3 %, a limit of 12 % is 4 standard errors."""
    anomalous = torch.arange(60) < 20
    found = [detection(torch.randn(60, generator=generator) + anomalous, anomalous) for _ in range(600)]
    spread = torch.tensor([each.roc_auc for each in found]).std().item()
    told = torch.tensor([each.roc_auc_error**2 for each in found]).mean().sqrt().item()
    assert told == pytest.approx(spread, rel=0.12)


def test_one_kind_alone_is_refused() -> None:
    with pytest.raises(UserError, match="all examples are of one kind"):
        detection(torch.rand(5), torch.zeros(5, dtype=torch.bool))


def test_a_p_value_counts_the_normal_ones_that_score_as_high() -> None:
    normal = torch.arange(99.0)
    assert share_at_least(torch.tensor([-1.0, 0.0, 50.0, 98.0, 99.0]), normal).tolist() == [
        1.0, 1.0, 0.5, 0.02, 0.01,
    ]  # fmt: skip
