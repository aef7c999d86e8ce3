"""Masks and keypoints through records and back, judged by pycocotools; and to what training reads."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from tests.annotations.voc_files import picture
from tfod import names
from tfod.annotations.catalogue import read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.masks import extent, run_lengths

WIDTH, HEIGHT = 97, 61
SEEN = [(20.25, 14.5, 2), (33.75, 40.125, 1), (0, 0, 0)]


def _rings(random: np.random.Generator, count: int) -> list[list[float]]:
    """Outlines of stars, their corners between pixels."""
    rings = []
    for _ in range(count):
        centre, radius = random.uniform((20, 20), (WIDTH - 20, HEIGHT - 20)), random.uniform(6, 18)
        angles = np.sort(random.uniform(0, 2 * np.pi, 9))
        radii = radius * random.uniform(0.5, 1, 9)
        corners = centre + np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        rings.append(np.round(corners, 3).ravel().tolist())
    return rings


def _coco(folder: Path, random: np.random.Generator) -> Path:
    """One image; objects of one outline, of several, of compressed run lengths, and a crowd; keypoints of one."""
    folder.mkdir()
    (folder / "a.jpg").write_bytes(picture(WIDTH, HEIGHT))
    crowd = coco_mask.encode(np.asfortranarray((random.uniform(size=(HEIGHT, WIDTH)) > 0.7).astype(np.uint8)))
    runs = coco_mask.merge(coco_mask.frPyObjects(_rings(random, 1), HEIGHT, WIDTH))
    masks = [_rings(random, 1), _rings(random, 3), {**runs, "counts": runs["counts"].decode()},
             {**crowd, "counts": crowd["counts"].decode()}]  # fmt: skip
    objects = []
    for number, segmentation in enumerate(masks, start=1):
        encoded = (
            segmentation
            if isinstance(segmentation, dict)
            else coco_mask.merge(coco_mask.frPyObjects(segmentation, HEIGHT, WIDTH))
        )
        objects.append({"id": number, "image_id": 1, "category_id": 1, "iscrowd": int(number == 4),
                        "bbox": coco_mask.toBbox(encoded).tolist(), "area": float(coco_mask.area(encoded)),
                        "segmentation": segmentation})  # fmt: skip
    objects[0] |= {"keypoints": [value for point in SEEN for value in point], "num_keypoints": 2}
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 1, "name": "cat", "keypoints": ["nose", "tail", "ear"], "skeleton": [[1, 2]]}],
        "annotations": objects,
    }
    (folder / "a.json").write_text(json.dumps(content))
    return folder / "a.json"


def _again(folder: Path, tmp_path: Path) -> COCO:
    """To records, and back to COCO, as pycocotools reads it."""
    write_dataset(read_dataset(str(folder)), "tfrecord", str(tmp_path / "records"))
    write_dataset(read_dataset(str(tmp_path / "records")), "coco", str(tmp_path / "again"))
    return COCO(str(tmp_path / "again" / "annotations.json"))


@pytest.mark.parametrize("seed", range(3))
def test_coco_through_records_keeps_pixels_and_points(seed: int, tmp_path: Path) -> None:
    before = COCO(str(_coco(tmp_path / "in", np.random.default_rng(seed))))
    after = _again(tmp_path / "in", tmp_path)

    for old, new in zip(before.loadAnns(before.getAnnIds()), after.loadAnns(after.getAnnIds()), strict=True):
        np.testing.assert_array_equal(before.annToMask(old), after.annToMask(new))
        assert new["iscrowd"] == old["iscrowd"]
        np.testing.assert_allclose(new["area"], old["area"])
        np.testing.assert_allclose(new["bbox"], old["bbox"], atol=1e-3)
    first = after.loadAnns(after.getAnnIds())[0]
    np.testing.assert_allclose(first["keypoints"], np.ravel(SEEN), atol=0.5)
    assert first["num_keypoints"] == 2


@pytest.mark.parametrize("seed", range(3))
def test_outlines_of_labelme_through_records_are_their_raster(seed: int, tmp_path: Path) -> None:
    rings = _rings(np.random.default_rng(seed), 4)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(picture(WIDTH, HEIGHT))
    shapes = [{"label": "cat", "points": np.reshape(ring, (-1, 2)).tolist(), "shape_type": "polygon", "group_id": None,
               "flags": {}} for ring in rings]  # fmt: skip
    content = {"version": "5.0.1", "flags": {}, "shapes": shapes, "imagePath": "a.jpg", "imageData": None,
               "imageHeight": HEIGHT, "imageWidth": WIDTH}  # fmt: skip
    (tmp_path / "in" / "a.json").write_text(json.dumps(content))

    after = _again(tmp_path / "in", tmp_path)

    for ring, new in zip(rings, after.loadAnns(after.getAnnIds()), strict=True):
        raster = coco_mask.decode(coco_mask.frPyObjects([ring], HEIGHT, WIDTH)[0]).astype(bool)
        found = after.annToMask(new).astype(bool)
        assert found.any()
        assert not (found & ~_grown(raster)).any(), "no pixel is further than one from the outline's raster"
        assert not (raster & ~_grown(found)).any()


def _grown(mask: np.ndarray) -> np.ndarray:
    """With all neighbours of its pixels."""
    padded = np.pad(mask, 1)
    height, width = mask.shape
    return np.any([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)


def test_real_masks_as_one_instance_an_image_reach_the_training(shared: Path, tmp_path: Path) -> None:
    from tfod.config.label_map import read_label_map
    from tfod.input.decode import RecordDecoder
    from tfod.input.decode_shapes import ObjectShapes
    from tfod.records.frames import read_frames

    folder = shared / "data/pets_segmentation/data/test"
    images = sorted((folder / "images").iterdir())[:6]
    masks = [np.asarray(Image.open(folder / "masks" / image.name)) == 0 for image in images]  # 0 is the pet
    content: dict[str, list[object]] = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "pet"}]}
    for number, (image, pixels) in enumerate(zip(images, masks, strict=True), start=1):
        runs = run_lengths(pixels)
        left, top, right, bottom = extent(runs) or (0, 0, 1, 1)
        size = {"height": pixels.shape[0], "width": pixels.shape[1]}
        content["images"].append({"id": number, "file_name": image.name, **size})
        content["annotations"].append(
            {"id": number, "image_id": number, "category_id": 1, "iscrowd": 0, "area": int(pixels.sum()),
             "bbox": [left, top, right - left, bottom - top],
             "segmentation": {"size": [*pixels.shape], "counts": [*runs.counts]}}
        )  # fmt: skip
    (tmp_path / "in").mkdir()
    for image in images:
        (tmp_path / "in" / image.name).write_bytes(image.read_bytes())
    (tmp_path / "in" / "a.json").write_text(json.dumps(content))

    write_dataset(read_dataset(str(tmp_path / "in")), "tfrecord", str(tmp_path / "records"))

    label_map = read_label_map(tmp_path / "records" / "label_map.pbtxt")
    decode = RecordDecoder(label_map, 1, for_evaluation=False, shapes=ObjectShapes("png"))
    for record, pixels in zip(read_frames(tmp_path / "records" / "data.record"), masks, strict=True):
        (mask,) = decode(record, 0)[names.GROUNDTRUTH_INSTANCE_MASKS].numpy()
        np.testing.assert_array_equal(mask, pixels)
