"""A frozen graph of TensorFlow 1 becomes a checkpoint that can be trained further and exported."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras as keras

from tfod.checkpoints.find_frozen_graph import find_frozen_graph
from tfod.checkpoints.frozen_graph import FrozenGraph
from tfod.checkpoints.graph_weights import FilledFromGraph, fill_from_graph
from tfod.config.gray import with_gray
from tfod.config.pipeline import write_pipeline_config
from tfod.errors import CheckpointError, ConfigError
from tfod.export.from_config import require_replaceable, write_checkpoint
from tfod.files import replacing_directory
from tfod.inference.detector import Detector
from tfod.inference.graph_function import detection_outputs
from tfod.models.build import build_model
from tfod.models.detection_model import DetectionModel

__all__ = ["ImportedGraph", "import_graph"]

_BEST = 10


@dataclass(frozen=True)
class ImportedGraph:
    """What was imported.

    Attributes:
      graph: The file.
      filled: What it filled.
      difference: The largest difference of a score, among the best of graph and model on a drawn image, 0 to 1.
    """

    graph: Path
    filled: FilledFromGraph
    difference: float


def import_graph(config: Any, place: Path | str, output_directory: Path | str) -> ImportedGraph:
    """Writes `checkpoint/ckpt-0` and `pipeline.config`, all or nothing; an earlier import is replaced.

    Args:
      config: The TrainEvalPipelineConfig of the model that the graph computes.
      place: The graph's file, or a folder that holds `frozen_inference_graph.pb`.

    Raises:
      CheckpointError: There is no graph, it is damaged, or its weights are not those of the config's model.
      ConfigError: The model cannot be built, or TensorFlow 1 had no such model.
      OutputError: The folder cannot be written, or holds something that is no export.
    """
    output = Path(output_directory)
    require_replaceable(output)
    path = find_frozen_graph(place)
    if path is None:
        cure = "name the file, frozen_inference_graph.pb"
        raise CheckpointError("no frozen graph there", str(place), cure)
    graph = FrozenGraph.read(path)
    config = with_gray(config)
    model = build_model(config.model)
    named = model.checkpoint_layout().named
    if named is None:
        cure = "use the pipeline.config that the graph was exported with"
        raise ConfigError("TensorFlow 1 had no such model, so the graph is of another", "model", cure)
    # What tools have left in the file, unused, could be taken for weights.
    part = graph.needed_for(detection_outputs(graph))
    filled = fill_from_graph(named.variables, _epsilons(model, named.variables), part)
    difference = _difference(model, path)
    with replacing_directory(output) as folder:
        write_checkpoint(model, folder)
        write_pipeline_config(config, folder / "pipeline.config")
    return ImportedGraph(path, filled, difference)


def _epsilons(model: DetectionModel, names: Any) -> dict[str, float]:
    """Of each normalisation, by its scope."""
    norms = {
        id(layer.moving_variance): float(layer.epsilon)
        for layer in model.submodules
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    return {name.rpartition("/")[0]: norms[id(one)] for name, one in names.items() if id(one) in norms}


def _difference(model: DetectionModel, path: Path) -> float:
    """See ImportedGraph."""
    graph = Detector.from_saved_model(path)
    height, width = (side or _SIDE for side in graph.image_size)
    image = _drawn(height, width)
    theirs, ours = (detector.detect(image).best(_BEST).scores for detector in (graph, Detector.from_model(model)))
    length = max(len(theirs), len(ours))
    both = [np.pad(scores, (0, length - len(scores))) for scores in (theirs, ours)]
    return float(np.abs(both[0] - both[1]).max(initial=0.0))


_SIDE = 300


def _drawn(height: int, width: int) -> Any:
    """Coloured waves, uint8 `[H, W, 3]`: edges and areas for every filter."""
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [np.sin(rows * (0.02 + 0.05 * i) + columns * (0.11 - 0.03 * i)) for i in range(3)]
    return np.rint(127.5 * (1.0 + np.stack(waves, axis=-1))).astype(np.uint8)
