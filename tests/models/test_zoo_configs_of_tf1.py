"""Configs of TensorFlow 1's zoo build networks whose variables have the names and shapes of its graphs."""

import hashlib
from pathlib import Path

import pytest

from tfod.config.pipeline import read_pipeline_config
from tfod.models.build import build_model

# One config of each network: how many variables the original's graph has, and a hash of their names and shapes.
FACTS: dict[str, tuple[int, str]] = {
    "embedded_ssd_mobilenet_v1_coco": (185, "70bd3988fbed7eae"),
    "ssd_inception_v2_coco": (410, "5db5bdd8701886ef"),
    "ssd_inception_v3_pets": (524, "2d11deafdd3bbff5"),
    "ssd_mobilenet_v1_0.75_depth_quantized_300x300_pets_sync": (199, "818d03807c398fa4"),
    "ssd_mobilenet_v1_coco": (199, "3fbc09aa7f5e8615"),
    "ssd_mobilenet_v1_fpn_shared_box_predictor_640x640_coco14_sync": (333, "47396be525d260fb"),
    "ssd_mobilenet_v1_ppn_shared_box_predictor_300x300_coco14_sync": (164, "beb1d1a8789f0342"),
    "ssd_mobilenet_v2_fullyconv_coco": (324, "0651f3b48cac155c"),
    "ssd_mobilenet_v2_fpnlite_quantized_shared_box_predictor_256x256_depthmultiplier_75_coco14_sync": (
        384,
        "1ef05911714b17eb",
    ),
    "ssd_resnet50_v1_fpn_shared_box_predictor_640x640_coco14_sync": (463, "d36fe587e9e2eb1c"),
    "ssd_resnet101_v1_fpn_shared_box_predictor_oid_512x512_sync": (657, "5c2dc01c2c7f5940"),
    "ssdlite_mobilenet_v1_coco": (279, "7ed2f7081cc36e28"),
    "ssdlite_mobilenet_v2_coco": (404, "7ff965ab8f92e57f"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FACTS)
def test_variables_are_those_of_the_graph(name: str, shared: Path) -> None:
    config = read_pipeline_config(shared / "zoo_configs_tf1" / f"{name}.config")
    layout = build_model(config.model).checkpoint_layout()
    assert layout.named is not None
    lines = sorted(f"{key} {tuple(variable.shape)}" for key, variable in layout.named.variables.items())
    assert (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]) == FACTS[name]
