#!/bin/sh
# Compiles the .proto files of this folder into *_pb2.py and *_pb2.pyi, which are kept under version control:
# users need no protoc. Run it from anywhere after changing a .proto; it needs, on Python 3.11,
#     pip install grpcio-tools==1.62.3 mypy-protobuf==3.6.0
# grpcio-tools 1.62 is protoc 25: its code loads under protobuf 4.25 and every later version, whereas newer
# protoc writes a check that refuses an older runtime. PYTHON names the interpreter (default: python).
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-python}
PATH="$(dirname "$(command -v "$python")"):$PATH"   # protoc looks for protoc-gen-mypy there
export PATH
"$python" -m grpc_tools.protoc --proto_path=. --python_out=. --mypy_out=quiet:. tfod/protos/*.proto
