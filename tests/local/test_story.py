"""The story of a long command: a line a step on the terminal, all of it in the log."""

import sys
from pathlib import Path

import pytest

from local.story import main, tell

DEPLOY = """\
Successfully synthesized to /project/cdk.out
On AWS these settings cost $0.06 an hour, $1.55 a day (us-east-1, list prices)
Supply a stack id (scones-storage, scones-training) to display its template.
 ⏳  Bootstrapping environment aws://000000000000/us-east-1...
CDKToolkit |  1/15 | 11:48:50 AM | CREATE_COMPLETE         | AWS::IAM::Role             | ExecutionRole
✅  Environment aws://000000000000/us-east-1 bootstrapped.

✨  Synthesis time: 0.01s

scones-storage: start: Building scones-storage Template
scones-storage: creating CloudFormation changeset...
scones-storage: deploying... [1/1]
scones-storage | 0/9 | 11:48:56 AM | CREATE_IN_PROGRESS      | AWS::CloudFormation::Stack  | scones-storage

✅  scones-storage

✨  Deployment time: 5.05s

Outputs:
scones-storage.BucketName = scones-storage-bucket83908e77
Stack ARN:
arn:aws:cloudformation:us-east-1:000000000000:stack/scones-storage/fc4b76e4

✨  Total time: 5.67s

Uploading: 550 of 1100 pictures
Staged: s3://bucket/datasets/0eb9/ (900 train, 100 validation, 100 test pictures of a, b)
scones-storage

✅  scones-storage (no changes)

✨  Deployment time: 0s

training: This training takes about 4 minutes on this machine, for 8 epochs. Quick here: epochs=8
training: [11/26/2026 11:49:18 INFO 140] Features of the frozen layers: view 1 of 4, 900 images
training: [11/26/2026 11:49:50 INFO 140] Features of the frozen layers: view 1 of 1, 100 images
training: [11/26/2026 11:50:00 INFO 140] Epoch[0] Batch [20]\tSpeed: 130.766 samples/sec\taccuracy=0.877976
training: [11/26/2026 11:50:02 INFO 140] Epoch[0] Validation-accuracy=0.900000
❌  scones-training failed: ToolkitError: Validation accuracy 0.9 is below accuracy_gate 0.95
"""


def test_a_deploy_is_a_line_a_stack_and_what_went_wrong_is_told() -> None:
    assert list(tell(DEPLOY.splitlines())) == [
        "On AWS these settings cost $0.06 an hour, $1.55 a day (us-east-1, list prices)",
        "Bootstrapped: what the CDK itself needs is there",
        "Deployed: scones-storage (5 s)",
        "Staged: s3://bucket/datasets/0eb9/ (900 train, 100 validation, 100 test pictures of a, b)",
        "  training: takes about 4 minutes on this machine",
        "  training: features of 900 images, view 1 of 4",
        "  training: epoch 1, validation accuracy 90.0%",
        "❌  scones-training failed: ToolkitError: Validation accuracy 0.9 is below accuracy_gate 0.95",
    ]


def test_a_stack_that_a_second_run_leaves_alone_is_called_unchanged() -> None:
    lines = ["✅  scones-storage (no changes)", "", "✨  Deployment time: 0s"]
    assert list(tell(lines)) == ["Unchanged: scones-storage"]


def test_the_log_has_every_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs" / "demo.log"
    program = (
        f"import sys; sys.stdout.write({DEPLOY!r}); sys.stdout.flush(); print('of errors', file=sys.stderr)"
    )
    assert main([str(log), sys.executable, "-c", program]) == 0
    assert log.read_text().splitlines()[:-1] == DEPLOY.splitlines()
    assert "Deployed: scones-storage (5 s)\n" in capsys.readouterr().out


def test_a_command_that_fails_ends_with_its_last_lines_and_its_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "print('Outputs:'); raise SystemExit(3)"
    assert main([str(tmp_path / "log"), sys.executable, "-c", program]) == 3
    assert capsys.readouterr().err == (
        f"It failed. The last lines of {tmp_path / 'log'}, which has all of it:\nOutputs:\n"
    )


def test_a_command_that_is_not_there_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "log"), "/no/such/command"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
