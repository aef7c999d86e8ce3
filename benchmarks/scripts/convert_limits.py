"""The physical limits of a conversion: its bytes read, hashed and written, and its XML parsed.

usage: convert_limits.py PICTURES_FOLDER ANNOTATIONS_FOLDER OUTPUT REPEATS

Prints {"bytes": [seconds, one number a repeat], "xml": [...]}; the first repeat, which warms up, is left out.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

from lxml import etree
from repeated import end_turn


def copy(pictures: list[Path], output: Path) -> None:
    with output.open("wb") as target:
        for picture in pictures:
            content = picture.read_bytes()
            hashlib.sha256(content).hexdigest()
            target.write(content)


def parse(annotations: list[Path]) -> None:
    for annotation in annotations:
        etree.fromstring(annotation.read_bytes())


def main(pictures_folder: str, annotations_folder: str, output: str, repeats: str) -> None:
    annotations = sorted(Path(annotations_folder).glob("*.xml"))
    pictures = sorted(Path(pictures_folder).glob("*.jp*g"))
    seconds: dict[str, list[float]] = {"bytes": [], "xml": []}
    for _ in range(int(repeats) + 1):
        start = time.perf_counter()
        copy(pictures, Path(output))
        middle = time.perf_counter()
        parse(annotations)
        seconds["bytes"].append(middle - start)
        seconds["xml"].append(time.perf_counter() - middle)
        end_turn()
    print(json.dumps({name: values[1:] for name, values in seconds.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
