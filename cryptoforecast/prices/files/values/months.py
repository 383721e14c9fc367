"""Names of months in the languages of price files.

A word may be different months in two languages. Then the other words of the column show the
language, or the months stay unknown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

# Each month and its other spellings. Its first three or more letters are read too, unless another
# month of the language has the same.
_LANGUAGES = (
    # English
    "january february march april may june july august september october november december",
    # German; Austrian January
    "januar/jänner februar/feber märz/maerz/mrz april mai juni juli august september oktober "
    "november dezember",
    # Spanish
    "enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre "
    "diciembre",
    # French
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    # Italian
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    # Portuguese
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    # Dutch
    "januari februari maart/mrt april mei juni juli augustus september oktober november december",
    # Swedish
    "januari februari mars april maj juni juli augusti september oktober november december",
    # Polish
    "stycznia/styczeń lutego/luty marca/marzec kwietnia/kwiecień maja/maj czerwca/czerwiec "
    "lipca/lipiec sierpnia/sierpień września/wrzesień października/październik "
    "listopada/listopad grudnia/grudzień",
    # Croatian, whose July and November are other months than Poland's of that name
    "siječnja/siječanj veljače/veljača ožujka/ožujak travnja/travanj svibnja/svibanj "
    "lipnja/lipanj srpnja/srpanj kolovoza/kolovoz rujna/rujan listopada/listopad "
    "studenoga/studenog/studeni prosinca/prosinac",
    # Turkish
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    # Russian
    "января/январь февраля/февраль марта/март апреля/апрель мая/май июня/июнь июля/июль "
    "августа/август сентября/сентябрь октября/октябрь ноября/ноябрь декабря/декабрь",
    # Indonesian
    "januari februari maret april mei juni juli agustus september oktober november desember",
)
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ß": "ss"})
# Letters that an abbreviation must have.
_MIN_LETTERS = 3
# Different words that are compared with names of months; all languages together have fewer.
_MAX_WORDS = 1_000


def plain_letters(text: str) -> str:
    """Reduce text to letters and digits, without case, accents, signs and spaces."""
    apart = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    plain = "".join(each for each in apart if each.isalnum())
    # Korean letters were taken apart as well.
    return unicodedata.normalize("NFC", plain)


def _dictionary(language: str) -> dict[str, int]:
    """Return the month by word: each spelling, and each beginning of one month only."""
    beginnings: dict[str, set[int]] = {}
    exact: dict[str, int] = {}
    for month, names in enumerate(language.split(), start=1):
        for name in map(plain_letters, names.split("/")):
            exact[name] = month
            for length in range(_MIN_LETTERS, len(name)):
                beginnings.setdefault(name[:length], set()).add(month)
    return {word: min(months) for word, months in beginnings.items() if len(months) == 1} | exact


_DICTIONARIES = tuple(_dictionary(language) for language in _LANGUAGES)


def find_months(words: Collection[str]) -> dict[str, int] | None:
    """Find the month of each word.

    Args:
        words: Words of one column; together they show the language.

    Returns:
        Month, 1 to 12, by word, without unknown words; ``None`` if two languages know equally many
        of the words and differ in a month. Empty if there are more words than months have names.
    """
    if len(words) > _MAX_WORDS:
        return {}
    plain = {word: plain_letters(word) for word in words}
    readings = [
        {word: dictionary[text] for word, text in plain.items() if text in dictionary}
        for dictionary in _DICTIONARIES
    ]
    best = max(map(len, readings))
    fitting = [reading for reading in readings if len(reading) == best]
    return fitting[0] if all(reading == fitting[0] for reading in fitting) else None
