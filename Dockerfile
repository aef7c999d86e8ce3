# An image that serves and trains: docs/export.md has the commands.
FROM python:3.11-slim-bookworm

# What OpenCV, with its windows, is linked to.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

# The dependencies come first, and so a change of the code does not install them again.
WORKDIR /opt/tfod
COPY setup.cfg pyproject.toml README.md ./
RUN mkdir tfod && touch tfod/__init__.py \
    && pip install --no-cache-dir ".[serve,tflite,onnx]" \
    && pip uninstall --yes tfod
COPY tfod ./tfod
RUN pip install --no-cache-dir --no-deps .

# HOME is where matplotlib and tfod keep what they remember, for whatever user the container is run as.
RUN useradd --create-home --uid 1000 tfod && chmod 1777 /home/tfod
ENV HOME=/home/tfod PYTHONUNBUFFERED=1
USER tfod
WORKDIR /work
EXPOSE 8501
ENTRYPOINT ["tfod"]
CMD ["--help"]
