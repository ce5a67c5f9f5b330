"""Who reads proofs needs the public key only; the key that signs may lie where they cannot read."""

import shutil
import stat
import threading

import pytest
from cryptography.exceptions import InvalidSignature

from ledger.services.seal.keys import SealKeyBroken, public_key, signing_key


@pytest.fixture
def folders(tmp_path, settings):
    """Of the heads, and of the key that signs them."""
    settings.SEAL_DIR, settings.SEAL_KEY_DIR = tmp_path / "seal", str(tmp_path / "key")
    return tmp_path / "seal", tmp_path / "key"


def test_the_key_that_signs_lies_in_a_folder_of_its_own(folders):
    heads, key = folders
    signed = signing_key().sign(b"a head")

    public_key().verify(signed, b"a head")
    assert [path.name for path in heads.iterdir()] == ["public_key.pem"]
    assert [path.name for path in key.iterdir()] == ["signing_key.pem"]
    assert stat.S_IMODE((key / "signing_key.pem").stat().st_mode) == 0o600


def test_the_public_key_is_read_where_the_signing_key_is_out_of_reach(folders):
    signed = signing_key().sign(b"a head")
    shutil.rmtree(folders[1])

    public_key().verify(signed, b"a head")
    with pytest.raises(InvalidSignature):
        public_key().verify(signed, b"another head")


def test_who_only_reads_makes_no_key(folders):
    heads, key = folders
    with pytest.raises(SealKeyBroken, match="seal_ledger"):
        public_key()

    assert not heads.exists()
    assert not key.exists()


def test_the_public_key_is_written_again_by_the_one_that_signs(folders):
    first = signing_key().public_key().public_bytes_raw()
    (folders[0] / "public_key.pem").unlink()

    assert signing_key().public_key().public_bytes_raw() == first
    assert public_key().public_bytes_raw() == first


def test_without_a_folder_of_its_own_it_lies_beside_the_heads(folders, settings):
    settings.SEAL_KEY_DIR = ""
    signing_key()

    assert {path.name for path in folders[0].iterdir()} == {"public_key.pem", "signing_key.pem"}


def test_whoever_begins_together_signs_with_one_key(folders):
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(signing_key().public_key().public_bytes_raw())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert set(found) == {public_key().public_bytes_raw()}
