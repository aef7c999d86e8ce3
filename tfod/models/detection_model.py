"""What every detection model can do, whatever its architecture."""

from abc import abstractmethod
from collections.abc import Mapping

import tensorflow as tf
import tf_keras as keras

from tfod import names
from tfod.checkpoints.layout import CheckpointLayout
from tfod.models.preprocess import Preprocess

__all__ = ["DetectionModel"]

Tensors = dict[str, tf.Tensor]


class DetectionModel(tf.Module):
    """Images to predictions, and from these to losses or detections. Keeps no state between calls.

    Classes are counted from 0 inside a model; users, label maps and exported models count from 1:
    add `label_id_offset`. Letters: `B` images, `H W` pixels as given, `h w` pixels of the network's input.

    Attributes:
      num_classes: Without the background.
      preprocess: From images to the network's inputs.
    """

    label_id_offset = 1

    def __init__(self, name: str, *, num_classes: int, preprocess: Preprocess) -> None:
        super().__init__(name=name)
        self.num_classes = num_classes
        self.preprocess = preprocess

    @abstractmethod
    def predict(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        *,
        labels: Mapping[str, tf.Tensor] | None = None,
        training: bool,
    ) -> Tensors:
        """What the network computes from inputs float32 `[B, h, w, 3]` whose true shapes are int32 `[B, 3]`.

        `labels`, as `loss` takes them, are for a second stage, which samples its proposals against them.
        """

    @abstractmethod
    def loss(self, prediction: Tensors, labels: Mapping[str, tf.Tensor], *, training: bool) -> Tensors:
        """The losses, weighted and normalised, each a float32 scalar under its TensorBoard tag.

        `labels` is what `tfod.input` yields: boxes float32 `[B, N, 4]`, padded with zeros, one-hot classes
        `[B, N, C]`, weights `[B, N]`, and how many boxes each image has, int32 `[B]`. Few losses differ with
        `training`.
        """

    @abstractmethod
    def postprocess(self, prediction: Tensors, true_shapes: tf.Tensor) -> Tensors:
        """The best detections of each image, best first, padded with zeros; classes from 0.

        Boxes `[B, N, 4]` are relative to the image without its padding; scores and classes are `[B, N]`, and of each
        image `num_detections`, `[B]`, are valid. All are float32.
        """

    @abstractmethod
    def checkpoint_layout(self) -> CheckpointLayout:
        """The model's variables under the names that the original's checkpoints give them."""

    def losses(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        labels: Mapping[str, tf.Tensor],
        *,
        training: bool,
        regularize: bool = True,
    ) -> tuple[Tensors, Tensors]:
        """What training minimises, for inputs as `predict` and labels as `loss` take them.

        Returns:
          The losses, float32 scalars by their TensorBoard tags: those of `loss`, with `regularize` the
          regularization loss, and their sum as `Loss/total_loss`; and the prediction that they are of.
        """
        prediction = self.predict(inputs, true_shapes, labels=labels, training=training)
        losses = dict(self.loss(prediction, labels, training=training))
        if regularize:
            losses[names.REGULARIZATION_LOSS] = self.regularization_loss()
        losses[names.TOTAL_LOSS] = tf.add_n(list(losses.values()))
        return losses, prediction

    def detections(self, prediction: Tensors, true_shapes: tf.Tensor) -> Tensors:
        """What `postprocess` gives, float32 `[B, N, ...]`, with classes from 1, as label maps and users count them."""
        detections = self.postprocess(prediction, true_shapes)
        detections[names.DETECTION_CLASSES] += self.label_id_offset
        return {name: tf.cast(value, tf.float32) for name, value in detections.items()}

    def detect_inputs(self, inputs: tf.Tensor, true_shapes: tf.Tensor) -> Tensors:
        """From inputs float32 `[B, h, w, 3]`, of true shapes int32 `[B, 3]`, to what `detections` gives."""
        return self.detections(self.predict(inputs, true_shapes, training=False), true_shapes)

    def detect(self, images: tf.Tensor) -> Tensors:
        """From images `[B, H, W, 3]`, uint8 or float32 in 0..255, to what `detections` gives."""
        return self.detect_inputs(*self.preprocess(images))

    def regularization_loss(self) -> tf.Tensor:
        """The sum over all regularised kernels, a float32 scalar (0 where there are none)."""
        layers = (module for module in self.submodules if isinstance(module, keras.layers.Layer))
        # Keras adds the losses of sub-layers to a layer's own, but no layer here has sub-layers with losses.
        losses = [loss for layer in layers for loss in layer.losses]
        return tf.add_n(losses) if losses else tf.constant(0.0)
