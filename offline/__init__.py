"""The embedded OpenAI-compatible server: chat, embeddings, transcription and speech without a network."""

import os

# onnxruntime 1.29 and newer report usage to its maker, and keep an id of the machine for it, unless told not to before
# it is imported: https://github.com/microsoft/onnxruntime/pull/27379
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
