"""`tfod zoo list`: every model, readable by people and programs, quickly."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tfod.cli.list_models import main
from tfod.config.zoo import ALL_MODELS
from tfod.config.zoo_models import MODELS
from tfod.config.zoo_models_tf1 import TF1_MODELS

ROOT = Path(__file__).resolve().parents[2]


def test_the_whole_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0

    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["model", "input", "mAP", "ms", "params", "trains"]
    assert [line.split()[0] for line in lines[: len(MODELS)]] == [model.short_name for model in MODELS]
    assert "ssd_mobilenet_v2_fpnlite_320x320           320x320    22.2         22   2.6     yes" in lines
    assert "centernet_hg104_512x512_kpts               512 pad    40.0 / 61.4  76   194.9   not yet" in lines
    assert "centernet_mobilenetv2fpn_512x512_kpts      512 pad    - / 41.7     6    2.4     not yet" in lines
    assert max(map(len, lines[: len(MODELS)])) < 100
    trainable = sum(model.trainable for model in ALL_MODELS)
    assert f"{len(ALL_MODELS)} models, of which {trainable} can be trained here." in lines


def test_the_zoo_of_tensorflow_1_stands_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0

    lines = capsys.readouterr().out.splitlines()[len(MODELS) + 2 :]
    assert lines[0].split("  ")[0] == "model of TensorFlow 1"
    assert [line.split()[-1] for line in lines[1 : len(TF1_MODELS) + 1]] == [model.name for model in TF1_MODELS]
    cells = {line.split()[0]: re.split(r"  +", line)[1:4] for line in lines[1 : len(TF1_MODELS) + 1]}
    assert cells["ssd_mobilenet_v1_coco"] == ["300x300", "21", "30"]
    assert cells["faster_rcnn_resnet101_kitti"] == ["600-1987", "87 KITTI", "79"]
    assert cells["ssd_mobiledet_dsp_coco"] == ["320x320", "28.9", "12.3 Pixel 4 DSP"]
    assert cells["faster_rcnn_resnet50_lowproposals_coco"] == ["600-1024", "-", "64"]
    assert re.search(r"^rfcn_resnet101_coco .* no  +rfcn", "\n".join(lines), re.MULTILINE)


def test_only_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["FPNLite", "640"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].startswith("ssd_mobilenet_v2_fpnlite_640x640  640x640")
    assert "\n\n1 model, of which 1 can be trained here.\n" in out
    assert main(["mobilenet", "--trainable"]) == 0
    out = capsys.readouterr().out
    assert "ssd_mobilenet_v1_fpn_640x640" in out and "centernet" not in out


@pytest.mark.parametrize(
    ("arguments", "what", "cure"),
    [
        (["mobilnet_v1"], "the zoo has no such model", "did you mean ssd_mobilenet_v1_coco"),
        (["yolo"], "the zoo has no such model", "tfod zoo list shows all"),
        (["centernet", "--trainable"], "no such model can be trained here yet", "tfod zoo list --trainable shows"),
    ],
)
def test_nothing_found(arguments: list[str], what: str, cure: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"error: {what}"
    assert lines[1] == f"  where: {arguments[0]}"
    assert lines[2].startswith(f"  what to do: {cure}")


def test_on_a_terminal_no_line_is_cut_off() -> None:
    program = f"""
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="xterm", COLUMNS="40")
    os.execv({sys.executable!r}, [{sys.executable!r}, "tools/list_models.py", "nas"])
out = b""
try:
    while data := os.read(terminal, 4096):
        out += data
except OSError:
    pass
print(out.decode())
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    line = "\x1b[2mfaster_rcnn_nas                    1200x1200  43    1833         no      faster_rcnn_nas_coco_2018"
    assert line in run.stdout


def test_it_answers_at_once_and_without_tensorflow() -> None:
    # Processor time, the best of three: the machine may be busy with other tests, the command may not.
    command = [sys.executable, "-X", "importtime", "tools/list_models.py"]
    seconds = []
    for _ in range(3):
        before = os.times()
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        after = os.times()
        seconds.append(after.children_user - before.children_user + after.children_system - before.children_system)
        imported = {line.rsplit("|", 1)[-1].strip() for line in run.stderr.splitlines()}
        assert not {"tensorflow", "rich", "pandas"} & imported
        if seconds[-1] < 0.5:
            break
    assert min(seconds) < 0.5
