"""Runs as a process of its own: the most seconds and the recording on stdin, a line of JSON and PCM on stdout.

After its imports it takes from itself what a hostile file could use: no file or socket can be opened, memory and CPU
time are bounded. Demuxers are an allow-list; without it a text file named like audio makes FFmpeg open local files.
Duration is bounded by counting decoded samples: a container may say anything.
"""

from __future__ import annotations

import io
import json
import resource
import sys

# PyAV imports the module of a stream's kind when it meets one; after `restrict` it could not.
import av
import av.audio.stream
import av.error
import av.subtitles.stream
import av.video.stream

SAMPLE_RATE = 16_000
MEMORY_BYTES = 300 * 1024 * 1024
CPU_SECONDS = 4  # five minutes of any codec take less than one
DEMUXERS = "wav,ogg,mp3,mov,matroska,webm,flac,aac"
LEAST_BYTES = SAMPLE_RATE // 5  # a tenth of a second, the least that a model listens to
LEAST_BYTES_OF_DAMAGED = SAMPLE_RATE  # half a second


def restrict() -> None:
    """Give up files, sockets, memory and time. Linux and macOS; a limit the system does not know is skipped."""
    av.logging.set_level(av.logging.PANIC)
    limits = [(resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)]
    limits += [(resource.RLIMIT_DATA, MEMORY_BYTES), (resource.RLIMIT_NOFILE, 0)]
    for limit, value in limits:
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            continue


def decode(upload: bytes, max_seconds: int) -> tuple[str, bytes]:
    """An error code or "", and PCM."""
    pcm = bytearray()
    most = max_seconds * SAMPLE_RATE * 2
    # What makes an MP4 readable comes last in it: without that, it was cut off.
    found = upload[4:8] == b"ftyp" and b"moov" not in upload
    least = LEAST_BYTES
    try:
        with av.open(io.BytesIO(upload), mode="r", options={"format_whitelist": DEMUXERS}) as container:
            if not container.streams.audio:
                return "audio_unreadable", b""
            found = True
            resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
            for frame in container.decode(container.streams.audio[0]):
                for part in resampler.resample(frame):
                    pcm += bytes(part.planes[0])[: part.samples * 2]
                if len(pcm) > most:
                    return "audio_too_long", b""
            for part in resampler.resample(None):
                pcm += bytes(part.planes[0])[: part.samples * 2]
    except (av.error.FFmpegError, OSError, ValueError, MemoryError):
        least = LEAST_BYTES_OF_DAMAGED  # cut off in the middle, it still holds what was said before
    if len(pcm) < least:
        return "audio_truncated" if found else "audio_unreadable", b""
    return "", bytes(pcm)


def main() -> None:
    """Read everything first: after `restrict` nothing can be opened any more."""
    max_seconds, upload = int(sys.stdin.buffer.readline() or 0), sys.stdin.buffer.read()
    restrict()
    error, pcm = decode(upload, max_seconds)
    sys.stdout.buffer.write(json.dumps({"error": error}).encode() + b"\n" + pcm)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
