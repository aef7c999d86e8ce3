"""The drawn scenes: the same for the same seed, and boxes that enclose what can be seen."""

from collections import Counter

import numpy as np

from tfod.annotations.sample_scenes import CLASS_NAMES, draw_scene, draw_scenes


def test_the_same_seed_draws_the_same_scenes_and_another_seed_others() -> None:
    first, again, other = (list(draw_scenes(3, seed)) for seed in (7, 7, 8))

    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.image, two.image)
        assert one.objects == two.objects
    assert [scene.objects for scene in first] != [scene.objects for scene in other]


def test_a_scene_does_not_depend_on_how_many_are_drawn() -> None:
    few, many = list(draw_scenes(2, seed=5)), list(draw_scenes(4, seed=5))

    np.testing.assert_array_equal(few[1].image, many[1].image)


def test_boxes_lie_inside_the_picture_and_flags_say_what_cuts_them() -> None:
    for scene in draw_scenes(30, seed=1):
        height, width = scene.image.shape[:2]
        assert scene.image.dtype == np.uint8
        assert 1 <= len(scene.objects) <= 6
        for thing in scene.objects:
            xmin, ymin, xmax, ymax = thing.box
            assert 0 <= xmin < xmax <= width
            assert 0 <= ymin < ymax <= height
            at_the_edge = xmin == 0 or ymin == 0 or xmax == width or ymax == height
            assert thing.truncated == at_the_edge


def test_sixty_scenes_hold_every_class_occlusion_truncation_and_a_range_of_sizes() -> None:
    things = [thing for scene in draw_scenes(60, seed=2) for thing in scene.objects]

    counts = Counter(thing.class_name for thing in things)
    widths = [thing.box[2] - thing.box[0] for thing in things]
    assert set(counts) == set(CLASS_NAMES) and len(CLASS_NAMES) >= 3
    assert min(counts.values()) > 20
    assert sum(thing.occluded for thing in things) > 20
    assert sum(thing.truncated for thing in things) > 10
    assert max(widths) > 2.5 * min(widths)


def test_an_object_differs_from_the_background_around_it() -> None:
    # A box that were shifted or transposed would hold background; the ball's middle is not like its corners.
    differences = []
    for index in range(60):
        scene = draw_scene(np.random.default_rng(index))
        for thing in scene.objects:
            if thing.class_name == "ball" and not (thing.truncated or thing.occluded):
                xmin, ymin, xmax, ymax = thing.box
                inside = scene.image[ymin:ymax, xmin:xmax].astype(float)
                rows, columns = inside.shape[0] // 4, inside.shape[1] // 4
                middle = inside[rows:-rows, columns:-columns].mean(axis=(0, 1))
                corner = inside[:3, :3].mean(axis=(0, 1))
                differences.append(np.abs(middle - corner).max())
    assert len(differences) > 10
    assert np.median(differences) > 30
