"""Running an exported model in a process of its own: what it gives, how long it takes, how much memory it needs.

`python -m tfod.export.run KIND MODEL FOLDER` runs `FOLDER/0.input.npy` and so on, and leaves `0.output.npz`, and
`cost.json`. A crash of a runtime ends that process alone, and what one format holds in memory is no other's.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfod.errors import CheckpointError
from tfod.inference.backends.tflite import make_interpreter

__all__ = ["Cost", "Measured", "bytes_of", "measured", "peak_megabytes", "run_alone"]

Outputs = Mapping[str, NDArray[Any]]
Function = Callable[[NDArray[Any]], Outputs]


@dataclass(frozen=True)
class Cost:
    """What running a model costs.

    Attributes:
      megabytes: Of its file or folder.
      median_ms, p95_ms: Milliseconds of one input, after a first one that does not count.
      peak_megabytes: The most memory that its process had; None where the system does not tell.
    """

    megabytes: float
    median_ms: float
    p95_ms: float
    peak_megabytes: float | None


@dataclass(frozen=True)
class Measured:
    """What a model gave for each input, by the names of its outputs, and its cost."""

    outputs: list[dict[str, NDArray[Any]]]
    cost: Cost


def measured(kind: str, path: Path, inputs: Iterable[NDArray[np.uint8] | NDArray[np.float32]]) -> Measured:
    """Runs an exported file or folder, of one of `tfod.export.formats.FORMATS`.

    Args:
      inputs: Of the shape and dtype that the model takes, uint8 or float32 `[B, h, w, 3]`; a string as its bytes, uint8
        `[bytes]`.

    Raises:
      CheckpointError: It cannot be run.
    """
    with tempfile.TemporaryDirectory(prefix="tfod_run_") as name:
        folder = Path(name)
        count = 0
        for count, one in enumerate(inputs, 1):
            np.save(folder / f"{count - 1}.input.npy", one)
        cure = "export without this format; or see whether --verify off and your own program run it"
        run_alone("tfod.export.run", [kind, str(path), name], path.name, cure)
        outputs = []
        for number in range(count):
            with np.load(folder / f"{number}.output.npz") as arrays:
                outputs.append(dict(arrays))
        content = json.loads((folder / "cost.json").read_text(encoding="ascii"))
    seconds = content["seconds"]
    return Measured(
        outputs,
        Cost(
            bytes_of(path) / 1e6,
            1000 * float(np.median(seconds)),
            1000 * float(np.percentile(seconds, 95)),
            content["peak_megabytes"],
        ),
    )


def run_alone(module: str, arguments: Sequence[str], where: str, cure: str) -> None:
    """Runs a module in a process of its own, and waits for it.

    Raises:
      CheckpointError: It failed; with the last line that it said.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        errors="replace",
        env={**os.environ, "PYTHONPATH": paths},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise CheckpointError(f"the model does not run: {last[:300]}", where, cure)


def bytes_of(path: Path) -> int:
    """Of a file, or of all files of a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_size for one in files)


def _saved_model(path: str) -> Function:
    import tensorflow as tf

    model = tf.saved_model.load(path)
    signature = model.signatures["serving_default"]
    [name] = signature.structured_input_signature[1]

    def run(given: NDArray[Any]) -> Outputs:
        value = tf.constant([given.tobytes()]) if given.ndim == 1 else tf.constant(given)
        return {key: one.numpy() for key, one in signature(**{name: value}).items()}

    run.model = model  # type: ignore[attr-defined]  # its variables live as long as it does
    return run


def _onnx(path: str) -> Function:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [name] = [one.name for one in session.get_inputs()]
    outputs = [one.name for one in session.get_outputs()]
    return lambda given: dict(zip(outputs, session.run(None, {name: given}), strict=True))


def _tflite(path: str) -> Function:
    interpreter = make_interpreter(path, None)
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner()
    [taken] = runner.get_input_details().values()
    given_back = runner.get_output_details()

    def run(given: NDArray[Any]) -> Outputs:
        interpreter.set_tensor(taken["index"], given)
        interpreter.invoke()
        return {name: _real(interpreter.get_tensor(one["index"]), one) for name, one in given_back.items()}

    return run


def _real(values: NDArray[Any], details: Mapping[str, Any]) -> NDArray[Any]:
    scale, zero = details["quantization"]
    return (values.astype(np.float32) - zero) * np.float32(scale) if scale else values


def peak_megabytes() -> float | None:
    """The most memory that this process had; None where the system does not tell."""
    # Not `getrusage`: that counts what the process was before this program was loaded into it, a copy of its parent.
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000
    return None


def _timed(run: Function, folder: Path) -> Iterator[float]:
    paths = sorted(folder.glob("*.input.npy"), key=lambda path: int(path.name.split(".")[0]))
    run(np.load(paths[0]))  # the first one waits for what is prepared once
    for path in paths:
        given = np.load(path)
        began = time.perf_counter()
        found = run(given)
        yield time.perf_counter() - began
        np.savez(folder / path.name.replace(".input.npy", ".output.npz"), **found)


def _main(kind: str, path: str, folder: str) -> None:
    warnings.simplefilter("ignore")
    load = {"saved_model": _saved_model, "onnx": _onnx}.get(kind, _tflite)
    seconds = list(_timed(load(path), Path(folder)))
    content = {"seconds": seconds, "peak_megabytes": peak_megabytes()}
    Path(folder, "cost.json").write_text(json.dumps(content), encoding="ascii")


if __name__ == "__main__":
    _main(*sys.argv[1:])
