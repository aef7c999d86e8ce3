"""From format to format and back: what both can say is kept, what one cannot is counted."""

from pathlib import Path

import pytest
from PIL import Image

from tests.annotations.data_sets import BOXES, boxes, everything, plain
from tests.annotations.voc_files import picture
from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.catalogue import FORMATS, detect_format, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.masks import RunLengths, bitmap

SAID = ("difficult", "truncated", "pose", "crowd", "area")


def _again(dataset, name: str, output: Path):
    summary = write_dataset(dataset, name, str(output))
    reading = Reading(str(output.parent / "photos")) if name == "csv" else Reading()
    return read_dataset(str(output), None, reading), summary


@pytest.mark.parametrize("name", FORMATS)
def test_boxes_classes_names_and_subsets_are_kept(name: str, tmp_path: Path) -> None:
    dataset = plain(tmp_path / "photos", ("train", "val"))
    again, summary = _again(dataset, name, tmp_path / "out")

    assert detect_format(str(tmp_path / "out")) == name
    expected = boxes(dataset)
    if name == "csv":
        expected = {key: found for key, found in expected.items() if found}
        assert summary.notes["pictures without objects, which the format has no place for"].total == 2
    assert boxes(again) == expected
    assert (summary.pictures, summary.objects) == (4, {"cat": 4, "a dog": 2})


@pytest.mark.parametrize("name", FORMATS)
def test_pictures_are_the_same_byte_for_byte(name: str, tmp_path: Path) -> None:
    again, _ = _again(plain(tmp_path / "photos"), name, tmp_path / "out")
    data = (tmp_path / "photos" / "photo.jpg").read_bytes()
    for image in again.images:
        assert isinstance(image, AnnotatedImage)
        assert (image.encoded or Path(image.picture or "").read_bytes()) == data


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_said_comes_back_or_is_counted(name: str, tmp_path: Path) -> None:
    dataset = everything(tmp_path / "photos")
    again, summary = _again(dataset, name, tmp_path / "out")
    (before,), (after,) = dataset.images, again.images
    assert isinstance(before, AnnotatedImage) and isinstance(after, AnnotatedImage)

    for field in (*SAID, "occluded"):
        if field in FORMATS[name].says:
            given = [_value(item, field) for item in before.objects]
            assert [_value(item, field) or None for item in after.objects] == [value or None for value in given] or (
                field == "area"  # records have one for each object or for none
            )
        else:
            assert summary.notes[f"objects of which the format cannot say: {field}"].total == 1
    masks = [item.mask is not None for item in after.objects]
    kept = {"runs", "outline", "outlines"} & FORMATS[name].masks
    expected = [False, False, "runs" in kept, "outline" in kept, "outlines" in kept]
    assert masks == (expected if name != "tfrecord" else [True] * 5)  # records have a mask for each object
    lost = sum(note.total for kind, note in summary.notes.items() if "mask" in kind)
    assert lost == 3 - sum(expected)


def test_masks_keep_their_pixels(tmp_path: Path) -> None:
    dataset = everything(tmp_path / "photos")
    (before,) = dataset.images
    for name in ("coco", "labelme", "cvat", "tfrecord"):
        again, _ = _again(dataset, name, tmp_path / name)
        (after,) = again.images
        for old, new in zip(before.objects[2:4], after.objects[2:4], strict=True):
            assert (bitmap(old.mask, 48, 64) == bitmap(new.mask, 48, 64)).all()
        assert isinstance(after.objects[2].mask, RunLengths)


@pytest.mark.parametrize("chain", [("coco", "yolo", "voc"), ("labelme", "cvat", "tfrecord", "voc")])
def test_a_chain_of_formats_moves_no_box(chain: tuple[str, ...], tmp_path: Path) -> None:
    dataset = start = plain(tmp_path / "photos")
    for step, name in enumerate(chain):
        dataset, _ = _again(dataset, name, tmp_path / str(step))
    assert boxes(dataset) == boxes(start)
    assert boxes(dataset)["", "photo"] == BOXES


def test_pixels_that_count_from_1_are_moved_and_moved_back(tmp_path: Path) -> None:
    start = plain(tmp_path / "photos")
    write_dataset(start, "voc", str(tmp_path / "voc"), one_based=True)
    assert "<xmin>11</xmin>" in (tmp_path / "voc" / "photo.xml").read_text()
    assert boxes(read_dataset(str(tmp_path / "voc"), "voc", Reading(one_based=True))) == boxes(start)


@pytest.mark.parametrize(
    ("says", "box", "note"),
    [
        ((48, 64), (12.0, 18.0, 36.0, 38.0), "turned"),  # as shown; x and y change places, y counts from the other end
        ((64, 48), (10.0, 12.0, 30.0, 36.0), "exif"),
        ((None, None), (10.0, 12.0, 30.0, 36.0), "exif"),
    ],
)
def test_a_picture_that_exif_turns_keeps_its_boxes(
    says: tuple[int | None, int | None], box: tuple[float, ...], note: str, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned clockwise: 48 wide, 64 high
    (tmp_path / "a.jpg").write_bytes(picture(64, 48, exif=exif))
    item = AnnotatedObject("cat", 10, 12, 30, 36)
    image = AnnotatedImage("x", "a.jpg", f"{tmp_path}/a.jpg", (item,), *says)
    summary = write_dataset(Dataset([image], 1), "tfrecord", str(tmp_path / "records"))
    (again,) = read_dataset(str(tmp_path / "records")).images
    assert again.objects[0][1:5] == box
    assert summary.notes[note].total == 1

    write_dataset(Dataset([image], 1), "yolo", str(tmp_path / "yolo"))
    (again,) = read_dataset(str(tmp_path / "yolo")).images
    if says != (64, 48):  # annotated as shown, which is how YOLO sees pictures
        assert again.objects[0][1:5] == (10, 12, 30, 36)


def _value(item, field: str):
    value = ("occluded", "1") in item.fields if field == "occluded" else getattr(item, field)
    return None if value == "Unspecified" else value


@pytest.mark.parametrize(
    ("path", "image_dir", "name", "pictures", "objects"),
    [
        ("bccd/BCCD", None, "voc", 364, 4888),
        ("bccd/test.csv", "bccd/BCCD/JPEGImages", "csv", 364, 4888),
        ("capybara/images", None, "voc", 200, 334),
        ("raccoon/annotations", "raccoon/images", "voc", 200, 217),
        ("raccoon/data/raccoon_labels.csv", "raccoon/images", "csv", 200, 217),
        ("raccoon/data/test.record", None, "tfrecord", 40, 44),
        ("labelme_bbox/bbox_detection/data_annotated", None, "labelme", 3, 9),
        ("labelme_bbox/bbox_detection/data_dataset_voc", None, "voc", 3, 9),
    ],
)
def test_real_data_keeps_every_box_within_half_a_pixel(
    path: str, image_dir: str | None, name: str, pictures: int, objects: int, shared: Path, tmp_path: Path
) -> None:
    data = shared / "data"
    start = read_dataset(str(data / path), None, Reading(str(data / image_dir) if image_dir else None))
    assert detect_format(str(data / path)) == name
    expected = boxes(start)
    assert (len(expected), sum(map(len, expected.values()))) == (pictures, objects)
    dataset = start
    for step in ("coco", "yolo", "voc"):
        write_dataset(dataset, step, str(tmp_path / step))
        dataset = read_dataset(str(tmp_path / step), step)
        for key, found in boxes(dataset).items():
            assert _close(found, expected[key])
    write_dataset(start, "tfrecord", str(tmp_path / "records"))
    from_records = boxes(read_dataset(str(tmp_path / "records")))
    for key, found in from_records.items():
        assert _close(found, [box for box in expected[key] if box[1] < box[3] and box[2] < box[4]])
    empty = sum(box[1] == box[3] for found in expected.values() for box in found)
    assert empty == (2 if objects == 4888 else 0)  # of the blood cells two have no area, which records cannot say


def _close(found, expected) -> bool:
    assert len(found) == len(expected)
    return all(
        one[0] == other[0] and max(abs(a - b) for a, b in zip(one[1:], other[1:], strict=True)) <= 0.5
        for one, other in zip(found, expected, strict=True)
    )
