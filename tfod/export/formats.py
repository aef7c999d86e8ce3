"""The formats that models are exported to: how they are called, and what their files are called."""

from tfod.errors import ConfigError

__all__ = ["CANDIDATES", "FORMATS", "TFLITE", "file_of", "named_formats", "precision_of"]

TFLITE = ("tflite_float32", "tflite_float16", "tflite_int8")
FORMATS = ("saved_model", *TFLITE, "onnx")
CANDIDATES = 2000
"""How many pairs of an anchor and a class, the best of an image, are suppressed where a graph has no branch for more.
Each object has dozens of anchors: of a few hundred pairs too little is left where many objects lie close together."""
_SHORT = {"tflite": "tflite_float32"}


def named_formats(text: str) -> list[str]:
    """The formats of a list with commas, each once; `tflite` is short for `tflite_float32`.

    Raises:
      ConfigError: One of them does not exist.
    """
    kinds = [_SHORT.get(kind.strip(), kind.strip()) for kind in text.split(",")]
    unknown = [kind for kind in kinds if kind not in FORMATS]
    if unknown:
        raise ConfigError(f"there is no format {unknown[0]!r}", "--formats", f"choose from {', '.join(FORMATS)}")
    return list(dict.fromkeys(kinds))


def precision_of(kind: str) -> str:
    """Of one of TFLITE: float32, float16 or int8."""
    return kind.removeprefix("tflite_")


def file_of(kind: str) -> str:
    """The name of a format's file or folder."""
    return {"saved_model": "saved_model", "onnx": "model.onnx"}.get(kind) or f"model_{precision_of(kind)}.tflite"
