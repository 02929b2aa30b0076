import base64

import httpx
import numpy as np
import openai
import pytest

MODEL = "all-minilm-l6-v2"


def vectors(client: openai.OpenAI, *texts: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    response = client.embeddings.create(model=MODEL, input=list(texts))
    return np.array([item.embedding for item in response.data])


def test_texts_of_one_meaning_lie_closer_than_others(client: openai.OpenAI) -> None:
    asked, near, far = vectors(
        client, "How can I keep my balance?", "Exercises that steady you on your feet", "The price of bread in Peru"
    )
    assert asked @ near > asked @ far + 0.2


def test_vectors_have_384_numbers_and_length_one(client: openai.OpenAI) -> None:
    rows = vectors(client, "walking", "a much longer text about walking in the park with the dog on a sunny morning")
    assert rows.shape == (2, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_batch_gives_what_single_texts_give_in_their_order(client: openai.OpenAI) -> None:
    texts = [f"{'a walk ' * (index % 7)}on day {index}" for index in range(40)]
    batch = vectors(client, *texts)
    singles = np.vstack([vectors(client, texts[index]) for index in (0, 13, 39)])
    # The int8 weights see slightly other ranges in a batch.
    assert (np.sum(batch[[0, 13, 39]] * singles, axis=1) > 0.98).all()


def test_base64_holds_the_same_numbers_as_floats(client: openai.OpenAI) -> None:
    floats = client.embeddings.create(model=MODEL, input="walking", encoding_format="float").data[0].embedding
    encoded = client.embeddings.create(model=MODEL, input="walking", encoding_format="base64").data[0].embedding
    assert isinstance(encoded, str)
    assert np.frombuffer(base64.b64decode(encoded), "<f4").tolist() == floats


def test_usage_counts_word_pieces_and_long_texts_are_cut(client: openai.OpenAI) -> None:
    usage = client.embeddings.create(model=MODEL, input=["walking", "walk " * 1000]).usage
    assert usage.prompt_tokens == usage.total_tokens == 3 + 256


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["fine", ""]}, "input"),
        ({"input": ["fine", None]}, "input"),
        ({"input": [1, 2, 3]}, "input"),
        ({"input": [[1, 2], [3]]}, "input"),
        ({"input": {"text": "no"}}, "input"),
        ({"input": "x" * 50_001}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"dimensions": 256}, "dimensions"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_what_cannot_be_embedded_is_refused(client: openai.OpenAI, change: dict[str, object], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        client.post("/embeddings", body={"model": MODEL, "input": "fine"} | change, cast_to=object)
    assert error.value.param == param
    assert error.value.type == "invalid_request_error"


def test_text_that_is_no_unicode_is_refused(base_url: str) -> None:
    body = b'{"model": "all-minilm-l6-v2", "input": "\\ud800"}'
    response = httpx.post(f"{base_url}/embeddings", content=body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "input")


def test_the_right_dimensions_may_be_asked_for(client: openai.OpenAI) -> None:
    response = client.embeddings.create(model=MODEL, input="fine", dimensions=384)
    assert len(response.data[0].embedding) == 384


def test_another_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="all-minilm-l6-v2") as error:
        client.embeddings.create(model="text-embedding-3-small", input="fine")
    assert error.value.code == "model_not_found"
