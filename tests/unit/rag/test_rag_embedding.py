from __future__ import annotations

import json

import httpx2
import numpy as np
import openai
import pytest

from rag.embedding import Embedder


def client(handler: httpx2.MockTransport) -> openai.OpenAI:
    return openai.OpenAI(
        api_key="k", base_url="http://model.test/v1", max_retries=0, http_client=httpx2.Client(transport=handler)
    )


def test_rows_come_in_order_of_the_texts_and_have_length_one() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        assert body["model"] == "some-model"
        assert body["input"] == ["one", "two"]
        data = [
            {"object": "embedding", "index": 1, "embedding": [0.0, 2.0]},
            {"object": "embedding", "index": 0, "embedding": [3.0, 4.0]},
        ]
        usage = {"prompt_tokens": 2, "total_tokens": 2}
        return httpx2.Response(200, json={"object": "list", "model": "some-model", "data": data, "usage": usage})

    rows = Embedder(client(httpx2.MockTransport(answer)), "some-model").embed(["one", "two"])

    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.0, 1.0]], rtol=1e-6)


def test_the_callers_timeout_reaches_the_request_and_its_end_passes_through() -> None:
    timeouts = []

    def too_slow(request: httpx2.Request) -> httpx2.Response:
        timeouts.append(request.extensions["timeout"]["read"])
        raise httpx2.ReadTimeout("too slow", request=request)

    with pytest.raises(openai.APITimeoutError):
        Embedder(client(httpx2.MockTransport(too_slow)), "some-model").embed(["one"], timeout=1.5)
    assert timeouts == [1.5]
