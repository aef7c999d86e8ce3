"""Files of strangers do no harm: names, links, bombs, and damage of any kind."""

import base64
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.fuzz import fuzz
from tests.annotations.data_sets import plain
from tests.annotations.voc_files import annotation, item, picture, write_photo
from tests.clock import seconds_at_most
from tfod.annotations.annotated_image import AnnotatedImage
from tfod.annotations.catalogue import FORMATS, read_dataset
from tfod.annotations.dataset_writer import check_output, write_dataset
from tfod.annotations.format import Reading
from tfod.annotations.masks import RunLengths
from tfod.errors import DataError, OutputError


def _images(path: Path, name: str | None = None, **said: object) -> list[AnnotatedImage | DataError]:
    return list(read_dataset(str(path), name, Reading(**said)).images)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_raise_clear_errors_or_are_read(name: str) -> None:
    outcomes, failures, _ = fuzz(name, 400, seed=1)
    assert failures == {}
    assert outcomes["read"] and sum(outcomes.values()) == 400


@pytest.mark.parametrize("written", ["../secret.jpg", "/{outside}/secret.jpg", "a/../../secret.jpg", "..\\secret.jpg"])
@pytest.mark.parametrize("name", ["voc", "coco", "csv", "labelme", "cvat"])
def test_a_name_that_leads_out_of_the_folder_finds_nothing(name: str, written: str, tmp_path: Path) -> None:
    write_dataset(plain(tmp_path / "photos"), name, str(tmp_path / "set"))
    (tmp_path / "secret.jpg").write_bytes(picture(8, 8))
    written = written.format(outside=str(tmp_path)[1:])
    for file in [path for path in (tmp_path / "set").rglob("*") if path.is_file() and path.suffix != ".jpg"]:
        text = file.read_text()
        for old in ("photo.jpg", "empty.jpg"):
            text = text.replace(old, written.replace("\\", "\\\\") if file.suffix == ".json" else written)
        (tmp_path / "set" / file.relative_to(tmp_path / "set")).write_text(text)
    try:
        images = _images(tmp_path / "set", name)
    except DataError:
        return
    found = [image.picture for image in images if isinstance(image, AnnotatedImage) and image.picture]
    assert all(Path(path).resolve().is_relative_to(tmp_path / "set") for path in found)


def test_a_link_out_of_the_folder_is_refused_and_followed_when_asked(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(picture())
    xml = write_photo(tmp_path / "set", "photo", item())
    (tmp_path / "set" / "photo.jpg").unlink()
    (tmp_path / "set" / "photo.jpg").symlink_to(tmp_path / "secret.jpg")

    (error,) = _images(tmp_path / "set")
    assert isinstance(error, DataError) and "outside its folder" in error.what and "--follow_links" in error.cure
    (image,) = _images(tmp_path / "set", follow_links=True)
    assert isinstance(image, AnnotatedImage) and image.source == str(xml)

    (tmp_path / "set" / "photo.jpg").unlink()
    (tmp_path / "set" / "photo.jpg").symlink_to(tmp_path / "set" / "kept.jpg")
    (tmp_path / "set" / "kept.jpg").write_bytes(picture())
    assert isinstance(_images(tmp_path / "set")[0], AnnotatedImage)  # a link inside is as good as a file


@pytest.mark.parametrize("name", ["voc", "yolo", "labelme"])
def test_annotation_files_that_are_links_out_or_no_files_are_errors(name: str, tmp_path: Path) -> None:
    write_dataset(plain(tmp_path / "photos"), name, str(tmp_path / "set"))
    (victim,) = [path for path in (tmp_path / "set").rglob("photo.*") if path.suffix in (".xml", ".txt", ".json")]
    content = victim.read_bytes()
    victim.unlink()
    (tmp_path / "elsewhere").write_bytes(content)
    victim.symlink_to(tmp_path / "elsewhere")
    assert any(isinstance(image, DataError) and "outside" in image.what for image in _images(tmp_path / "set", name))
    if name != "yolo":  # there a picture without labels is a picture without objects
        victim.unlink()
        os.mkfifo(victim)
        assert any(isinstance(image, DataError) for image in _images(tmp_path / "set", name))


@pytest.mark.parametrize("name", ["voc", "cvat"])
def test_entities_and_bombs_of_xml_are_refused_at_once(name: str, tmp_path: Path) -> None:
    bomb = "<!DOCTYPE b [<!ENTITY a0 'ha'>" + "".join(
        f"<!ENTITY a{number} '{f'&a{number - 1};' * 10}'>" for number in range(1, 12)
    )
    external = "<!DOCTYPE b [<!ENTITY a11 SYSTEM 'file:///etc/hostname'>"
    for doctype in (bomb, external):
        text = annotation("photo.jpg", item("&a11;"), doctype=f"{doctype}]>")
        if name == "cvat":
            text = f"{doctype}]><annotations><image name='&a11;'/></annotations>"
        (tmp_path / "a.xml").write_text(text)
        with seconds_at_most(1), pytest.raises(DataError, match=r"entit|malformed"):
            [_raised(image) for image in _images(tmp_path / "a.xml", name)]


def _raised(image: AnnotatedImage | DataError) -> None:
    if isinstance(image, DataError):
        raise image


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nnames: *b\ntrain: images",
        "train: images\nnames: " + "{" * 5000,
        "names: !!python/object/apply:os.system ['true']\ntrain: images",
        "train: 2020-99-99\nnames: [a]",
        "train: ../../\nnames: [a]",
        "path: ..\ntrain: secret\nnames: [a]",
        "train: /etc\nnames: [a]",
    ],
)
def test_a_yaml_that_means_harm_is_refused(text: str, tmp_path: Path) -> None:
    write_dataset(plain(tmp_path / "photos"), "yolo", str(tmp_path / "set"))
    (tmp_path / "secret").mkdir()
    (tmp_path / "set" / "data.yaml").write_text(text)
    with pytest.raises(DataError):
        _images(tmp_path / "set", "yolo")


def test_json_nested_without_end_and_masks_that_would_fill_memory_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" * 100_000)
    (error,) = _images(path, "coco")
    assert isinstance(error, DataError) and "nested too deeply" in error.what

    coco = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 10, "height": 10}],
        "categories": [{"id": 1, "name": "a"}],
    }
    for segmentation in (
        {"size": [10**9, 10**9], "counts": [10**18]},
        {"size": [10, 10], "counts": "oooooooooo"},
        {"size": [10, 10], "counts": [50, 40]},
        {"size": [10, 10], "counts": [-50, 150]},
    ):
        found = {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "segmentation": segmentation}
        path.write_text(json.dumps({**coco, "annotations": [found]}))
        (error,) = _images(path, "coco")
        assert isinstance(error, DataError) and "segmentation" in error.what


def test_a_mask_larger_than_its_picture_is_not_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((3000, 3000), bool)).save(buffer, "PNG")
    shape = {"label": "a", "points": [[0, 0], [9, 9]], "shape_type": "mask"}
    shape["mask"] = base64.b64encode(buffer.getvalue()).decode()
    read = {"shapes": [shape], "imagePath": "a.jpg", "imageHeight": 10, "imageWidth": 10}
    (tmp_path / "a.json").write_text(json.dumps(read))
    (error,) = _images(tmp_path / "a.json", "labelme")
    assert isinstance(error, DataError) and "reaches out of the picture" in error.what


def test_nothing_is_overwritten_unasked_and_never_the_source(tmp_path: Path) -> None:
    write_photo(tmp_path / "set", "photo", item())
    (tmp_path / "out").mkdir()
    check_output(str(tmp_path / "out"), [str(tmp_path / "set")], False)
    (tmp_path / "out" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="there already"):
        check_output(str(tmp_path / "out"), [str(tmp_path / "set")], False)
    check_output(str(tmp_path / "out"), [str(tmp_path / "set")], True)
    for output in (tmp_path / "set", tmp_path):
        with pytest.raises(OutputError, match="take the place"):
            check_output(str(output), ["x", str(tmp_path / "set" / "photo.xml")], True)


def test_what_records_cannot_hold_can_be_skipped_and_is_counted(tmp_path: Path) -> None:
    write_photo(tmp_path / "set", "good", item())
    write_photo(tmp_path / "set", "gif", item(), data=picture(kind="GIF"))
    write_photo(tmp_path / "set", "gone", item())
    (tmp_path / "set" / "gone.jpg").unlink()
    dataset = read_dataset(str(tmp_path / "set"))
    with pytest.raises(DataError, match="GIF"):
        write_dataset(dataset, "tfrecord", str(tmp_path / "out"))
    summary = write_dataset(dataset, "tfrecord", str(tmp_path / "out"), skip_bad=True)
    assert (summary.pictures, summary.notes["bad"].total) == (1, 2)
    summary = write_dataset(dataset, "coco", str(tmp_path / "coco"))
    assert summary.pictures == 3  # COCO needs only their sizes
    assert summary.notes["pictures that are not there; only their annotations are written"].total == 1


def test_masks_of_another_size_and_names_that_clash_are_counted(tmp_path: Path) -> None:
    dataset = plain(tmp_path / "photos")
    first, second = dataset.images  # type: ignore[misc]
    huge = first.objects[0]._replace(mask=RunLengths(100_000, 100_000, (10**10,)))
    renamed = second._replace(filename="photo.png"), first._replace(filename="Photo.jpg")
    images = [first._replace(objects=(huge,)), *renamed]
    for name in ("coco", "labelme", "cvat", "tfrecord"):
        summary = write_dataset(dataset._replace(images=images), name, str(tmp_path / name))
        kinds = {kind.split(",")[0]: note.total for kind, note in summary.notes.items()}
        assert kinds["masks left out"] == 1 and kinds["pictures renamed"] == 2
    names = {path.name for path in (tmp_path / "labelme").iterdir()}
    jsons = {"photo.json", "photo_2.json", "Photo_3.json"}
    assert names == {"photo.jpg", "photo_2.png", "Photo_3.jpg"} | jsons


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    write_photo(tmp_path / "set", "photo", item(), data=b"no picture")
    with pytest.raises(DataError, match="not a picture"):
        write_dataset(read_dataset(str(tmp_path / "set")), "coco", str(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    with pytest.raises(DataError, match="no picture is left"):
        write_dataset(read_dataset(str(tmp_path / "set")), "coco", str(tmp_path / "out"), skip_bad=True)
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
