import numpy as np
import pytest
from PIL import Image, ImageOps

from tfod.errors import DataError
from tfod.inference.images import find_images, read_image

ORIENTATION = 0x0112


@pytest.fixture
def folder(tmp_path):
    for name in ("b.jpg", "a.PNG", "notes.txt", ".hidden.jpg", "with[brackets].png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.webp").write_bytes(b"")
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_a_folder_gives_its_pictures_sorted(folder):
    assert names(find_images([str(folder)])) == ["a.PNG", "b.jpg", "with[brackets].png"]


def test_globs_and_files_keep_the_order_given_and_come_once(folder):
    inputs = [str(folder / "b.jpg"), str(folder / "**" / "*.webp"), str(folder / "*.jpg")]
    assert names(find_images(inputs)) == ["b.jpg", "c.webp"]


def test_a_file_with_glob_characters_in_its_name_is_found(folder):
    assert names(find_images([str(folder / "with[brackets].png")])) == ["with[brackets].png"]


def test_a_file_is_taken_whatever_its_name(folder):
    assert names(find_images([str(folder / "notes.txt")])) == ["notes.txt"]


@pytest.mark.parametrize("missing", ["nothing.jpg", "*.tiff", "empty"])
def test_what_names_nothing_is_an_error_that_names_it(folder, missing):
    (folder / "empty").mkdir()
    with pytest.raises(DataError) as caught:
        find_images([str(folder), str(folder / missing)])
    assert caught.value.where == str(folder / missing)


@pytest.mark.parametrize("suffix", ["png", "bmp", "webp", "tiff"])
def test_lossless_pictures_come_back_equal(tmp_path, suffix):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 11, 3), np.uint8)
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(pixels).save(path, **({"lossless": True} if suffix == "webp" else {}))
    assert (read_image(path) == pixels).all()


def test_grey_becomes_three_equal_channels(tmp_path):
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(tmp_path / "grey.png")
    image = read_image(tmp_path / "grey.png")
    assert image.shape == (3, 4, 3)
    assert (image == np.arange(12).reshape(3, 4, 1)).all()


def test_sixteen_bits_become_eight(tmp_path):
    Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16)).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png")[0, :, 0].tolist() == [0, 0, 1, 255]


def test_a_truncated_picture_is_an_error(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    for suffix in ("jpg", "png", "webp", "tiff"):
        path = tmp_path / f"cut.{suffix}"
        Image.fromarray(pixels).save(path)
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(DataError):
            read_image(path)


def test_transparency_is_dropped(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 6, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "rgba.png")
    assert (read_image(tmp_path / "rgba.png") == pixels[..., :3]).all()


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Image.new("RGB", (6, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / "a.gif") == [255, 0, 0]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_viewers_show_them(tmp_path, orientation):
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :8] = 255
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(pixels).save(path, exif=exif)
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    assert (read_image(path) == expected).all()


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"])
def test_what_is_no_picture_is_an_error_that_names_it(tmp_path, data):
    path = tmp_path / "bad.jpg"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_image(path)
    assert caught.value.where == str(path)


def test_a_missing_picture_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_image(tmp_path / "gone.jpg")
