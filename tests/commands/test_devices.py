"""Several devices from one command, through the public door: two processes on this machine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.support import in_its_own_process, refused, wait_for
from vaekit import api
from vaekit.errors import UserError
from vaekit.training.files import read_tensors
from vaekit.training.launch import free_port

# Of a batch, in 16 shards of 9 examples, each process takes 8 shards; an epoch is 9 steps.
SHAPE = {"latents": 2, "batch_size": 144, "epochs": 30, "ema": 0.9, "sheets": 0, "prior": "standard"}
SHAPE["device"] = "cpu"
TYPED = [
    "digits",
    "--hidden",
    "16",
    *(word for name, value in SHAPE.items() for word in (f"--{name}", value)),
]
LINUX = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds processes in /proc")


def processes_of(launcher: int) -> dict[int, int]:
    """Process numbers by rank."""
    found: dict[int, int] = {}
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        told = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        rank = next(word for word in told if word.startswith(b"RANK="))
        found[int(rank.removeprefix(b"RANK="))] = int(child)
    return found


def assert_same(one: Path, other: Path, names: tuple[str, ...], near: float = 0.0) -> None:
    for name in names:
        tensors, _ = read_tensors(one / name)
        others, _ = read_tensors(other / name)
        assert tensors.keys() == others.keys()
        for key, value in tensors.items():
            distance = (others[key].double() - value.double()).norm() / value.double().norm().clamp(min=1e-30)
            assert distance <= near, (name, key)


WHOLE = ("model.safetensors", "checkpoints/last.safetensors")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A script under torchrun, whose `vaekit.train` is called in each process."""
    folder = tmp_path_factory.mktemp("devices")
    script, run = folder / "script.py", folder / "whole"
    script.write_text(f"import vaekit\nvaekit.train('digits', out={str(run)!r}, hidden=(16,), **{SHAPE!r})\n")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    command += ["--master_port", str(free_port()), str(script)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("parameters, latents") == 1
    return run


def test_processes_started_by_torchrun_leave_one_run(whole: Path) -> None:
    config = yaml.safe_load((whole / "config.yaml").read_text())
    assert (config["devices"], config["nodes"]) == (2, 1)
    assert [path.name for path in whole.parent.iterdir() if path.is_dir()] == ["whole"]


def resumed_by_slurm(rank: int, run: Path) -> subprocess.Popen[str]:
    """One of two processes, as srun would start it."""
    told = {"SLURM_STEP_NUM_TASKS": 2, "SLURM_STEP_NUM_NODES": 1, "SLURM_STEP_NODELIST": "127.0.0.1"}
    told |= {"SLURM_PROCID": rank, "SLURM_LOCALID": rank, "SLURM_JOB_ID": os.getpid(), "SLURM_NTASKS": 2}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"} | {name: str(value) for name, value in told.items()}
    script = "import sys, vaekit; vaekit.resume(sys.argv[1])"  # which neither measures nor draws
    return subprocess.Popen(
        [sys.executable, "-c", script, str(run)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@LINUX
def test_a_run_that_died_and_was_stopped_ends_alike(whole: Path, tmp_path: Path) -> None:
    """Process 1 is killed, and the other ends with a sentence; gone on with by the command, process 1 is asked to
    stop, and all do; gone on with as under srun, where process 1 sees the folder nowhere, the run ends as the
    uninterrupted one; alone, close to it."""
    cut, last = tmp_path / "cut", tmp_path / "cut" / "checkpoints" / "last.safetensors"
    launcher = in_its_own_process("train", *TYPED, "--devices", 2, "--out", cut)
    wait_for(last, launcher)
    os.kill(processes_of(launcher.pid)[1], signal.SIGKILL)
    out, error = launcher.communicate(timeout=60)
    assert launcher.returncode == 2, "the run ended before the signal arrived: make it longer"
    assert out.count("parameters, latents") == 1
    assert error == (
        "vaekit: one of the 2 processes of this training ended without a word: it was killed, or its machine "
        f"had no memory left; to go on from the last checkpoint: vaekit train --resume {cut}\n"
    )

    before = last.stat().st_mtime_ns
    launcher = in_its_own_process("train", "--resume", cut)
    while last.stat().st_mtime_ns == before and launcher.poll() is None:
        time.sleep(0.01)
    os.kill(processes_of(launcher.pid)[1], signal.SIGTERM)
    out, error = launcher.communicate(timeout=60)
    assert (launcher.returncode, error) == (130, ""), (
        "the run ended before the signal arrived: make it longer"
    )
    assert out.count(f"stopped and saved; to go on: vaekit train --resume {cut}\n") == 1
    shutil.copytree(cut, tmp_path / "alone")

    both = [resumed_by_slurm(rank, run) for rank, run in enumerate((cut, tmp_path / "elsewhere"))]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0].startswith(f"resuming {cut} at step ")
    assert said[1] == ("", "")
    assert_same(whole, cut, WHOLE)

    alone = api.resume(tmp_path / "alone", quiet=True)
    assert alone.config.training.devices == 1
    # Hundreds of steps in single precision: a unit that rounding moves over its edge may show.
    assert_same(whole, alone.folder.path, ("model.safetensors",), near=1e-2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--devices", 3], ["batch of 128", "3 devices", "--batch_size 126"]),
        (["--devices", 2, "--accumulate", 16], ["16 shards", "2 devices × 16 micro-batches", "--shards 32"]),
        (["--devices", 2, "--nodes", 2], ["MASTER_ADDR, MASTER_PORT, NODE_RANK", "srun"]),
        (["--devices", 0], ["--devices must be positive"]),
        (["--accumulate", 2, "--free_bits", 0.1], ["free bits", "--accumulate"]),
        (["--accumulate", 4, "--batch_size", 2000, "--epochs", 1], ["a batch of 1437", "--batch_size 1436"]),
    ],
)
def test_what_does_not_divide_is_refused(
    options: list[object],
    words: list[str],
    vaekit: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)  # other tests start engines in this process
    refused(vaekit("train", "digits", *options, "--out", tmp_path / "run"), *words)
    assert not (tmp_path / "run").exists()


def test_who_fails_before_it_has_met_the_others_says_so_itself(
    vaekit: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rank 0, which speaks for all, waits for it and knows nothing."""
    told = {"RANK": 1, "WORLD_SIZE": 2, "LOCAL_RANK": 1, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}
    for name, value in told.items():
        monkeypatch.setenv(name, str(value))
    outcome = vaekit("train", "digits", "--devices", 4, "--out", tmp_path / "run")
    refused(outcome, "process 1 of 2: 2 processes were started on each of 1 machines", "--devices 4")


def test_from_a_script_several_devices_need_torchrun(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="torchrun --nproc_per_node 2"):
        api.train("digits", devices=2, out=tmp_path / "run")


def test_the_command_starts_the_processes_of_a_run_that_goes_on(
    vaekit: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as it had, unless others are asked for."""
    started: list[tuple[list[str], int, int]] = []

    def launch(arguments: list[str], devices: int, nodes: int) -> int:
        started.append((arguments, devices, nodes))
        return 0

    monkeypatch.setattr("vaekit.training.launch.launch", launch)
    (tmp_path / "config.yaml").write_text("data: digits\ndevices: 2\nnodes: 4\n")
    for more in ([], ["--devices", "4"], ["--devices=1", "--nodes", "2"]):
        assert vaekit("train", "--resume", tmp_path, *more).code == 0
    assert [(devices, nodes) for _, devices, nodes in started] == [(2, 4), (4, 4), (1, 2)]
    typed = [word for word in started[1][0] if word not in ("--report", "none")]  # the fixture's own words
    assert typed == ["train", "--resume", str(tmp_path), "--devices", "4"]
    assert vaekit("train", "--config", tmp_path / "config.yaml", "--devices", "2").code == 0
    assert started[-1][1:] == (2, 4)
