"""Who a process is, as torchrun and SLURM tell it."""

import pytest

from vaekit.errors import UserError
from vaekit.training.options import TrainingOptions
from vaekit.training.ranks import ALONE, Ranks, check_division, from_environment, speaks
from vaekit.training.run import agreed

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "host",
    "MASTER_PORT": "29500",
}
SLURM = {
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_STEP_NUM_NODES": "2",
    "SLURM_STEP_NODELIST": "gpu[3-4]",
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
    "SLURM_JOB_ID": "42",
}


def test_torchrun_and_slurm_say_the_same() -> None:
    assert from_environment(TORCHRUN) == Ranks(5, 8, 1, 4, "host", 29500)
    assert from_environment(SLURM) == Ranks(5, 8, 1, 4, "gpu3", 15042)
    named = {**SLURM, "MASTER_ADDR": "host", "MASTER_PORT": "29500"}
    assert from_environment(named) == from_environment(TORCHRUN)
    assert from_environment({**SLURM, **TORCHRUN, "RANK": "1"}).rank == 1  # torchrun inside of a step


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"RANK": "3", "WORLD_SIZE": "4"},  # of machines, as some containers have it
        {"SLURM_PROCID": "0", "SLURM_NTASKS": "8", "SLURM_JOB_ID": "1"},  # a batch script without srun
        {**TORCHRUN, "WORLD_SIZE": "1", "RANK": "0", "LOCAL_RANK": "0"},
    ],
)
def test_a_process_of_its_own_is_alone(environment: dict[str, str]) -> None:
    assert from_environment(environment) == ALONE
    assert speaks(environment)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"MASTER_PORT": "no"}, "garbles"),
        ({"RANK": "8"}, "process 8 of 8"),
        ({"LOCAL_RANK": "2"}, "neighbouring ranks"),
        ({"LOCAL_WORLD_SIZE": "3", "LOCAL_RANK": "2"}, "as many processes"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_environment({**TORCHRUN, **change})
    assert speaks({**TORCHRUN, **change})


def test_one_process_speaks() -> None:
    assert not speaks(SLURM)
    assert speaks({**SLURM, "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})


@pytest.mark.parametrize(
    ("batch", "shards", "processes", "accumulate"),
    [(128, 16, 16, 1), (36, 16, 2, 2), (6, 16, 2, 3), (7, 3, 1, 1)],
)
def test_what_divides_is_taken(batch: int, shards: int, processes: int, accumulate: int) -> None:
    check_division(batch, shards, processes, accumulate)


def test_the_numbers_that_are_proposed_do_divide() -> None:
    with pytest.raises(UserError, match="add --shards 48"):
        check_division(96, 16, 6, 8)
    check_division(96, 48, 6, 8)
    with pytest.raises(UserError, match="6 devices × 8 micro-batches: try --batch_size 96"):
        check_division(128, 48, 6, 8)


def test_options_and_processes_agree() -> None:
    two = Ranks(1, 2, 1, 2)
    assert agreed(TrainingOptions(), ALONE) == TrainingOptions(devices=1)
    assert agreed(TrainingOptions(), two) == agreed(TrainingOptions(devices=2), two)
    with pytest.raises(UserError, match=r"2 processes were started .* --devices 4"):
        agreed(TrainingOptions(devices=4), two)
    with pytest.raises(UserError, match="torchrun --nproc_per_node 2"):
        agreed(TrainingOptions(devices=2), ALONE)
    with pytest.raises(UserError, match="a batch of 127"):
        agreed(TrainingOptions(batch_size=127), two)
