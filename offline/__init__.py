"""The embedded OpenAI-compatible server: chat, embeddings, transcription and speech without a network."""
