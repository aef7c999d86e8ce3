"""Anchors beside objects: overlaps by hand, k-means that finds what is there, a config's own shapes."""

from pathlib import Path

import numpy as np
import pytest

from tests.annotations.voc_files import item, picture, write_photo
from tfod.annotations.source import open_sources
from tfod.config.pipeline import read_pipeline_config
from tfod.doctor.anchor_overlaps import best_overlaps
from tfod.doctor.examination import Checks, examine
from tfod.doctor.from_config import network_from_config, read_network
from tfod.doctor.network import Network
from tfod.errors import ConfigError
from tfod.explore.anchor_report import compare_anchors
from tfod.explore.anchor_shapes import cluster_sizes, fit_of
from tfod.explore.statistics import gather

CONFIG = Path(__file__).resolve().parents[2] / "workspace" / "configs" / "ssd_mobilenet_v2_fpnlite_320x320.config"


def test_overlaps_of_boxes_around_one_centre() -> None:
    sizes = np.array([[10.0, 20], [30, 30], [10, 10]])
    shapes = np.array([[20.0, 20], [10, 40]])
    # 200 / 400; 400 / 900; 100 / 400
    assert best_overlaps(sizes, shapes).tolist() == pytest.approx([0.5, 4 / 9, 0.25])
    assert fit_of(sizes, shapes).matched == pytest.approx(1 / 3)


def test_many_sizes_are_compared_in_parts() -> None:
    sizes = np.random.default_rng(0).uniform(1, 100, (57, 2))
    whole = best_overlaps(sizes, sizes[:9])
    assert np.array_equal(best_overlaps(sizes, sizes[:9], most_pairs=20), whole)


def test_clusters_are_found() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[12.0, 30], [50, 50], [200, 90]])
    sizes = np.concatenate([centre * rng.uniform(0.95, 1.05, (60, 2)) for centre in centres])
    assert np.allclose(cluster_sizes(sizes, 3), centres, rtol=0.03)
    assert len(cluster_sizes(np.ones((5, 2)), 3)) == 1  # no more shapes than different sizes


@pytest.fixture(scope="module")
def network() -> Network:
    return read_network(CONFIG)


def test_the_shapes_of_a_config(network: Network) -> None:
    shapes = network.anchor_shapes((320, 320))
    # anchor_scale 4 on levels 3 to 7, two scales an octave, ratios 1, 2 and 1/2.
    assert shapes.shape == (30, 2)
    assert shapes[0].tolist() == pytest.approx([32, 32], abs=1e-3)
    assert np.sqrt(shapes.prod(axis=1)).max() == pytest.approx(4 * 2**7 * 2**0.5, abs=1e-2)
    assert network.scale(640, 480) == (0.5, 320 / 480)
    assert network.input_size(640, 480) == (320, 320)


def test_objects_that_no_anchor_matches(tmp_path: Path, network: Network) -> None:
    data = picture(320, 320)
    write_photo(tmp_path, "a", item("cat", (0, 0, 32, 32)), item("cat", (50, 50, 60, 60)), data=data)
    write_photo(tmp_path, "b", item("cat", (0, 0, 3, 60)), data=picture(640, 640))
    report = examine(open_sources([str(tmp_path)]), Checks(network=network, min_objects=1))
    found = {finding.rule: finding.what for finding in report.findings}
    assert found["anchors-miss"].startswith("2 of 3 objects (67%) overlap no anchor by 0.5")
    assert "1.5 x 30.0 as the config resizes it" in found["box-tiny"]


def test_more_objects_than_the_config_takes(tmp_path: Path, network: Network) -> None:
    boxes = [(x, y, x + 20, y + 20) for x in range(0, 299, 29) for y in range(0, 299, 29)]
    write_photo(tmp_path, "a", *(item("cat", box) for box in boxes[:101]), data=picture(320, 320))
    report = examine(open_sources([str(tmp_path)]), Checks(network=network))
    (finding,) = [finding for finding in report.findings if finding.rule == "objects-too-many"]
    assert finding.what == "the picture has 101 objects, the config uses 100 at most"


def test_a_config_beside_k_means(tmp_path: Path, network: Network) -> None:
    boxes = [(0, 0, 60, 60), (10, 10, 22, 22), (30, 30, 42, 42)]
    write_photo(tmp_path, "a", *(item("cat", box) for box in boxes), data=picture(640, 640))
    contents = gather((split, image) for split, image in open_sources([str(tmp_path)]))  # type: ignore[misc]
    report = compare_anchors(contents, 2, network)
    assert report.shapes.tolist() == [[6, 6], [30, 30]]  # in the network's pixels
    assert report.found.mean_overlap == pytest.approx(1)
    assert report.config_count == 30
    assert report.config is not None
    assert report.config.mean_overlap == pytest.approx((900 + 36 + 36) / 1024 / 3, abs=1e-3)
    assert "30 shapes" in report.text() and "6 x 6  30 x 30" in report.text()

    config = read_pipeline_config(CONFIG)
    faster = config.model.faster_rcnn
    faster.image_resizer.fixed_shape_resizer.height = faster.image_resizer.fixed_shape_resizer.width = 320
    report = compare_anchors(contents, 2, network_from_config(config, "my.config"))
    assert report.config is None and report.shapes.tolist() == [[6, 6], [30, 30]]
    assert "is no SSD" in report.text() and "pixels of the network's input" in report.text()


def test_a_config_without_anchors_says_so(network: Network) -> None:
    config = read_pipeline_config(CONFIG)
    config.ClearField("model")
    with pytest.raises(ConfigError, match="no model that detects"):
        network_from_config(config, "my.config")
