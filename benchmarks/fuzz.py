"""Damages annotation files at random and reads them: nothing but a TfodError may come out, and soon.

python -m benchmarks.fuzz --format voc --files 200000
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from tfod.annotations.annotated_image import AnnotatedImage, AnnotatedObject
from tfod.annotations.catalogue import FORMATS, read_dataset
from tfod.annotations.dataset_writer import write_dataset
from tfod.annotations.format import Dataset, Reading
from tfod.annotations.masks import run_lengths
from tfod.errors import TfodError
from tfod.records.frames import read_frames, write_frame

MOST_SECONDS = 1.0
_WRITTEN_EVERY = 20  # what was read from every so many-th file is also written, in another format
_TOKENS = [
    b"", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"../../etc/passwd", b"/etc/passwd", b"-1", b"0", b"1e999", b"nan",
    b"inf",
    b"-0.0", b"99999999999999999999", b"9" * 5000, b"[" * 3000, b"{" * 3000, b"null", b"true", b'""', b"[]", b"{}",
    b"<a>" * 300,
    b"- " * 2000, b"? " * 2000, b"- x: " * 500,
    b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"&x;", b"<![CDATA[", b"\\ud800", b"\\u0000", b"%s", b"{0}", b",", b";", b":",
    b"\n", b"\r\n", b"\t", b"  ", b"\"", b"'", b"<", b">", b"&", b"*a", b"&a", b"!!python/object:os.system",
    b"2020-99-99",
    b"1,2;3", b"a" * 300, "é".encode(), b"\xe2\x80\xae", b"~",
]  # fmt: skip


class Hang(BaseException):
    """Reading took too long; no Exception, so that no reader takes it for a fault of the file."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=sorted(FORMATS), action="append", help="which (default: all)")
    parser.add_argument("--files", type=int, default=200_000, help="how many files of each (default: 200000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    failed = False
    for name in args.format or FORMATS:
        started = time.perf_counter()
        outcomes, failures, slowest = fuzz(name, args.files, args.seed)
        seconds = time.perf_counter() - started
        row = {"format": name, "files": args.files, "seconds": round(seconds, 1), "slowest": round(slowest, 3)}
        print(json.dumps({**row, **outcomes, "failures": len(failures)}), flush=True)
        for failure in list(failures.values())[:5]:
            print(failure, file=sys.stderr)
        failed |= bool(failures)
    return int(failed)


def fuzz(name: str, files: int, seed: int) -> tuple[Counter[str], dict[str, str], float]:
    """How many files were read and refused, the tracebacks by where they arose, and the seconds of the slowest."""
    rng = random.Random(f"{name} {seed}")
    outcomes: Counter[str] = Counter()
    failures: dict[str, str] = {}
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        targets = _data_set(name, Path(folder))
        for number in range(files):
            path, good = rng.choice(targets)
            data = _damaged(good, name, rng)
            path.write_bytes(data)
            started = time.process_time()  # others may be busy on the machine
            try:
                with _limit(2 * MOST_SECONDS):
                    outcomes[_read(name, folder, number, rng)] += 1
            except (Exception, Hang) as error:  # whatever it is, it is what is looked for
                trace = traceback.extract_tb(error.__traceback__)[-1]
                key = f"{type(error).__name__} {trace.filename}:{trace.lineno}"
                failures.setdefault(key, f"{name} {number}: {data[:2000]!r}\n{traceback.format_exc()[-3000:]}")
            seconds = time.process_time() - started
            slowest = max(slowest, seconds)
            if seconds > MOST_SECONDS:
                failures.setdefault("slow", f"{name} {number}: {seconds:.2f} s: {data[:2000]!r}")
            path.write_bytes(good)
    return outcomes, failures, slowest


def _read(name: str, folder: str, number: int, rng: random.Random) -> str:
    try:
        dataset = read_dataset(f"{folder}/set", name, Reading())
        read = [image for image in dataset.images if isinstance(image, AnnotatedImage)]
        for image in read:
            if image.picture and not Path(image.picture).resolve().is_relative_to(Path(folder).resolve()):
                raise AssertionError(f"a picture out of the folder: {image.picture}")
        if number % _WRITTEN_EVERY == 0:
            write_dataset(dataset, rng.choice(list(FORMATS)), f"{folder}/again", skip_bad=True)
        return "read" if len(read) == dataset.total else "refused in part"
    except TfodError:
        return "refused"


def _data_set(name: str, folder: Path) -> list[tuple[Path, bytes]]:
    """A small data set of the format, and its annotation files with their content."""
    Image.linear_gradient("L").resize((64, 48)).save(folder / "cat.png")
    pixels = np.zeros((48, 64), bool)
    pixels[10:20, 5:30] = True
    objects = (
        AnnotatedObject("cat", 10, 12, 30, 36, difficult=True, pose="Left", fields=(("occluded", "1"),)),
        AnnotatedObject("a dog", 5, 10, 30, 20, crowd=True, area=250, mask=run_lengths(pixels)),
        AnnotatedObject("cat", 1, 2, 9, 8, truncated=True, mask=((1, 2, 9, 2, 9, 8, 5, 7),)),
        AnnotatedObject("cat", 10, 10, 20, 20, fields=(("shape_type", "circle"),)),
    )
    images = [
        AnnotatedImage("cat", "cat.png", f"{folder}/cat.png", objects, 64, 48),
        AnnotatedImage("dog", "dog.png", f"{folder}/cat.png", objects[:1], 64, 48),
    ]
    write_dataset(Dataset(images, 2, {"cat": 1, "a dog": 2}), name, f"{folder}/set")
    if name == "cvat":
        _add_track(folder / "set" / "annotations.xml")
    files = [path for path in sorted((folder / "set").rglob("*")) if path.is_file() and path.suffix != ".png"]
    wanted = [path for path in files if name != "tfrecord" or path.suffix == ".record"]
    return [(path, path.read_bytes()) for path in wanted]


def _add_track(path: Path) -> None:
    track = (
        '<track id="0" label="cat"><box frame="3" outside="0" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"/></track>'
        '<image name="b.png" width="64" height="48"><box label="cat" xtl="1" ytl="2" xbr="9" ybr="8" rotation="30"/>'
        '<ellipse label="cat" cx="9" cy="9" rx="3" ry="4"/><points label="cat" points="1,2;3,4"/></image></annotations>'
    )
    path.write_text(path.read_text().replace("</annotations>", track))


def _damaged(data: bytes, name: str, rng: random.Random) -> bytes:
    if name != "tfrecord" or rng.random() < 0.2:
        return _mutated(data, rng)
    with tempfile.NamedTemporaryFile() as file:  # damage inside a record, under a checksum that is right
        file.write(data)
        file.flush()
        payloads = list(read_frames(file.name))
    chosen = rng.randrange(len(payloads))
    payloads[chosen] = _mutated(payloads[chosen], rng)
    with tempfile.TemporaryFile() as out:
        for payload in payloads:
            write_frame(out, payload)  # type: ignore[arg-type]
        out.seek(0)
        return out.read()


def _mutated(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        start = rng.randrange(len(changed) + 1)
        end = start + rng.choice((0, 0, 1, 1, 2, 4, 16, 64, len(changed)))
        kind = rng.randrange(5)
        if kind == 0:
            changed[start:end] = rng.choice(_TOKENS)
        elif kind == 1:
            changed[start:end] = rng.randbytes(rng.randint(0, 4))
        elif kind == 2:
            changed[start:start] = changed[start:end] * rng.choice((1, 2, 50)) if end - start < 100 else b""
        elif kind == 3:
            del changed[start : min(end, start + 64)]
        else:
            _change_a_number(changed, start, rng)
    return bytes(changed)


def _change_a_number(changed: bytearray, start: int, rng: random.Random) -> None:
    digits = next((index for index in range(start, len(changed)) if 48 <= changed[index] < 58), None)
    if digits is not None:
        changed[digits : digits + 1] = rng.choice(
            (b"-", b"", b"00", b"1e9", b"99999999", b".", str(rng.random()).encode())
        )


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


if __name__ == "__main__":
    sys.exit(main())
