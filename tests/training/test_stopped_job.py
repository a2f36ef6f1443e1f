"""A training job that is told to stop: soon, cleanly, with the best model so far."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from training.artifact import files as artifact

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def running(job):
    """A long job in its own process, past its first stored model."""
    job.set_hyperparameters(epochs="5000")
    process = subprocess.Popen(
        [sys.executable, "-m", "training", "train", "--root", str(job.root)],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1", "SCONES_SEED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell has what it starts in the background ignore Ctrl-C, and that would be inherited.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        while "Epoch[2]" not in process.stdout.readline():
            assert process.poll() is None, process.stderr.read()
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("number", "times", "status"), [(signal.SIGTERM, 1000, 143), (signal.SIGINT, 1, 130)]
)
def test_a_job_that_is_stopped_ends_soon_with_its_best_model_whole(job, running, number, times, status):
    """However often SIGTERM is sent, as by a supervisor that does not wait."""
    began = time.monotonic()
    for _ in range(times):
        running.send_signal(number)
        if running.poll() is not None:
            break
        time.sleep(0.001)
    _, err = running.communicate(timeout=60)
    assert time.monotonic() - began < 20
    assert running.returncode == status
    assert err == ("" if status == 143 else "Interrupted.\n")
    artifact.load(job.root / "model")
    assert not list((job.root / "model").glob("*.unfinished"))
