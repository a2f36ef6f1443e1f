"""Stages CIFAR-100, or a folder of own pictures, for training: ``python data_staging/stage.py``.

``python -m data_staging.stage`` is the same.
"""

import argparse
import sys
from pathlib import Path

if __package__ in (None, ""):  # run by its path: the room is on the search path, the project is not
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data_staging.errors import StagingError, shorten, shorten_line

DESCRIPTION = """\
Takes the pictures of some classes out of CIFAR-100, or your own out of a folder, and puts them where
training finds them: PNG files, lists and a manifest under datasets/ID/ in the deployment's bucket.
CIFAR-100's test pictures, or a sixth of your own, stay apart. Of the others a tenth (the setting
validation_fraction) become the validation split.

ID is a digest of the content. What is staged already is not sent again, and a run that was stopped goes on
where it ended. Last of all the deployment learns of the data set (SSM parameter /NAME/dataset): the next
deploy trains on it.
"""

EPILOG = """\
your own pictures (--images DIR):
  DIR has a subfolder for each class, by its name, with three pictures or more. Folders in a subfolder belong
  to its class. Links to files are followed, and subfolders may be links; links to folders deeper down are
  not followed.

  Photos may be JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF (of an animation the first frame), whatever
  their names end in, of up to 64 MiB and 52 megapixels (JPEG: 256). They are staged as the workflow shows
  the model of a photo: upright, in sRGB, scaled down to 262,144 pixels (about 590 x 440) or fewer where
  detail would not fit into an event, and without their metadata: no place, no camera.

  Other files are left out and listed: hidden ones, what a system has added (__MACOSX, Thumbs.db), and what is
  no photo. So are copies: the first of those that show the same, pixel for pixel, counts, and none of those
  that lie in two classes. The manifest names them, but for hidden ones (source.left_out).

  Once staged, own pictures stay: without --images or --archive this command then changes nothing.

pictures of something else:
  With "other_class": "other" in cdk.json there is one class more, the last, of pictures that show none of the
  classes. Of CIFAR-100 they are drawn from its other classes, as evenly as there are pictures, as many as a
  class has on average; of your own they are those of the subfolder other.

labelled photos:
  Photos that people labelled in a review of the deployment come to the training split, and to no other, in
  the same form as your own. Left out are those that show the same as another picture of any split, pixel for
  pixel, labels that are none of the classes, and photos that are gone. It says how many, the manifest which
  (source.labelled and source.labelled_left_out), with who labelled each and when.

  They make it another data set, so that the next deploy trains. Where own pictures stay, labelled photos wait
  until --images DIR is given again. "labels_in_training": false in cdk.json takes none, nor does --out, which
  asks nothing of AWS.

CIFAR-100's archive is the first of: --archive, the environment variable SCONES_CIFAR100, the cache
($XDG_CACHE_HOME or ~/.cache, in scones-unlimited/), a download of 169 MB into the cache from
https://www.cs.toronto.edu/~kriz/cifar.html. AWS account and region come from the environment, as for the AWS
CLI; eval "$(python -m local env)" points it at the embedded cloud.

examples:
  python data_staging/stage.py                              what cdk.json says, for the deployment it names
  python data_staging/stage.py --classes apple,pear         other classes, numbered in this order
  python data_staging/stage.py --images ~/photos --classes apple,pear
                                                            your own, with the subfolders apple and pear
  python data_staging/stage.py --out /tmp/staged            to a folder, without AWS
  python data_staging/sample.py drawn.tar.gz && python data_staging/stage.py --archive drawn.tar.gz
                                                            drawn pictures, without a download
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the command line of staging."""
    command = argparse.ArgumentParser(
        prog="python data_staging/stage.py",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pictures = command.add_mutually_exclusive_group()
    pictures.add_argument(
        "--archive", type=Path, metavar="PATH", help="cifar-100-python.tar.gz, or one like it"
    )
    pictures.add_argument(
        "--images", metavar="DIR", help="your own pictures: a folder with one subfolder for each class"
    )
    command.add_argument(
        "--classes", metavar="A,B", help="the classes in label order (default: the setting in cdk.json)"
    )
    command.add_argument(
        "--other-class",
        metavar="NAME",
        help="one class more, of pictures of something else (default: the setting in cdk.json)",
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
        "--fetch",
        action="store_true",
        help="only make sure that the pictures are at hand, and print their path",
    )
    return command


def _run(options: argparse.Namespace) -> str:
    """Does what the options ask for; returns the line to print."""
    # Here, because it takes long enough to be interrupted: boto3, NumPy and pydantic.
    from data_staging import own_pictures, steps
    from stacks.configuration.settings import SettingError, read_cdk_json

    if options.out is None and not options.fetch:
        from data_staging import deployment_steps
    if options.fetch and options.images is None:
        return str(steps.find_archive(options.archive))
    try:
        settings = read_cdk_json()
    except SettingError as error:
        raise StagingError(str(error)) from None
    name = options.name or settings.name
    given = options.classes.split(",") if options.classes is not None else settings.classes
    classes = [each.strip() for each in given]
    other_class = (settings.other_class if options.other_class is None else options.other_class) or None
    if other_class is not None and not own_pictures.CLASS_NAME.fullmatch(other_class):
        raise StagingError(
            f"--other-class is {shorten(other_class)}: 1 to 64 of A-Z, a-z, 0-9, _ and - are expected, not "
            "starting with _ or -"
        )
    if other_class in classes:
        raise StagingError(
            f"{other_class} is one of the classes, so that it cannot be the other class: give it another name"
        )
    if options.images is not None:
        images = Path(options.images).expanduser()
        if options.fetch:
            wanted = classes if other_class is None else [*classes, other_class]
            own_pictures.check_classes(images, wanted, other_class)
            return str(images)
        data_set = steps.read_own_pictures(images, classes, settings.validation_fraction, other_class)
    else:
        if options.archive is None and options.out is None:
            kept = deployment_steps.keep_own_pictures(
                name, options.bucket, classes, other_class, labels_wanted=settings.labels_in_training
            )
            if kept is not None:
                return kept
        archive = steps.find_archive(options.archive)
        data_set = steps.read_data_set(archive, classes, settings.validation_fraction, other_class)
    if options.out is not None:
        return steps.describe(data_set, *steps.write(data_set, Path(options.out)))
    data_set = deployment_steps.take_labelled(data_set, name, wanted=settings.labels_in_training)
    return steps.describe(data_set, *deployment_steps.upload(data_set, name, options.bucket))


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    options = make_parser().parse_args(arguments)
    try:
        for option in ("name", "bucket", "out", "images"):
            if getattr(options, option) == "":
                raise StagingError(f"--{option} is empty: give it a value, or leave it out for the default")
        print(_run(options))
    except KeyboardInterrupt:
        print("stage.py: interrupted; run it again to go on", file=sys.stderr)
        return 130
    except StagingError as error:
        print(shorten_line(f"stage.py: {error}"), file=sys.stderr)
        return 1
    except OSError as error:
        source = options.images or options.archive or "the archive"
        print(shorten_line(f"stage.py: {str(source)[:200]} cannot be read: {error}"), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
