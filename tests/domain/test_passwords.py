import pytest

from oximetry.domain.passwords import weakness


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password2026!", "P@ssw0rd2026", "parola123456", "P@r0la123456!", "ParolaParola1",
        "123456789012", "qwertyuiop12", "qwertyuiopasq", "asdfghjklasdf", "abcdefghijkl", "aaaaaaaaaaaa",
        "abababababab", "1qaz2wsx3edc", "098765432109", "Bucuresti2026", "doctor-medic-1", "Pulsoximetrie1",
        "teiubesc12345", "Steaua1986!!",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused(password):
    assert weakness(password) == "password_common"


@pytest.mark.parametrize(
    "password",
    [
        "un-secret-de-test-lung",
        "correct horse battery",
        "parola-de-test-lunga",
        "Xk29-vvQ7-mmLp",
        "căprioara sare gardul",
    ],
)
def test_what_is_long_and_not_guessed_first_is_good(password):
    assert weakness(password, ["ana.popescu@clinica-somn.ro", "Cabinet Dr. Popescu"]) is None


@pytest.mark.parametrize("password", ["anapopescu1234", "Popescu-2026!!", "ana.popescu.99", "clinicaplaman1"])
def test_the_accounts_own_words_are_refused(password):
    assert weakness(password, ["ana.popescu@clinicaplaman.ro"]) in ("password_context", "password_common")


@pytest.mark.parametrize(
    ("length", "reason"), [(11, "password_length"), (12, None), (128, None), (129, "password_length")]
)
def test_lengths(length, reason):
    assert weakness(("Xk29-vvQ7-mmLp" * 10)[:length]) == reason
