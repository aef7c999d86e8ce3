from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.disks import mounted
from tfod.errors import OutputError
from tfod.visualize.save import save_image

NOISE = np.random.default_rng(0).integers(0, 256, [200, 300, 3]).astype(np.uint8)


@pytest.mark.parametrize(("name", "kind"), [("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.png", "PNG"), ("a", "PNG")])
def test_the_ending_says_the_format(tmp_path: Path, name: str, kind: str) -> None:
    save_image(NOISE, tmp_path / name, quality=90)
    with Image.open(tmp_path / name) as image:
        assert image.format == kind
        assert image.size == (300, 200)
        if kind == "PNG":
            assert (np.asarray(image) == NOISE).all()


def test_class_ids_stay_one_channel(tmp_path: Path) -> None:
    save_image(NOISE[..., 0], tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert (np.asarray(image) == NOISE[..., 0]).all()


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("kilobytes", [4, 28, 32, 60, 64])
def test_no_image_is_cut_by_a_full_disk(tmp_path: Path, name: str, kilobytes: int) -> None:
    with mounted(tmp_path / "disk", f"size={kilobytes}k"):
        with pytest.raises(OutputError, match="no space"):
            save_image(NOISE, tmp_path / "disk" / name, quality=95)
        assert list((tmp_path / "disk").iterdir()) == []
