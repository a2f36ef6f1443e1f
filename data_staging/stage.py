"""Stages CIFAR-100 for training: ``python data_staging/stage.py``, or ``python -m data_staging.stage``."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

if __package__ in (None, ""):  # run by its path: the room is on the search path, the project is not
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data_staging.errors import StagingError

CDK_JSON = Path(__file__).resolve().parent.parent / "cdk.json"

DESCRIPTION = """\
Takes the pictures of some classes out of CIFAR-100 and puts them where training finds them: PNG files, lists
and a manifest under datasets/ID/ in the deployment's bucket. A tenth of the training pictures (the setting
validation_fraction) become the validation split; CIFAR-100's test pictures stay apart.

ID is a digest of the content. What is staged already is not sent again, and a run that was stopped goes on
where it ended. Last of all the deployment learns of the data set (SSM parameter /NAME/dataset): the next
deploy trains on it.
"""

EPILOG = """\
The archive is the first of: --archive, the environment variable SCONES_CIFAR100, the cache
($XDG_CACHE_HOME or ~/.cache, in scones-unlimited/), a download of 169 MB into the cache from
https://www.cs.toronto.edu/~kriz/cifar.html. AWS account and region come from the environment, as for the AWS
CLI; eval "$(python -m local env)" points it at the embedded cloud.

examples:
  python data_staging/stage.py                              what cdk.json says, for the deployment it names
  python data_staging/stage.py --classes apple,pear         other classes, numbered in this order
  python data_staging/stage.py --out /tmp/staged            to a folder, without AWS
  python data_staging/sample.py drawn.tar.gz && python data_staging/stage.py --archive drawn.tar.gz
                                                            drawn pictures, without a download
"""


@dataclass(frozen=True)
class Settings:
    """What cdk.json says that concerns staging; the meaning of each is the app's."""

    name: str
    classes: list[str]
    validation_fraction: float

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Reads the context "scones" of a cdk.json.

        Raises:
            StagingError: It cannot be read, or a setting is missing or wrong.
        """
        try:
            context = json.loads(path.read_text())["context"]["scones"]
            name, classes, fraction = (context[key] for key in ("name", "classes", "validation_fraction"))
        except OSError as error:
            raise StagingError(f"{path} cannot be read: {error.strerror}") from None
        except KeyError as error:
            raise StagingError(f"{path} has no setting {error} in its context 'scones'") from None
        except (ValueError, TypeError) as error:
            raise StagingError(
                f"{path} is no cdk.json with settings in its context 'scones': {error}"
            ) from None
        if not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
            raise StagingError(f"{path}: validation_fraction is {fraction!r}, but must be between 0 and 1")
        if not isinstance(name, str) or not isinstance(classes, list):
            raise StagingError(f"{path}: name must be a string and classes a list of strings")
        return cls(name, [str(each) for each in classes], fraction)


def parser() -> argparse.ArgumentParser:
    """Returns the command line of staging."""
    command = argparse.ArgumentParser(
        prog="python data_staging/stage.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "--archive", type=Path, metavar="PATH", help="cifar-100-python.tar.gz, or one like it"
    )
    command.add_argument(
        "--classes", metavar="A,B", help="CIFAR-100 classes in label order (default: the setting in cdk.json)"
    )
    command.add_argument("--name", help="the deployment's name (default: the setting in cdk.json)")
    where = command.add_mutually_exclusive_group()
    where.add_argument(
        "--bucket",
        metavar="NAME",
        help="upload there (default: the deployment's bucket, from /NAME/bucket in SSM)",
    )
    where.add_argument("--out", metavar="DIR", help="write the same files under a folder instead")
    where.add_argument(
        "--fetch", action="store_true", help="only make sure that the archive is at hand, and print its path"
    )
    return command


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        for option in ("name", "bucket", "out"):
            if getattr(options, option) == "":
                raise StagingError(f"--{option} is empty: give it a value, or leave it out for the default")
        # Here, because it takes long enough to be interrupted: boto3 and NumPy.
        from data_staging import staging

        if options.fetch:
            print(staging.find_archive(options.archive))
            return 0
        settings = Settings.read(CDK_JSON)
        classes = options.classes.split(",") if options.classes is not None else settings.classes
        data_set = staging.read_data_set(
            staging.find_archive(options.archive),
            [name.strip() for name in classes],
            settings.validation_fraction,
        )
        out = None if options.out is None else Path(options.out)
        print(staging.stage(data_set, options.name or settings.name, options.bucket, out))
    except KeyboardInterrupt:
        print("stage.py: interrupted; run it again to go on", file=sys.stderr)
        return 130
    except StagingError as error:
        print(f"stage.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"stage.py: {options.archive or 'the archive'} cannot be read: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
