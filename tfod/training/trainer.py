"""One training step as one graph, and orbit's trainer around it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import orbit
import tensorflow as tf
import tf_keras as keras

from tfod import names
from tfod.checkpoints.layout import CheckpointLayout
from tfod.training.optimizers import clip_gradients
from tfod.training.schedules import Schedule
from tfod.training.selection import Selection
from tfod.training.watch import StepWatch

__all__ = ["Learning", "Trainable", "Trainer"]

Tensors = dict[str, tf.Tensor]


class Trainable(Protocol):
    """What can be trained: a detection model, or anything else that computes its losses."""

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        """The weights."""

    def checkpoint_layout(self) -> CheckpointLayout:
        """The variables under the names that checkpoints give them."""

    def losses(
        self,
        inputs: tf.Tensor,
        true_shapes: tf.Tensor,
        labels: Mapping[str, tf.Tensor],
        *,
        training: bool,
        regularize: bool = True,
    ) -> tuple[Tensors, Tensors]:
        """What training minimises, and the prediction that it is of.

        Args:
          inputs: Images float32 `[B, h, w, 3]`, as the network takes them.
          true_shapes: int32 `[B, 3]`, their shapes without padding.
          labels: The ground truth, by name.
          training: Whether statistics follow the batch.
          regularize: Whether the losses have one of the weights alone, if the model has such a loss.

        Returns:
          float32 scalars by their tags in TensorBoard, among them their sum as `Loss/total_loss`; and the
          prediction, tensors by name.
        """


@dataclass(frozen=True)
class Learning:
    """How weights change.

    Attributes:
      optimizer: Applied to the variables of the selection.
      schedule: The learning rate; read for the record, the optimizer has its own way to it.
      step: int64 scalar variable, the number of steps done; goes up by one a step.
      selection: The variables that are trained.
      regularize: Whether the loss of the weights alone counts.
      clip_norm: The most that the joint norm of all gradients may be; 0 for no limit.
    """

    optimizer: keras.optimizers.legacy.Optimizer
    schedule: Schedule
    step: tf.Variable
    selection: Selection
    regularize: bool = True
    clip_norm: float = 0.0


class Trainer(orbit.StandardTrainer):
    """Trains a model by gradient descent, one batch of the iterator a step.

    Args:
      model: Its losses are minimised.
      learning: How.
      batches: An iterator of (features, labels); with a strategy of more than one replica, a distributed one.
      watch: Told of every step.
    """

    def __init__(
        self, model: Trainable, learning: Learning, batches: Iterator[tuple[Tensors, Tensors]], watch: StepWatch
    ) -> None:
        # orbit's own tf.function would have AutoGraph convert all of Keras, which takes longer than the tracing.
        options = orbit.StandardTrainerOptions(use_tf_function=False, use_tf_while_loop=False)
        super().__init__(batches, options)
        self._model = model
        self._learning = learning
        self._watch = watch
        self._strategy = tf.distribute.get_strategy()
        # Images of varying size (a keep_aspect_ratio_resizer without padding) share one relaxed graph.
        self._graph = tf.function(self._all_replicas, autograph=False, reduce_retracing=True)

    def train_step(self, iterator: Iterator[tuple[Tensors, Tensors]]) -> None:
        """Takes a batch and learns from it.

        Its features are images, float32 `[B, h, w, 3]`, and their shapes without padding, int32 `[B, 3]`; its labels
        are what `Trainable.losses` takes.
        """
        features, labels = next(iterator)
        self._watch.step_done(self._graph(features, labels), features, labels)

    def train_loop_end(self) -> dict[str, float]:
        """The losses of the last step and the learning rate of the next, by tag."""
        return self._watch.finish()

    def _all_replicas(self, features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns float32 `[K + 1]`: the K losses in the order of `watch.tags`, then the next learning rate."""
        losses = self._strategy.run(self._one_replica, args=(features, labels))
        losses = self._strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        step = self._learning.step
        step.assign_add(1)
        return tf.concat([losses, [self._learning.schedule(step)]], axis=0)

    def _one_replica(self, features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> tf.Tensor:
        selection = self._learning.selection
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(selection.variables)
            losses = self._losses(features, labels)
        scaled = selection.scale(tape.gradient(losses[names.TOTAL_LOSS], selection.variables))
        gradients = clip_gradients(scaled, self._learning.clip_norm)
        pairs = zip(gradients, selection.variables, strict=True)
        # Without regularization nothing depends on what a network has for the sake of its checkpoints alone.
        self._learning.optimizer.apply_gradients([pair for pair in pairs if pair[0] is not None])
        self._watch.tags = (*losses, names.LEARNING_RATE)
        # One tensor, so that all of it is fetched from the device at once.
        return tf.stack(list(losses.values()))

    def _losses(self, features: Mapping[str, tf.Tensor], labels: Mapping[str, tf.Tensor]) -> Tensors:
        """Scalars by tag. Each replica sees its part of the batch, and the parts are added up: hence the division."""
        losses, _ = self._model.losses(
            features[names.IMAGE],
            features[names.TRUE_IMAGE_SHAPE],
            labels,
            training=True,
            regularize=self._learning.regularize,
        )
        replicas = self._strategy.num_replicas_in_sync
        return losses if replicas == 1 else {tag: loss / replicas for tag, loss in losses.items()}
