"""Where the frozen graph of a folder is."""

from pathlib import Path

__all__ = ["FROZEN_GRAPH", "find_frozen_graph"]

FROZEN_GRAPH = "frozen_inference_graph.pb"

_SAVED_MODEL = "saved_model.pb"


def find_frozen_graph(place: Path | str) -> Path | None:
    """The frozen graph at `place`: a `.pb` file, or a folder that holds `frozen_inference_graph.pb`; or None."""
    path = Path(place)
    if path.is_file():
        return path if path.suffix == ".pb" and path.name != _SAVED_MODEL else None
    graph = path / FROZEN_GRAPH
    return graph if graph.is_file() else None
