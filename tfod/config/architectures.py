"""What this library can build, for those who have to answer without TensorFlow."""

__all__ = ["BUILDABLE_FEATURE_EXTRACTORS"]

# The `type` of a feature extractor. A test holds this list and the model builder's own together.
BUILDABLE_FEATURE_EXTRACTORS = (
    "ssd_mobilenet_v1_keras",
    "ssd_mobilenet_v1_fpn_keras",
    "ssd_mobilenet_v2_keras",
    "ssd_mobilenet_v2_fpn_keras",
    "ssd_resnet50_v1_fpn_keras",
    "ssd_resnet101_v1_fpn_keras",
    "ssd_resnet152_v1_fpn_keras",
)
