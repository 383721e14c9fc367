"""Names that columns have in price files, in many dialects and languages."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from cryptoforecast.prices.files.values.months import plain_letters
from cryptoforecast.types.quotes import DOLLAR_SIGNS, DOLLARS, MONEY, quote_of

# Investing.com and spreadsheets in languages with decimal commas.
_COMMAS: dict[str, tuple[str, ...]] = {
    "time": ("datum", "fecha", "дата", "tarih", "tanggal", "время", "zeit"),
    "open": ("eröffn.", "eröffnung", "apertura", "ouv.", "ouverture", "abertura", "öppen",
             "öppning", "otwarcie", "откр.", "открытие", "açılış", "pembukaan"),
    "high": ("hoch", "máximo", "máxima", "massimo", "plus haut", "haut", "hoog", "högst",
             "najwyższy", "макс.", "максимум", "yüksek", "tertinggi"),
    "low": ("tief", "mínimo", "mínima", "plus bas", "bas", "laag", "lägst", "najniższy", "мин.",
            "минимум", "düşük", "terendah"),
    "close": ("zuletzt", "schluss", "schlusskurs", "último", "dernier", "cierre", "clôture",
              "chiusura", "fechamento", "laatste", "senaste", "ostatnio", "zamknięcie", "цена",
              "закрытие", "şimdi", "kapanış", "terakhir"),
    "volume": ("volumen", "wolumen", "wol.", "объём", "hac.", "hacim"),
}  # fmt: skip
# The same in languages with decimal points.
_POINTS: dict[str, tuple[str, ...]] = {
    "time": ("日期", "时间", "時間", "日付", "日付け", "日時", "날짜", "일자", "일시", "시간"),
    "open": ("开盘", "开盘价", "開市", "開盤", "開盤價", "始値", "시가", "오픈"),
    "high": ("高", "最高", "最高价", "最高價", "高値", "고가"),
    "low": ("低", "最低", "最低价", "最低價", "安値", "저가"),
    "close": ("收盘", "收盘价", "收市", "收盤", "收盤價", "終値", "종가"),
    "volume": ("交易量", "成交量", "出来高", "거래량"),
}
_ENGLISH: dict[str, tuple[str, ...]] = {
    "time": (
        "unix", "unixtimestamp", "unixtime", "time", "timestamp", "opentime", "timeopen",
        "timeperiodstart", "windowstart", "ts", "datetime", "dateutc", "datetimeutc", "date",
        "day", "t", "snappedat", "data", "starttime", "startat", "start", "begin",
        "opentimestamp", "timeutc", "utctime", "gmttime", "localtime", "tradetime",
        "transacttime", "createdtime", "period", "dtyyyymmdd",
    ),
    "open": ("open", "o", "openprice", "openingprice", "firstprice"),
    "high": ("high", "h", "highprice", "max"),
    "low": ("low", "l", "lowprice", "min"),
    "close": ("close", "c", "closeprice", "closingprice", "closelast", "last", "lastprice",
              "latest"),
    "volume": ("volume", "vol", "v", "basevolume", "tickvolume", "tickvol"),
}  # fmt: skip
# Names that count only where none of those above is there.
_LAST_RESORT: dict[str, tuple[str, ...]] = {
    "time": ("closetime", "timeclose", "endtime"),
    "close": ("price", "adjclose"),
    "volume": ("amount", "qty", "quantity", "size", "q"),
}
_OTHERS: dict[str, tuple[str, ...]] = {
    "turnover": ("turnover", "quotevolume", "quoteassetvolume"),
    "price": ("price", "p", "tradeprice", "rate"),
    "symbol": ("symbol", "ticker", "pair", "currencypair", "tradingpair", "market", "coin",
               "cryptocurrency", "crypto", "token", "asset", "instrument", "instrumentname",
               "productid", "symbolid", "assetid", "coinid", "cryptoid", "tokenid", "instrumentid",
               "marketid", "pairid", "isin", "figi", "base", "baseasset", "basecurrency",
               "assetidbase", "baseid", "2digitalcurrencycode", "name", "symbolname",
               "coinname", "assetname", "currency"),
    "quote": ("quotecurrency", "quoteasset", "quotecoin", "quotesymbol", "quoteunit",
              "pricecurrency", "vscurrency", "assetidquote", "quoteid", "4marketcode",
              "quote", "currency"),
    "source": ("source",),
    "closed": ("isclosed", "closed", "isfinal", "final", "confirm", "confirmed", "iscomplete",
               "complete", "candleclosed"),
}  # fmt: skip

CLOSING_NAMES = ("closetime", "timeclose", "endtime", "snappedat")
#: Columns of providers whose times are the ends of candles: those that only BitMEX has, and all of
#: TradeStation's.
BITMEX_NAMES = {"homenotional", "foreignnotional"}
TRADESTATION_NAMES = {"date", "time", "open", "high", "low", "close", "up", "down"}
YAHOO_NAMES = {"adjclose", "dividends", "stocksplits"}
# Money, and coins that stand for it. Other coins are not here, because the prices may be of them.
_MONEY = frozenset(name.lower() for name in MONEY.keys() | DOLLARS)
#: Units of a volume that make it a turnover.
QUOTE_NAMES = _MONEY | {"currency", "quote"}
#: The two sides of a market, and what is between them.
SIDES = ("bid", "ask", "mid")

# Longer names are not searched for words that stand for a price and its currency.
_MAX_PARTED = 200
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]")
# What ``roles.unique_names`` adds to a name that is there before.
_PLACE = re.compile(r" \(column \d+\)$")
# Currencies in words, without an s at the end.
_WORDS = {
    "euro": "EUR", "us dollar": "USD", "dollar": "USD", "usd$": "USD", "won": "KRW",
    "원": "KRW", "韩元": "KRW", "yen": "JPY", "円": "JPY", "日元": "JPY", "yuan": "CNY",
    "元": "CNY", "人民币": "CNY", "rmb": "CNY", "美元": "USD", "欧元": "EUR", "pound": "GBP",
    "rupee": "INR", "lira": "TRY", "tl": "TRY", "rubel": "RUB", "руб": "RUB",
    **{sign.lower(): code for sign, code in DOLLAR_SIGNS.items()},
}  # fmt: skip
# Coins in words. Beside a price they say which coin it is of, and in brackets which currency it is
# in.
_COIN_WORDS = {"bitcoin": "BTC", "ether": "ETH"}
_LABEL = "|".join(sorted({*_MONEY, *SIDES}, key=len)[::-1])
_IN_WORDS = "|".join(
    rf"{re.escape(word)}s?\.?".replace(r"\ ", "[ -]") for word in sorted(_WORDS, key=len)[::-1]
)
_MARK = r"[\s_.\-/|:]+"
_BEFORE = re.compile(rf"({_IN_WORDS}|{_LABEL}){_MARK}(.+)", re.IGNORECASE)
_AFTER = re.compile(rf"(.+?){_MARK}(?:in{_MARK})?({_IN_WORDS}|{_LABEL})", re.IGNORECASE)
_WORD = "(?:open|high|low|close|closing|last|first|latest)?price|open|high|low|close|last"
_GLUED_BEFORE = re.compile(rf"({_LABEL})({_WORD})")
_GLUED_AFTER = re.compile(rf"({_WORD})(?:in)?({_LABEL})")
#: Currency by its sign, the longest sign first: R$ has a dollar sign in it.
SIGNS = {
    sign: code for code, sign in sorted(MONEY.items(), key=lambda money: -len(money[1])) if sign
}
# Words of one script, or parted by a mark, in a name that says the same in two languages.
_PARTS = re.compile("[\u3040-\u9fff\uac00-\ud7a3]+|[\u0400-\u04ff]+|[^\\W\u0400-\ud7a3]+")


class Meaning(NamedTuple):
    """What a column's name says.

    Attributes:
        name: As in ``ALIASES`` if it is known: letters and digits, without case and accents.
        label: What it says besides: a currency's code, ``"bid"``, ``"ask"`` or ``"mid"``, or what
            stands in brackets; ``""`` for nothing.
    """

    name: str
    label: str


def plain_name(name: object) -> str:
    """Reduce a column's name to letters and digits, without case, accents and units in brackets."""
    return meaning(str(name)).name


@functools.lru_cache(maxsize=4096)
def meaning(name: str) -> Meaning:
    """Find what a column's name says.

    Args:
        name: Such as ``"Close"``, ``"Open (EUR)"``, ``"close_usd"`` or ``"Datum/Date"``.
    """
    text = without_place(name)
    # Up to the last closing bracket, every search for the end of a bracket succeeds. A search that
    # fails would be slow in a long name.
    end = max(text.rfind(")"), text.rfind("]")) + 1
    label = " ".join(_BRACKETS.findall(text[:end]))
    outer = _BRACKETS.sub("", text[:end]) + text[end:]
    plain = _spelling(outer) or _spelling(text)
    if plain not in _plain_names() and len(name) <= _MAX_PARTED:
        plain, label = _with_label(outer, plain) or (_of_two_languages(outer) or plain, label)
    sign = next((code for sign, code in SIGNS.items() if sign in name), "")
    return Meaning(plain, _label_form(label) or sign)


def without_place(name: str) -> str:
    """Return a name as the file has it, without the place that tells it from another."""
    return _PLACE.sub("", name)


def _spelling(text: str) -> str:
    """Reduce a name to letters and digits, without what some providers put before and after."""
    text = plain_letters(text)
    # Yahoo's page explains its names: "Close Close price adjusted for splits."
    text = re.sub(r"^(close|adjclose)(close|adjustedclose)priceadjusted.*$", r"\1", text)
    # CoinDesk's "24h open", Alpha Vantage's "1a. open (USD)", CoinAPI's "price_open".
    text = re.sub(r"^(24h|\d+[ab]?|price)(?=(open|high|low|close|volume)$)", "", text)
    return re.sub(r"^(open|high|low|close)price$", r"\1", text)


def _with_label(text: str, plain: str) -> tuple[str, str] | None:
    """Separate a price's name from its currency or side: ``close_eur``, ``bid open``."""
    for pattern, source, word, label in (
        (_AFTER, text.strip(), 1, 2), (_BEFORE, text.strip(), 2, 1),
        (_GLUED_AFTER, plain, 1, 2), (_GLUED_BEFORE, plain, 2, 1),
    ):  # fmt: skip
        match = pattern.fullmatch(source)
        if match and _spelling(match[word]) in _price_names():
            return _spelling(match[word]), match[label]
    return None


def currency_of(text: str) -> str | None:
    """Return the quote that a currency's code, sign or word stands for; ``None`` for others."""
    return quote_of(_label_form(text))


def _label_form(label: str) -> str:
    """Write a currency's code in capitals, and a side in small letters."""
    label = SIGNS.get(label.strip(), label.strip())
    word = label.casefold().replace("-", " ").rstrip("s.")
    label = (_WORDS | _COIN_WORDS).get(word, label)
    if quote_of(label):
        return label.upper()
    return label.lower() if label.lower() in SIDES else label


def _of_two_languages(text: str) -> str | None:
    """Find the one name that all words of a name stand for: ``Datum/Date``, ``开盘 Open``."""
    words = name_parts(text)
    roles = [{role for role, names in ALIASES.items() if word in names} for word in words]
    common = set.intersection(*roles) if len(roles) > 1 else set()
    if not common:
        return None
    names = ALIASES[min(common)]
    return min(words, key=names.index)


def volume_unit(name: str) -> str:
    """Return what follows the word volume in a column's name, in small letters: ``"btc"``."""
    text = re.sub(r"[^a-z0-9]", "", without_place(name).lower())
    return text[6:] if text.startswith("volume") else ""


def name_parts(name: str) -> list[str]:
    """Split a name at its marks and where the script changes, into words as ``plain_name`` has."""
    parts = (_PARTS.findall(word) for word in re.split(r"[\s/|\\_·-]+", name))
    return [plain_letters(part) for words in parts for part in words if plain_letters(part)]


def _aliases() -> dict[str, tuple[str, ...]]:
    """Join the names of all languages by role, the English ones first."""
    result = {
        role: tuple(
            dict.fromkeys(
                _spelling(name)
                for names in (_ENGLISH, _COMMAS, _POINTS, _LAST_RESORT)
                for name in names.get(role, ())
            )
        )
        for role in _ENGLISH
    }
    return result | _OTHERS


#: Names of the columns of each role, in order of preference, as ``plain_name`` gives them.
ALIASES: dict[str, tuple[str, ...]] = _aliases()


@functools.cache
def _plain_names() -> frozenset[str]:
    """Return every name that stands for a role."""
    return frozenset(name for names in ALIASES.values() for name in names)


@functools.cache
def _price_names() -> frozenset[str]:
    """Return every name of a price."""
    roles = ("open", "high", "low", "close", "price")
    return frozenset(name for role in roles for name in ALIASES[role])


#: Names of languages that write decimal commas.
COMMA_NAMES = frozenset(
    _spelling(name) for role, names in _COMMAS.items() if role != "volume" for name in names
)
