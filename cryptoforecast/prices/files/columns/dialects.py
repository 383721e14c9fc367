"""Names that columns have in price files, in many dialects and languages."""

from __future__ import annotations

import re

from cryptoforecast.prices.files.values.months import plain_letters

# Investing.com and spreadsheets in languages with decimal commas.
_COMMAS: dict[str, tuple[str, ...]] = {
    "time": ("datum", "fecha", "дата", "tarih", "tanggal"),
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
    "time": ("日期", "时间", "時間", "日付", "日付け", "日時", "날짜", "일자"),
    "open": ("开盘", "开盘价", "開市", "開盤", "開盤價", "始値", "시가", "오픈"),
    "high": ("高", "最高", "最高价", "最高價", "高値", "고가"),
    "low": ("低", "最低", "最低价", "最低價", "安値", "저가"),
    "close": ("收盘", "收盘价", "收市", "收盤", "收盤價", "終値", "종가"),
    "volume": ("交易量", "成交量", "出来高", "거래량"),
}
_ENGLISH: dict[str, tuple[str, ...]] = {
    "time": (
        "time", "timestamp", "opentime", "timeopen", "timeperiodstart", "unix", "unixtimestamp",
        "unixtime", "datetime", "dateutc", "datetimeutc", "date", "day", "ts", "t", "snappedat",
        "data", "starttime", "startat", "start", "begin", "opentimestamp", "timeutc", "utctime",
        "gmttime", "localtime", "tradetime", "transacttime", "createdtime", "period",
    ),
    "open": ("open", "o", "openprice", "firstprice"),
    "high": ("high", "h", "highprice", "max"),
    "low": ("low", "l", "lowprice", "min"),
    "close": ("close", "c", "closeprice", "closingprice", "closelast", "last", "lastprice"),
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
    "symbol": ("symbol", "ticker", "pair", "currencypair", "market", "coin", "currency", "asset",
               "instrument", "instrumentname", "productid", "name"),
    "source": ("source",),
}  # fmt: skip

CLOSING_NAMES = ("closetime", "timeclose", "endtime")
#: Columns of providers whose times are the ends of candles: two of BitMEX's, all of TradeStation's.
BITMEX_NAMES = {"homenotional", "foreignnotional"}
TRADESTATION_NAMES = {"date", "time", "open", "high", "low", "close", "up", "down"}
YAHOO_NAMES = {"adjclose", "dividends", "stocksplits"}
QUOTE_NAMES = ("usd", "usdt", "usdc", "busd", "fdusd", "eur", "currency", "quote")


def plain_name(name: object) -> str:
    """Reduce a column's name to letters and digits, without case, accents and units in brackets."""
    text = plain_letters(_without_brackets(str(name))) or plain_letters(str(name))
    # Yahoo's page explains its names: "Close Close price adjusted for splits."
    text = re.sub(r"^(close|adjclose)(close|adjustedclose)priceadjusted.*$", r"\1", text)
    # CoinDesk's "24h open", Alpha Vantage's "1a. open (USD)", CoinAPI's "price_open".
    text = re.sub(r"^(24h|\d+[ab]?|price)(?=(open|high|low|close|volume)$)", "", text)
    return re.sub(r"^(open|high|low|close)(usdt?|price)$", r"\1", text)


def _without_brackets(text: str) -> str:
    """Cut out what stands in brackets."""
    # Before the last closing bracket no search for an end fails, so that long names stay fast.
    end = max(text.rfind(")"), text.rfind("]")) + 1
    return re.sub(r"[(\[][^)\]]*[)\]]", "", text[:end]) + text[end:]


def _aliases() -> dict[str, tuple[str, ...]]:
    """Join the names of all languages by role, the English ones first."""
    merged = {
        role: tuple(
            dict.fromkeys(
                plain_name(name)
                for names in (_ENGLISH, _COMMAS, _POINTS, _LAST_RESORT)
                for name in names.get(role, ())
            )
        )
        for role in _ENGLISH
    }
    return merged | _OTHERS


#: Names of the columns of each role, in order of preference, as ``plain_name`` gives them.
ALIASES: dict[str, tuple[str, ...]] = _aliases()
#: Names of languages that write decimal commas.
COMMA_NAMES = frozenset(
    plain_name(name) for role, names in _COMMAS.items() if role != "volume" for name in names
)
