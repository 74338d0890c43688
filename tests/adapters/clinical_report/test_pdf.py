"""The A4 as it comes out: pages, words, fonts, bytes, and nothing that it fetches."""

import re
import shutil
import zlib
from contextlib import suppress
from datetime import datetime

import numpy as np
import pypdfium2
import pytest

from oximetry.adapters.clinical_report import engine
from oximetry.adapters.clinical_report.engine import by_chromium, by_weasyprint, pdf_of
from oximetry.adapters.clinical_report.page import html_of, split_text
from oximetry.domain.errors import RenderingUnavailable
from tests.adapters.clinical_report.made_up import CODE, amended, content, document, draft, flat, wavy

LONG = "Propoziție cu „ghilimele” și ș, ț, ă, î, â, de lungime obișnuită în text. "


@pytest.fixture(scope="module")
def night():
    return wavy()


@pytest.fixture(scope="module")
def signed(night):
    return by_weasyprint(html_of(document([night])))


def pages(pdf):
    opened = pypdfium2.PdfDocument(pdf)
    try:
        found = []
        for number in range(len(opened)):
            page = opened[number]
            words = page.get_textpage()
            found.append(words.get_text_range())
            words.close()
            page.close()
        return found
    finally:
        opened.close()


def ink(pdf, number=0):
    """The share of dark pixels of a page at 50 dpi."""
    opened = pypdfium2.PdfDocument(pdf)
    page = opened[number]
    grey = np.asarray(page.render(scale=50 / 72).to_pil().convert("L"))
    page.close()
    opened.close()
    return float((grey < 128).mean())


def test_a_night_is_two_pages_with_every_word_in_reach(signed):
    first, second = pages(signed)
    for words in ("Raport de pulsoximetrie nocturnă", "2026-00042", "Ștefănescu-Țuțea", CODE, "SEMNAT", "P-0042"):
        assert words in first
    assert "Traseul pe ore" in second
    assert "Cifrele producătorului" in second
    assert "altă regulă" in second
    assert re.search("[0-9a-f]{64}", second.replace("\r\n", "").replace("\n", ""))
    assert not re.search("[şţŞŢ]", first + second)
    assert first.index("Rezultate") < first.index("Toată noaptea") < first.index("Interpretarea medicului")
    assert "Pagina 1 din 2" in first


def test_pages_are_not_blank_and_not_black(signed):
    assert 0.02 < ink(signed, 0) < 0.4
    assert 0.02 < ink(signed, 1) < 0.4


def test_the_same_report_is_the_same_bytes_and_small(night, signed):
    assert by_weasyprint(html_of(document([night]))) == signed
    assert len(signed) <= 200 * 1024


def unpacked(pdf):
    """With its compressed streams opened."""
    parts = [pdf]
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        with suppress(zlib.error):
            parts.append(zlib.decompressobj().decompress(found[1]))
    return b"\n".join(parts)


def test_it_is_tagged_says_its_language_and_embeds_its_fonts(signed):
    inside = unpacked(signed)
    for word in (b"/MarkInfo", b"/StructTreeRoot", b"/Lang", b"pdfaid", b"/OutputIntents", b"/Alt", b"/TH"):
        assert word in inside, word
    fonts = set(re.findall(rb"/BaseFont\s*/([\w+-]+)", inside))
    assert fonts
    assert all(re.match(rb"[A-Z]{6}\+", name) for name in fonts), fonts
    assert any(b"Liberation" in name for name in fonts)
    assert inside.count(b"/FontFile") >= 1


def test_every_picture_has_words(night):
    pictures = re.findall("<img [^>]*>", html_of(document([night])))
    assert len(pictures) >= 4
    assert all(re.search('alt="[^"]+"', picture) for picture in pictures)


def test_a_draft_says_so_on_every_page_and_has_no_code(night):
    made = pages(by_weasyprint(html_of(document([night], draft([night])))))
    assert all("CIORNĂ – NESEMNAT" in page for page in made)
    assert "Nu se înmânează pacientului" in made[0]
    assert "/verificare" not in "".join(made)
    assert CODE not in "".join(made)


def test_an_amended_one_names_what_it_replaces(night):
    first = pages(by_weasyprint(html_of(document([night], amended([night])))))[0]
    assert "MODIFICAT – VERSIUNEA 2" in first
    assert "înlocuiește versiunea 1" in first.replace("\r\n", " ")
    assert "12 min" in first.replace("\xa0", " ")


@pytest.mark.parametrize("length", [1, 600, 700, 900])
def test_a_text_of_usual_length_stays_on_the_first_page(night, length):
    text = (LONG * 20)[:length]
    made = pages(pdf_of(document([night], content([night], text_report=text))))
    assert len(made) == 2
    assert "Semnătura și parafa" in made[0]
    assert "continuare" not in "".join(made)


@pytest.mark.parametrize("length", [1500, 4000])
def test_a_long_text_goes_on_behind_the_first_page_and_no_word_is_lost(night, length):
    text = "\n\n".join(f"{number:03d} {LONG}" for number in range(length // 75))
    made = pages(pdf_of(document([night], content([night], text_report=text))))
    assert "Semnătura și parafa" in made[0]
    assert "Continuă pe pagina 2" in made[0]
    assert "Interpretarea medicului (continuare)" in made[1]
    assert all(f"{number:03d} Prop" in "".join(made) for number in range(length // 75))


def test_a_night_of_ten_hours_is_three_pages_at_most():
    made = by_weasyprint(html_of(document([wavy(10.0)])))
    assert len(pages(made)) <= 3
    assert len(made) <= 200 * 1024


@pytest.mark.parametrize("count", [2, 8, 14])
def test_several_nights_stand_in_one_table(count):
    nights = [wavy(1.0, day) for day in range(count)]
    made = pages(pdf_of(document(nights)))
    assert len(made) <= 3
    assert f"Evoluție în {count} nopți" in made[0]
    assert f"{count}. " in "".join(made)
    assert CODE in "".join(made)


@pytest.mark.parametrize(
    "values",
    [
        [97] * 2700,
        [95] * 900 + ["--"] * 900 + [95] * 900,
        [90] * 400 + [62] * 30 + ["--"] * 30 + [62] * 30 + [90] * 400,
        [95] * 3,
    ],
    ids=["no_dips", "an_hour_missing", "below_the_floor", "three_samples"],
)
def test_unusual_nights_are_printed(values):
    made = by_weasyprint(html_of(document([flat(values)])))
    assert len(pages(made)) >= 2
    assert ink(made) > 0.01


def test_a_night_over_the_clock_change_is_printed():
    night = flat([95, 94] * 4000, datetime(2026, 3, 29, 0, 30))
    assert "00:30" in pages(by_weasyprint(html_of(document([night]))))[0]


def test_hostile_words_stay_words(night):
    hostile = '<script>alert(1)</script><img src="file:///etc/passwd"> </style> "}} * {display:none} \\ {x}'
    made = html_of(document([night], content([night], text_report=hostile, patient_label=hostile, clinic_name=hostile)))
    assert "<script>" not in made
    assert 'src="file' not in made
    assert "alert(1)" in pages(by_weasyprint(made))[0]


def test_emoji_and_right_to_left_words_do_not_stop_it(night):
    text = "שלום \U0001f600 " * 40 + "x" * 400
    assert len(pages(pdf_of(document([night], content([night], text_report=text))))) >= 2


def test_nothing_is_fetched(tmp_path):
    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text y="9">geheim</text></svg>')
    page = (
        f'<html><head><link rel="stylesheet" href="http://127.0.0.1:9/a.css"></head><body>shown'
        f'<img src="{secret.as_uri()}"><img src="http://127.0.0.1:9/x.png"></body></html>'
    )
    words = "".join(pages(by_weasyprint(page)))
    assert "shown" in words
    assert "geheim" not in words


def test_the_other_engine_prints_the_same_page_when_the_first_is_missing(night, monkeypatch):
    if not any(shutil.which(name) for name in engine.BROWSERS):
        pytest.skip("no browser")

    def missing(_page):
        raise RenderingUnavailable("no_report_engine")

    monkeypatch.setattr(engine, "by_weasyprint", missing)
    made = pdf_of(document([night]))
    first, second = pages(made)[:2]
    assert "Raport de pulsoximetrie nocturnă" in first
    assert "Ștefănescu" in first
    assert "Traseul pe ore" in second
    assert ink(made) > 0.02


def test_without_any_engine_the_report_waits(monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda _name: None)
    with pytest.raises(RenderingUnavailable):
        by_chromium("<p>x</p>")


def test_a_split_is_behind_a_sentence_and_loses_nothing():
    text = [LONG * 6, "Al doilea."]
    fitting, rest = split_text(text, 4.0, 74)
    assert fitting
    assert fitting[-1].endswith(".")
    assert "".join([*fitting, *rest]).replace(" ", "") == "".join(text).replace(" ", "")
