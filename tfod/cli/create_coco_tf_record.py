"""Converts COCO, as it is published, to sharded TFRecords, with masks and keypoints where they are asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfod.cli.command import CommandParser, execute
from tfod.cli.conversion import BOX_RULE, written_files

__all__ = ["build_parser", "main", "run"]

_DESCRIPTION = f"""Converts COCO to TFRecords: OUTPUT_DIR/coco_train.record-?????-of-00100, coco_val.record and
coco_testdev.record in 50 files each, and coco_label_map.pbtxt with the classes' own ids. Parts whose annotations are
not named are left out. An image's source_id is its id in COCO.

{BOX_RULE}"""

_EXAMPLES = """\
  create_coco_tf_record.py --include_masks --output_dir coco \\
      --train_image_dir train2017 --train_annotations_file annotations/instances_train2017.json \\
      --val_image_dir val2017 --val_annotations_file annotations/instances_val2017.json
  create_coco_tf_record.py --output_dir coco --remove_non_person_images --remove_non_person_annotations \\
      --val_image_dir val2017 --val_annotations_file annotations/instances_val2017.json \\
      --val_keypoint_annotations_file annotations/person_keypoints_val2017.json"""

# Part -> how its images are called in the flags, how many files it has.
_PARTS = {"train": ("train", 100), "val": ("val", 50), "testdev": ("test", 50)}


def build_parser() -> CommandParser:
    """The command's flags."""
    parser = CommandParser(_DESCRIPTION, _EXAMPLES)
    parser.add_boolean("include_masks", default=False, help="write masks too, as PNG (default: false)")
    for part, (images, _) in _PARTS.items():
        parser.add_argument(f"--{images}_image_dir", default="", metavar="DIR", help=f"the images of {part}")
        parser.add_argument(f"--{part}_annotations_file", default="", metavar="JSON", help=f"the objects of {part}")
    for part in ("train", "val"):
        parser.add_argument(
            f"--{part}_keypoint_annotations_file", default="", metavar="JSON", help=f"the persons' keypoints of {part}"
        )
        parser.add_argument(f"--{part}_densepose_annotations_file", default="", help=argparse.SUPPRESS)
    parser.add_argument("--output_dir", required=True, metavar="DIR", help="where the records are written")
    parser.add_boolean("remove_non_person_annotations", default=False, help="leave objects out that are no person")
    parser.add_boolean("remove_non_person_images", default=False, help="leave images out on which there is no person")
    return parser


def run(args: argparse.Namespace) -> None:
    """Converts; raises DataError or OutputError."""
    from tfod.errors import DataError

    parts = [part for part in _PARTS if getattr(args, f"{part}_annotations_file")]
    if not parts:
        flags = ", ".join(f"--{part}_annotations_file" for part in _PARTS)
        raise DataError("no annotations are named", "the command line", f"name some with {flags}")
    for part in parts:
        images = f"{_PARTS[part][0]}_image_dir"
        if not getattr(args, images):
            raise DataError(f"the folder of the images of {part} is not named", "the command line", f"add --{images}")
        if getattr(args, f"{part}_densepose_annotations_file", ""):
            what = "DensePose is not available here"
            raise DataError(what, f"--{part}_densepose_annotations_file", "leave the flag out")
    for part in parts:
        _convert(args, part)


def _convert(args: argparse.Namespace, part: str) -> None:
    from tfod.annotations.coco_published import read_published
    from tfod.annotations.format import Writing
    from tfod.annotations.tfrecord import label_map_of
    from tfod.config.label_map import write_label_map
    from tfod.progress import Progress
    from tfod.records.convert import ConversionRules
    from tfod.records.write import Source, write_records

    images, shards = _PARTS[part]
    dataset = read_published(
        getattr(args, f"{part}_annotations_file"),
        getattr(args, f"{images}_image_dir"),
        getattr(args, f"{part}_keypoint_annotations_file", ""),
        masks=args.include_masks,
        person_objects=args.remove_non_person_annotations,
        person_images=args.remove_non_person_images,
    )
    label_map = label_map_of(Writing(dataset.class_ids, skeletons=dataset.skeletons))
    folder = Path(args.output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    output = str(folder / f"coco_{part}.record")
    progress = Progress(f"converting {part}", total=dataset.total, unit="image")
    rules = ConversionRules(keep_empty=not args.remove_non_person_images)
    summary = write_records(Source([*dataset.images]), output, label_map, shards, rules, progress=progress)
    if label_map.items:
        write_label_map(label_map, folder / "coco_label_map.pbtxt")
    print(f"{written_files(output)}\n{summary.text()}")


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return execute(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
