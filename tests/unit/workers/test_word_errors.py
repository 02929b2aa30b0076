import pytest

from workers.word_errors import Errors, word_errors


@pytest.mark.parametrize(
    ("said", "heard", "words", "wrong"),
    [
        ("I like to walk.", "i like to walk", 4, 0),
        ("I like to walk.", "I like two walk", 4, 1),
        ("I like to walk.", "I walk", 4, 2),
        ("I like to walk.", "I really like to walk a lot", 4, 3),
        ("I like to walk.", "", 4, 4),
        ("Twenty-five minutes", "25 minutes", 3, 0),
        ("at 7 or 17 or 70", "at seven or seventeen or seventy", 6, 0),
        ("the doctor\u2019s advice", "the doctor's advice", 3, 0),
        ("", "hello there", 0, 2),
        ("", "", 0, 0),
    ],
)
def test_words_that_are_wrong_missing_or_too_many_count(said: str, heard: str, words: int, wrong: int) -> None:
    assert word_errors(said, heard) == Errors(words, wrong)


def test_the_rate_of_several_texts_is_that_of_all_their_words() -> None:
    assert (Errors(9, 1) + Errors(1, 1)).rate == 0.2
    assert Errors(0, 0).rate == 0
    assert Errors(0, 3).rate == 1
