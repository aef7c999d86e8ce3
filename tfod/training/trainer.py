"""One training step as one graph, and orbit's trainer around it."""

from collections.abc import Mapping
from typing import Any, Protocol

import orbit
import tensorflow as tf

from tfod import names
from tfod.training.optimizers import clip_gradients
from tfod.training.schedules import Schedule
from tfod.training.selection import Selection
from tfod.training.watch import StepWatch

__all__ = ["Trainable", "Trainer"]


class Trainable(Protocol):
    """What can be trained: a detection model, or anything else that predicts and judges its predictions."""

    def predict(self, inputs: Any, true_image_shapes: Any, *, training: bool) -> Mapping[str, Any]:
        """Tensors by name for pictures `[B, h, w, 3]` whose own shapes are int32 `[B, 3]`."""

    def loss(self, prediction: Mapping[str, Any], labels: Mapping[str, Any], *, training: bool) -> Mapping[str, Any]:
        """Scalars by tag; their sum is to be made small."""

    def regularization_loss(self) -> Any:
        """A scalar of the weights alone."""


class Trainer(orbit.StandardTrainer):
    """Trains a model by gradient descent, one batch of the iterator a step.

    Args:
      model: Its loss is the sum of what `model.loss` gives and, if `regularize`, `model.regularization_loss`.
      selection: The variables that are trained.
      optimizer: Applied to them.
      schedule: The learning rate; read for the record, the optimizer has its own way to it.
      step: int64 scalar variable, the number of steps done; goes up by one a step.
      batches: An iterator of (features, labels); with a strategy of more than one replica, a distributed one.
      watch: Told of every step.
      clip_norm: The most that the joint norm of all gradients may be; 0 for no limit.
    """

    def __init__(
        self,
        model: Trainable,
        selection: Selection,
        optimizer: Any,
        schedule: Schedule,
        step: Any,
        batches: Any,
        watch: StepWatch,
        *,
        regularize: bool,
        clip_norm: float,
    ) -> None:
        # orbit's own tf.function would have AutoGraph convert all of Keras, which takes longer than the tracing.
        options = orbit.StandardTrainerOptions(use_tf_function=False, use_tf_while_loop=False)
        super().__init__(batches, options)
        self._model = model
        self._selection = selection
        self._optimizer = optimizer
        self._schedule = schedule
        self._step = step
        self._watch = watch
        self._regularize = regularize
        self._clip_norm = clip_norm
        self._strategy = tf.distribute.get_strategy()
        # Pictures of varying size (a keep_aspect_ratio_resizer without padding) share one relaxed graph.
        self._graph = tf.function(self._all_replicas, autograph=False, reduce_retracing=True)

    def train_step(self, iterator: Any) -> None:
        """Takes a batch and learns from it."""
        features, labels = next(iterator)
        self._watch.step_done(self._graph(features, labels), features, labels)

    def train_loop_end(self) -> dict[str, float]:
        """The losses of the last step and the learning rate of the next, by tag."""
        return self._watch.finish()

    def _all_replicas(self, features: Mapping[str, Any], labels: Mapping[str, Any]) -> Any:
        """Returns float32 `[K + 1]`: the K losses in the order of `watch.tags`, then the next learning rate."""
        losses = self._strategy.run(self._one_replica, args=(features, labels))
        losses = self._strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)
        self._step.assign_add(1)
        return tf.concat([losses, [self._schedule(self._step)]], axis=0)

    def _one_replica(self, features: Mapping[str, Any], labels: Mapping[str, Any]) -> Any:
        variables = self._selection.variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            losses = self._losses(features, labels)
        slopes = self._selection.scale(tape.gradient(losses[names.TOTAL_LOSS], variables))
        gradients = clip_gradients(slopes, self._clip_norm)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self._watch.tags = (*losses, names.LEARNING_RATE)
        # One tensor, so that all of it is fetched from the device at once.
        return tf.stack(list(losses.values()))

    def _losses(self, features: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, Any]:
        """Scalars by tag. Each replica sees its part of the batch, and the parts are added up: hence the division."""
        images, shapes = features[names.IMAGE], features[names.TRUE_IMAGE_SHAPE]
        prediction = self._model.predict(images, shapes, training=True)
        losses = dict(self._model.loss(prediction, labels, training=True))
        if self._regularize:
            losses[names.REGULARIZATION_LOSS] = self._model.regularization_loss()
        losses[names.TOTAL_LOSS] = tf.add_n(list(losses.values()))
        replicas = self._strategy.num_replicas_in_sync
        return losses if replicas == 1 else {tag: loss / replicas for tag, loss in losses.items()}
