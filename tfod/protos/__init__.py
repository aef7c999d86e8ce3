"""The schema of pipeline.config and of label maps, compiled from the .proto files by `generate.sh`."""
