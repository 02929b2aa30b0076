from __future__ import annotations

import os

import pytest

from store.crypto import SealError, SessionCipher, Vault

OLD, NEW = bytes(32), bytes(range(32))
ALICE, BOB = "sess_" + "a" * 32, "sess_" + "b" * 32
SAID = "I am scared of falling again"


def _cipher(session_id: str = ALICE) -> SessionCipher:
    vault = Vault((OLD,))
    return vault.cipher(session_id, vault.new_wrapped_key(session_id))


@pytest.mark.parametrize("plain", [b"", b"\x00\xff", SAID.encode(), os.urandom(100_000)])
def test_what_is_sealed_opens_again(plain: bytes) -> None:
    cipher = _cipher()
    assert cipher.open("job_1|audio", cipher.seal("job_1|audio", plain)) == plain


@pytest.mark.parametrize("value", [None, [], {"text": "façon d'être ☕", "n": [1, 2.5, None, True]}])
def test_json_that_is_sealed_opens_again(value: object) -> None:
    cipher = _cipher()
    assert cipher.open_json("state", cipher.seal_json("state", value)) == value


def test_sealed_bytes_hold_no_plaintext_and_never_repeat() -> None:
    cipher = _cipher()
    sealed = [cipher.seal_json("history", {"text": SAID}) for _ in range(50)]
    assert len(set(sealed)) == 50
    assert not any(word.encode() in value for value in sealed for word in SAID.split() if len(word) > 3)


def test_another_place_cannot_be_read_as_this_one() -> None:
    cipher = _cipher()
    with pytest.raises(SealError):
        cipher.open("job_2|input", cipher.seal("job_1|input", b"x"))


def test_another_session_cannot_be_read_even_with_the_same_data_key() -> None:
    data_key = os.urandom(32)
    sealed = SessionCipher(ALICE, data_key).seal("history", b"x")
    assert SessionCipher(ALICE, data_key).open("history", sealed) == b"x"
    with pytest.raises(SealError):
        SessionCipher(BOB, data_key).open("history", sealed)
    with pytest.raises(SealError):
        _cipher(BOB).open("history", sealed)


def test_a_change_of_any_byte_is_noticed() -> None:
    cipher = _cipher()
    sealed = cipher.seal("history", b"short")
    for position in range(len(sealed)):
        tampered = bytearray(sealed)
        tampered[position] ^= 1
        with pytest.raises(SealError):
            cipher.open("history", bytes(tampered))


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27])
def test_a_cut_value_is_noticed(length: int) -> None:
    cipher = _cipher()
    with pytest.raises(SealError):
        cipher.open("history", cipher.seal("history", b"short")[:length])


def test_a_wrapped_key_moved_to_another_session_is_refused() -> None:
    vault = Vault((OLD,))
    with pytest.raises(SealError):
        vault.cipher(BOB, vault.new_wrapped_key(ALICE))


@pytest.mark.parametrize("length", [0, 3, 4, 10, 40])
def test_a_cut_wrapped_key_is_refused(length: int) -> None:
    vault = Vault((OLD,))
    with pytest.raises(SealError):
        vault.cipher(ALICE, vault.new_wrapped_key(ALICE)[:length])


def test_after_a_rotation_old_sessions_open_and_new_ones_use_the_new_key() -> None:
    wrapped_before = Vault((OLD,)).new_wrapped_key(ALICE)
    sealed_before = Vault((OLD,)).cipher(ALICE, wrapped_before).seal("history", b"x")
    rotated = Vault((NEW, OLD))
    assert rotated.cipher(ALICE, wrapped_before).open("history", sealed_before) == b"x"
    wrapped_after = rotated.new_wrapped_key(BOB)
    assert Vault((NEW,)).cipher(BOB, wrapped_after)
    with pytest.raises(SealError, match="DATA_ENCRYPTION_KEYS"):
        Vault((OLD,)).cipher(BOB, wrapped_after)


def test_a_removed_master_key_takes_its_sessions_with_it() -> None:
    wrapped = Vault((OLD,)).new_wrapped_key(ALICE)
    with pytest.raises(SealError, match="DATA_ENCRYPTION_KEYS"):
        Vault((NEW,)).cipher(ALICE, wrapped)


def test_a_vault_without_keys_says_what_to_set() -> None:
    with pytest.raises(ValueError, match="DATA_ENCRYPTION_KEYS"):
        Vault(())


def test_a_fingerprint_is_equal_for_equal_content_of_one_session_only() -> None:
    vault = Vault((OLD,))
    wrapped = vault.new_wrapped_key(ALICE)
    one, again, other = vault.cipher(ALICE, wrapped), vault.cipher(ALICE, wrapped), _cipher(ALICE)
    assert one.fingerprint(SAID.encode()) == again.fingerprint(SAID.encode())
    assert one.fingerprint(SAID.encode()) != one.fingerprint(SAID.encode() + b" ")
    assert one.fingerprint(SAID.encode()) != other.fingerprint(SAID.encode())
