"""What a column of a table measures, by the words of its header, in the languages known so far.

A header is taken apart into words without accents. Words of another quantity (respiration, battery, lowest, alarm …)
always win, so that "SpO2 alarm" or "pulse amplitude" is never a reading. Nothing here looks at numbers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache


class Quantity(Enum):
    """What a column holds."""

    OXYGEN = "oxygen"
    PULSE = "pulse"
    MOTION = "motion"
    TIME = "time"
    ZONE = "zone"
    VALIDITY = "validity"
    CLIMATE = "climate"
    OTHER = "other"
    UNKNOWN = "unknown"


_GAS = re.compile(r"(?<![^\W\d_])(?:fi|et|pet|pa|pv|sm|st|rs|tc|ptc|p|v|sv|scv)c?o[2₂](?![0-9])", re.IGNORECASE)
_SPO2 = re.compile(r"(?<![^\W\d_])(?:s[pa]?|sat\.?)[ ._-]?o[ ._-]?2(?![0-9])(?:[ ._-]?sat)?", re.IGNORECASE)
_PATH = re.compile(r"^\s*[a-z]+(?:\.[a-z_0-9]+)+\.(?=[a-z_0-9]+\s*$)")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+\d*|\d+")
_PER_MINUTE = re.compile(
    r"(?:1|beats?|bpm|b|schlage|bat[ai]+|battiti|latidos|battements?|slag|uderz\w*|ud|tep\w*)?[ ._-]*"
    r"(?:/|\bper\b|\bpro\b|\bpar\b|\bpor\b|\bal\b|\bpe\b|\bna\b)[ ._-]*min\w*|\bmin(?:\^|[ ._]?)[-\u2212]1\b",
)
_AFTER_HOUR = re.compile(r"(?:/|\bper\b)[ ._-]*(?:h|hour|ora|std|stunde|heure)\b")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Whole words.
_OXYGEN_WORDS = _words("spo2 o2 sat spo osat oxy 血氧 氧饱和度 血氧饱和度 酸素 酸素飽和度 산소 산소포화도 血中酸素")
_PULSE_WORDS = _words(
    "battito battiti "
    "pr hr fc hf bpm av tep tepova tetno rythme ritm 脉率 脉搏 脈拍 脈拍数 心率 心拍 心拍数 맥박 심박 심박수 맥박수 чсс"
)
_TIME_WORDS = _words(
    "ts epoch unix unixtime utc "
    "time timp timpul timestamp datetime date data datum clock hour ora ore zeit uhrzeit zeitstempel zeitpunkt heure "
    "hora fecha orario czas godzina cas tid tidspunkt tijd tijdstip aika pvm zaman saat tarih ido idopont idobelyeg "
    "vreme vrijeme orologio horodatage marca moment tarikh dato paiva "
    "время дата часы χρονος ωρα ημερομηνια 时间 日期 時間 時刻 日時 日付 시간 날짜 recorded start begin inceput"
)
_ZONE_WORDS = _words("timezone tz zone offset fus zeitzone")
_VALIDITY_WORDS = _words("validity")
_MOTION_WORDS = _words("motion movement miscare miscari 体动 動作 体動 움직임 movt mov acc activity actigraphy active")
_MEAN_WORDS = _words("average avg mean daily")
_CLIMATE_WORDS = _words("rh hum celsius fahrenheit")
_OTHER_WORDS = _words(
    "rr br fr rpm resp bat batt pi pvi ptt ibi rri hrv nn sdnn rmssd qt st pvc ecg ekg eeg emg ir red led sig "
    "snr sqi rssi min max avg mean med std sd var cv low high hi lo limit thr lower upper base peak sum total "
    "count diff delta reminder warn alarm alert event flag status stat state valid error err conf id no nr row "
    "index idx number sample sn serial model mode device sensor version note comment mark stage sleep wake "
    "snore position body co2 etco2 fio2 petco2 ptcco2 paco2 pvo2 svo2 scvo2 vco2 po2 pao2 smo2 sto2 rso2 tco2 "
    "spco spmet sphb sphbv hb thb met map sys dia nibp bp ibp flow leak pressure press ahi odi cpap epap ipap "
    "pap volume vt steps step cal kcal distance speed cadence glucose light lux altitude lat lon gps weight "
    "gain noise vo2 ie ratio weekday duration target goal age stop end unused coverage type unit source dip "
    "dips score rate2 bis stress energy ppg hgb pas pasi schritte pasos drop drops desat reserve power charge "
    "volt mv ma rpvi ori plr pleth quality nadir baseline threshold trend smoothed smooth filtered raw2 range "
    "resting rest walking recovery repaus ruhe ruhepuls repos reposo riposo "
    "change create created creation update updated modified uuid "
    "电量 电池 温度 呼吸 步数 体温 呼吸率 提醒 灌注指数 信号 最低 最高 平均 バッテリー 体温計 呼吸数 "
)
# Beginnings of words.
_OXYGEN_STEMS = (
    "oxyg", "oxig", "ossig", "oksij", "oksyg", "oksig", "sauerstoff", "zuurstof", "syremat", "syreman", "syre", "tlen",
    "kyslik", "kisik", "happi", "hapnik", "satur", "sattig", "sattn", "sato", "oxymet", "oximet", "pulsoxi", "кислор",
    "сатур", "насыщ", "οξυγ", "κορεσ", "kisek", "deguonis", "skabek", "saturac",
)  # fmt: skip
_PULSE_STEMS = (
    "puls", "polso", "latid", "battem",
    "pouls", "pols", "pulz", "heart", "herz", "hjert", "hjart", "hart", "cardia", "kardi", "tetn",
    "nabiz", "nabz", "sziv", "utrip", "otkuc", "syke", "sydan", "frecventacard", "alura", "пульс", "сердц", "серде",
    "σφυγμ", "παλμ", "καρδι", "sirdes", "tepov", "poul",
)  # fmt: skip
_TIME_STEMS = ("timestamp", "datetime", "zeitst", "uhrzeit", "horodat", "timest", "recordtime", "datum")
_MOTION_STEMS = (
    "motion", "movement", "misc", "beweg", "mouvem", "movim", "ruch", "pohyb", "liike", "hareket", "moviment", "rorels",
    "bevaeg", "beveg", "mozg", "gibanj", "pokret", "движ", "κινησ", "aktivit", "activit", "accel", "aktigr", "actigr",
)  # fmt: skip
_CLIMATE_STEMS = (
    "temp", "humid", "umid", "feucht", "humed", "vlhk", "wilgot", "vochtig", "fukt", "fugt", "nem", "влажн", "темпер",
)  # fmt: skip
_OTHER_STEMS = (
    "respir", "breath", "atem", "atmung", "ademh", "ademf", "andning", "oddech", "dech", "legz", "hengit", "solunum",
    "дыха", "batt", "bateri", "batter", "akku", "accu", "akum", "signal", "semnal", "senal", "segnal", "sygnal", "qual",
    "calit", "kval", "jakosc", "pleth", "pletis", "plet", "wave", "welle", "amplit", "perfu", "index", "indice",
    "indic", "wskaz", "leak", "fuite", "fuga", "leck", "pierd", "press", "druck", "presi", "tensi", "step", "schritt",
    "passi", "krok", "minim", "maxim", "avera", "medi", "moyen", "durchsch", "mittel", "sredn", "gemidd", "lowest",
    "highest", "nadir", "desat", "confid", "conf", "valid", "certain", "error", "fehler", "status", "stare", "event",
    "alarm", "alert", "remind", "reamint", "memento", "erinner", "rappel", "recorda", "promemor", "avert", "warn",
    "artef", "artif", "sensor", "serial", "version", "durat", "dauer", "duree", "stage", "snore", "sfora", "posit",
    "flow", "flux", "debit", "tidal", "thresh", "variab", "transit", "width", "strength", "intens", "varian", "etco",
    "co2", "carbon", "carb", "hemogl", "haemogl", "gluc", "baseline", "supplem", "weight", "height", "altitud",
    "averag", "smooth", "filter", "correct", "limit", "bound", "target", "trigger", "delta", "diff", "zeitdauer",
    "przypom", "herinner", "hatirlat", "напом", "батар", "сигнал", "мин", "макс", "средн", "volum", "volt", "charg",
    "poziom nat", "deviat", "abweich", "interv", "number", "sampl", "record", "comment", "remark", "weekday", "marker",
)  # fmt: skip
_TIME_EXCEPTIONS = frozenset({"record", "recorded", "recording"})


@lru_cache(maxsize=512)
def words_of(header: str) -> tuple[str, ...]:
    """The words of a header cell: lower case, without accents, units of "per minute" taken out."""
    text = unicodedata.normalize("NFKC", header).replace("ł", "l").replace("Ł", "L").replace("ı", "i")
    text = _GAS.sub(lambda gas: f" {gas[0].lower()} ", text.replace("_", " "))
    text = _SPO2.sub(" spo2 ", _HUMP.sub(" ", text))
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    plain = unicodedata.normalize("NFC", plain)
    plain = _PER_MINUTE.sub(" bpm ", plain)
    if _AFTER_HOUR.search(plain):
        plain += " index"
    return tuple(_WORD.findall(plain))


@lru_cache(maxsize=512)
def quantity_of(header: str) -> Quantity:
    """What a header cell names.

    Parameters
    ----------
    header : str
        One cell; 64 characters at most are looked at.
    """
    words = words_of(_PATH.sub("", header)[:64])
    kinds = {_kind(word) for word in words} - {None}
    if Quantity.VALIDITY in kinds and len(words) == 1:
        return Quantity.VALIDITY
    if Quantity.CLIMATE in kinds:
        return Quantity.CLIMATE
    if Quantity.ZONE in kinds and not kinds & {Quantity.OXYGEN, Quantity.PULSE}:
        return Quantity.ZONE
    if kinds & {Quantity.OTHER, Quantity.VALIDITY, Quantity.ZONE}:
        return Quantity.OTHER
    if Quantity.OXYGEN in kinds and Quantity.PULSE in kinds:
        # "pulse oximeter SpO2" is oxygen; "pulse rate (SpO2)" would be a guess
        return Quantity.OXYGEN if words[-1] in ("spo2", "o2") and "rate" not in words else Quantity.OTHER
    for quantity in (Quantity.OXYGEN, Quantity.PULSE, Quantity.MOTION, Quantity.TIME):
        if quantity in kinds:
            return quantity
    return Quantity.UNKNOWN


def _kind(word: str) -> Quantity | None:
    for quantity, whole in _WHOLE.items():
        if word in whole:
            return quantity
    for quantity, stems in _STEMS.items():
        if word.startswith(stems) and not (quantity is Quantity.OTHER and word in _TIME_EXCEPTIONS):
            return quantity
    return None


_WHOLE = {
    Quantity.VALIDITY: _VALIDITY_WORDS,
    Quantity.OTHER: _OTHER_WORDS,
    Quantity.CLIMATE: _CLIMATE_WORDS,
    Quantity.ZONE: _ZONE_WORDS,
    Quantity.OXYGEN: _OXYGEN_WORDS,
    Quantity.PULSE: _PULSE_WORDS,
    Quantity.MOTION: _MOTION_WORDS,
    Quantity.TIME: _TIME_WORDS,
}
_STEMS = {
    Quantity.OTHER: _OTHER_STEMS,
    Quantity.CLIMATE: _CLIMATE_STEMS,
    Quantity.OXYGEN: _OXYGEN_STEMS,
    Quantity.PULSE: _PULSE_STEMS,
    Quantity.MOTION: _MOTION_STEMS,
    Quantity.TIME: _TIME_STEMS,
}


def names_means(header: Sequence[str]) -> bool:
    """Whether a header names a mean or a bound of something, as a summary of days does."""
    return any(_MEAN_WORDS.intersection(words_of(cell)) for cell in header)


def columns_of(header: Sequence[str], quantity: Quantity) -> list[int]:
    """Indices of the columns whose header names a quantity."""
    return [column for column, cell in enumerate(header) if quantity_of(cell) is quantity]
