"""What the zoo's configs of every family have in common."""

from tfod.config.zoo_models import InputSize, ZooModel
from tfod.errors import ConfigError
from tfod.protos.image_resizer_pb2 import ImageResizer

__all__ = ["only_in_archive", "published_resizer"]


def published_resizer(size: InputSize) -> ImageResizer:
    """The `image_resizer` message that brings images to the size of the zoo's model."""
    resizer = ImageResizer()
    if size.padded:
        kept = resizer.keep_aspect_ratio_resizer
        kept.min_dimension, kept.max_dimension, kept.pad_to_max_dimension = size.least, size.most, True
    else:
        fixed = resizer.fixed_shape_resizer
        fixed.height = fixed.width = size.least
    return resizer


def only_in_archive(model: ZooModel) -> ConfigError:
    """The error for a model whose config stands nowhere but in its archive."""
    where, cure = f"the model {model.short_name}", f"tfod zoo download {model.short_name}, which brings its config"
    return ConfigError("only the zoo's archive holds the config of this architecture", where, cure)
