import pytest

from oximetry.adapters.security import Argon2Hasher, FernetVault, derive_key
from oximetry.domain.errors import ConfigurationError


@pytest.fixture(scope="module")
def hasher():
    return Argon2Hasher()


def test_password_fits_its_own_hash_only(hasher):
    kept = hasher.hash("correct horse battery")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify(kept, "correct horse battery")
    assert not hasher.verify(kept, "correct horse batterz")


def test_same_password_has_another_hash_each_time(hasher):
    assert hasher.hash("same") != hasher.hash("same")


class Listening:
    """argon2 that remembers which hashes it was asked about."""

    def __init__(self, argon2):
        self.argon2 = argon2
        self.asked = []

    def verify(self, kept, password):
        self.asked.append(kept)
        return self.argon2.verify(kept, password)


def test_no_account_is_verified_too_and_never_fits(hasher, monkeypatch):
    argon2 = Listening(hasher._argon2)
    monkeypatch.setattr(hasher, "_argon2", argon2)
    assert not hasher.verify(None, "nobody has this password")
    assert [kept.rpartition("$")[0].rpartition("$")[0] for kept in argon2.asked] == ["$argon2id$v=19$m=19456,t=2,p=1"]


def test_damaged_hash_fits_nothing(hasher):
    assert not hasher.verify("plain text", "plain text")


def test_sealed_secret_opens_with_the_same_key_only():
    sealed = FernetVault("key one").seal("secret")
    assert b"secret" not in sealed
    assert FernetVault("key one").open(sealed) == "secret"
    with pytest.raises(ConfigurationError) as refused:
        FernetVault("key two").open(sealed)
    assert refused.value.details["setting"] == "SECRET_KEY"


def test_altered_seal_is_refused():
    sealed = FernetVault("key").seal("secret")
    with pytest.raises(ConfigurationError):
        FernetVault("key").open(sealed[:-2] + b"A=")


def test_each_purpose_has_a_key_of_its_own():
    keys = {derive_key("secret", purpose) for purpose in ("vault", "flask-session", "patient-cookie")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {32}
