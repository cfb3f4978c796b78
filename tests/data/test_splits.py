import pytest

from vaekit.data.splits import SplitOptions
from vaekit.errors import UserError


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 1.5, float("nan")])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_fraction_outside_the_open_interval_is_refused(name, fraction):
    with pytest.raises(UserError, match=f"the {name} fraction must lie between 0 and 1"):
        SplitOptions(**{name: fraction})


def test_fractions_must_leave_something_to_train_on():
    with pytest.raises(UserError, match="leave nothing to train on"):
        SplitOptions(validation=0.5, test=0.5)
    assert SplitOptions(validation=0.5, test=0.49).test == 0.49


def test_a_negative_seed_is_refused():
    with pytest.raises(UserError, match="seed of the split must be at least 0"):
        SplitOptions(seed=-1)
