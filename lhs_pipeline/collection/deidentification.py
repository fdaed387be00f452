"""Free text without the identifiers of persons: pseudonymised, never anonymous.

Runs at the front door, before any other step sees a text. Rules only: no model, no download.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from lhs_pipeline.collection.person_names import find_names

_MODES = ("standard", "strict", "off")
_PASSES_COUNT = 8
_NHS_WEIGHTS = range(10, 1, -1)

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TEENS = (
    r"ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?"
)
_ORDINAL = (
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)|"
    r"tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|"
    r"nineteenth|twentieth|thirtieth"
)
_YEAR = (
    rf"(?:(?:18|19|20)\d\d|['’]?\d\d|(?:nineteen|twenty)[ -](?:hundred|oh[ -]\w+|{_TEENS})"
    r"|two thousand(?: and \w+)?)"
)
_NTH = rf"(?:{_DAY}(?:st|nd|rd|th)?\.?|{_ORDINAL})(?: day)?"
_DATE = (
    rf"(?:(?:18|19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.]{_DAY}"
    rf"|{_DAY} ?[-/.\\] ?(?:0?[1-9]|1[0-2]) ?[-/.\\] ?{_YEAR}"
    rf"|(?:0?[1-9]|1[0-2])[-/.]{_DAY}[-/.]{_YEAR}"
    rf"|{_NTH}[ /.-]{{1,2}}(?:of )?{_MONTH}[ ,./-]{{1,3}}{_YEAR}"
    rf"|{_DAY}[/.-][IVX]{{1,4}}[/.-]{_YEAR}"
    rf"|{_MONTH}(?: the)? {_NTH},? (?:18|19|20)\d\d)"
)
# Beside the words "date of birth" any spelling of a day is one.
_BIRTH_DATE = (
    rf"(?:{_DAY} ?[-/.\\ ,:|] ?(?:0?[1-9]|1[0-2]) ?[-/.\\ ,:|] ?{_YEAR}"
    rf"|{_NTH}[ ./-]{{0,3}}(?:of )?{_MONTH}[ .,/-]{{0,3}}{_YEAR}"
    rf"|{_MONTH}[ .,/-]{{0,3}}(?:the )?{_DAY}(?:st|nd|rd|th)?[ .,/-]{{1,3}}{_YEAR}"
    rf"|(?:18|19|20)\d\d ?[-/.\\ ] ?(?:0?[1-9]|1[0-2]) ?[-/.\\ ] ?{_DAY}|\d{{8}}|\d{{6}})"
)
_PARTIAL_DATE = rf"(?:{_DAY}[-/.]\d\d?|{_NTH} (?:of )?{_MONTH}|(?:18|19|20)\d\d)"
_AREA = (
    r"(?:A[BL]|B[ABDHLNRST]?|C[ABFHMORTVW]|D[ADEGHLNTY]|E[CHNX]?|F[KY]|G[LUY]?|H[ADGPRSUX]|I[GMPV]|"
    r"JE|K[ATWY]|L[ADELNSU]?|M[EKL]?|N[EGNPRW]?|O[LX]|P[AEHLOR]|R[GHM]|S[AEGKLMNOPRSTWY]?|"
    r"T[ADFNQRSW]|UB|W[ACDFNRSV]?|YO|ZE)"
)
_SURE_ROAD = r"(?:street|road|avenue|crescent|terrace|gardens|lane|mews|grove)"
_NO_ROAD_NAME = (
    r"hours?|minutes?|mins?|miles?|metres?|yards?|days?|weeks?|the|of|in|on|to|down|along|up|off|"
    r"at|from|and|out|more|people"
)
_ROAD = (
    rf"(?:{_SURE_ROAD}|st|rd|ave|close|drive|court|place|way|hill|square|row|walk|rise|green|view|"
    r"gate|parade|house|park|cottages?|villas?)"
)
_RECORD_WORDS = (
    r"(?:hospital|hosp|patient|pt|record|unit|mrn|crn|pas|case ?notes?|case|"
    r"ref(?:erence)?|datix|incident|account|admission|spell|nhs|registration|k|id)"
)
_REFERENCE = r"(?:ref(?:erence)?|id|no|number|num)"


_AT = r"(?:@|[\[({<_-] ?at ?[\])}>_-])"
_MAIL_HOSTS = (
    r"(?:g(?:oogle)?mail|hotmail|outlook|live|msn|yahoo|ymail|icloud|me|aol|btinternet|sky|"
    r"virginmedia|talktalk|ntlworld|protonmail|nhs)"
)
_DOT = r"(?:\.|[\[({] ?dot ?[\])}]|(?<= )dot(?= ))"
_TOP_DOMAIN = (
    r"(?:com|org|net|uk|co|nhs|info|gov|edu|ac|eu|ie|me|io|biz|scot|wales|cymru|london|de|fr)"
)
_GAP = r"[\W_]{1,4}"
_SPOKEN_DIGIT = (
    r"(?:(?:double|treble|triple) )?"
    r"(?:zero|oh|o|nought|one|two|three|four|five|six|seven|eight|nine)"
)
_EXTENSION = r"(?:[ ,]{0,2}(?:ext(?:ensio)?n?|x)[ .:#]{0,2}\d{1,6}\b|/\d{1,4}\b)?"


@dataclass(frozen=True)
class _Rule:
    """One kind of identifier: what to look for and what to put there."""

    token: str
    pattern: re.Pattern[str]
    needs: str


def _rule(token: str, pattern: str, needs: str = "digit") -> _Rule:
    return _Rule(token, re.compile(pattern, re.IGNORECASE), needs)


_MAYBE_E_MAIL = re.compile(
    r"[@\uff20\ufe6b]|\bdot\b|[\[({<_-]\s?at\s?[\])}>_-]|\bat\s[\w-]+\.[a-z]{2}",
    re.IGNORECASE,
)
_SPOKEN_YEAR = re.compile(r"nineteen|twenty|two thousand", re.IGNORECASE)
_WHITE = re.compile(r"[\n\r\t\v\f]")
# 'll12 1ab' and 'ol12 1ab' are postcodes.
_MISREAD = re.compile(r"\b(?![lo]l\d\d? {0,3}\d[a-z]{2}\b)(?=(?:[OoIl]*\d){2})[\dOoIl]{4,}\b")
_READ_RIGHT = str.maketrans("OoIl", "0011")
_INVISIBLE = re.compile(r"(?<=\w)[\u00ad\u200b-\u200d\u2060\ufeff]+(?=\w)")

# Order matters: what is more particular comes first, so that it is named for what it is.
_RULES = (
    _rule("[e-mail]", r"(?<![\w.+-])[\w.+'-]{1,64}@[\w-]{1,63}(?:[.,][\w-]{1,63}){1,6}", "at"),
    _rule("[e-mail]", r"(?<![\w.+-])[\w.+'-]{2,64}@[\w-]{3,63}\b", "at"),
    _rule(
        "[e-mail]",
        rf"(?<![\w.+-])(?:[\w+'-]*[._+\d][\w.+'-]* at (?:[\w-]+\.){{1,5}}{_TOP_DOMAIN}"
        rf"|[\w.+'-]+ at {_MAIL_HOSTS}\.(?:[\w-]+\.)?{_TOP_DOMAIN})\b",
        "at",
    ),
    _rule(
        "[e-mail]",
        rf"(?<![\w.+-])[\w+'-]{{1,64}}(?: ?{_DOT} ?[\w+'-]{{1,64}}){{0,4}} {{0,2}}{_AT} {{0,2}}"
        rf"(?:[\w-]{{1,63}} ?{_DOT} ?){{1,5}}{_TOP_DOMAIN}\b",
        "at",
    ),
    _rule(
        "[e-mail]",
        rf"(?<![\w.+-])[\w.+'-]{{1,64}}(?: dot [\w+'-]{{1,64}}){{0,3}} at "
        rf"(?:[\w-]{{1,63}} dot ){{1,5}}{_TOP_DOMAIN}\b",
        "at",
    ),
    # Where the sign itself is there, or stands in brackets, any domain will do.
    _rule(
        "[e-mail]",
        r"(?<![\w.+-])[\w.+'%-]{1,64} {0,2}(?:@|[\[({<] ?at ?[\])}>]) {0,2}"
        r"(?:[\w-]{2,63}(?:\.| ?[\[({] ?dot ?[\])}] ?| dot )){1,5}[a-z]{2,24}\b",
        "at",
    ),
    _rule(
        "[e-mail]",
        r"(?<![\w.+-])[\w.+'-]{2,64} at (?!(?:the|an?|this|that|my|our|each) )"
        r"(?:[\w-]{1,63} dot ){1,5}[a-z]{2,24}\b",
        "at",
    ),
    _rule(
        "[date of birth]",
        r"(?:\bd[. ]{0,2}o[. ]{0,2}b(?![a-z])\.?|\bdate[- ]of[- ]birth|\bbirth ?da(?:te|y)|"
        r"\bborn(?: on| in)?|(?<![\w.])b\.(?= ?(?:\d|"
        rf"{_MONTH})))"
        r"\W{0,4}(?:(?:is|was|(?:given|recorded|stated) as) )?"
        r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
        r"(?:the )?(?<!\d)"
        rf"(?:{_BIRTH_DATE}|{_DATE}|{_PARTIAL_DATE}|{_MONTH}[ ,.-]{{0,3}}{_YEAR})(?![\d/])",
        "day",
    ),
    _rule("[date]", rf"(?<![\d/.-]){_DATE}(?!\d|[/.-]\d)", "day"),
    _rule("[postcode]", r"(?-i:\b[A-Z](?: [A-Z])? \d(?: [A-Z\d])? \d [A-Z] [A-Z]\b)"),
    # Written as one, though no such area or ending exists: mistyped more often than no postcode.
    _rule(
        "[postcode]",
        r"(?-i:\b[A-Z]{1,2}\d[A-Z\d]? \d(?!AM|PM|MM|CM|ML|MG|KG|KM|MV|IU)[A-Z]{2}\b)",
    ),
    _rule("[NI number]", r"\b[A-Z]{2}[ -]?\d\d[ -]?\d\d[ -]?\d\d[ -]?[A-D]\b"),
    _rule(
        "[postcode]",
        rf"\b(?:ZZ99 {{0,2}}\d[A-Z]{{2}}|GIR ?0AA|{_AREA}\d[A-Z\d]?(?:[ .-]{{0,3}}"
        # 'L1 3rd attempt' is no postcode.
        r"(?!(?<=\b[A-Z]\d )(?-i:1st|2nd|3rd|[04-9]th))\d[ABD-HJLNP-UW-Z]{2}"
        r"|[ .-]{0,3}\d ?(?-i:[ABD-HJLNP-UW-Z] ?[ABD-HJLNP-UW-Z])))\b",
    ),
    _rule(
        "[address]",
        r"\b(?:(?:flat|apartment|apt|room) \d{1,4}[a-z]?,? )?(?<![\d.,£])\d{1,4}[a-z]?"
        r"(?:[/-]\d{1,4})?,? "
        rf"(?:(?!(?:{_NO_ROAD_NAME})\b)[a-z'’.-]+ ){{1,2}}{_SURE_ROAD}\b",
    ),
    _rule(
        "[address]",
        r"\b\d{1,4}[a-z]?,? (?:heol|ffordd|stryd|maes|rhodfa|clos|lôn|lon) (?:yr? )?"
        r"(?-i:[A-ZÀ-Ý][\w'’-]*)"
        r"(?: (?-i:[A-ZÀ-Ý][\w'’-]*))?",
    ),
    _rule(
        "[address]",
        r"\b(?:(?:flat|apartment|apt) \d{1,4}[a-z]?,? )?(?<![\d.,£])\d{1,4}[a-z]?"
        r"(?:[/-]\d{1,4})?,? "
        rf"(?:(?-i:[A-ZÀ-Ý][\w'’-]*) ){{1,3}}(?-i:(?=[A-Z])){_ROAD}\b",
    ),
    _rule(
        "[address]",
        r"(?:(?<=lives at )|(?<=lives on )|(?<=lives in )|(?<=living at )|(?<=address is )|"
        r"(?<=address: )|(?<=lived at )|(?<=lived on ))"
        rf"(?:(?-i:[A-ZÀ-Ý0-9][\w'’-]*),? ){{1,4}}{_ROAD}\b",
        "",
    ),
    _rule(
        "[address]",
        r"\b(?:(?:lives?|living) at|address(?: is)?|home(?: is)?|number|no\.?|discharged to)\W{1,3}"
        rf"\d{{1,4}}[a-z]?,? (?:(?:the )?(?:(?!(?:{_NO_ROAD_NAME})\b)[a-z'’.-]+ ){{1,3}}{_ROAD}"
        r"|the (?:green|square|close|crescent|avenue|drive|grove|mews|terrace|lane|hill))\b",
    ),
    _rule(
        "[address]",
        r"(?-i:\b(?:[A-Z][\w'’-]+ ){1,2}(?:Cottage|House|Farm|Lodge|Barn|Villa),? "
        r"(?:[A-Z][\w'’-]+ ){1,2}(?:Street|Road|Avenue|Lane|Close|Drive|Crescent|Way))\b",
        "",
    ),
    _rule("[address]", r"\bp\.? ?o\.? ?box \d+"),
    _rule(
        "[number]",
        rf"\b(?:{_SPOKEN_DIGIT}[ ,-]{{1,2}}){{7,}}{_SPOKEN_DIGIT}\b",
        "",
    ),
    _rule("[number]", rf"(?<!\d)\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{4}}(?!\d)"),
    _rule("[phone]", rf"(?<![\d.,])\(?0\d(?:[ ./()-]{{0,3}}\d){{8,9}}(?!\d){_EXTENSION}"),
    _rule(
        "[phone]", rf"(?<![\w+])(?:\+|00)\d{{1,3}}[ /-]?\(?\d[\d ()./-]{{5,16}}\d(?!\d){_EXTENSION}"
    ),
    _rule("[number]", r"(?<!\d)\d(?:[  .\-‐-―]{0,1}\d){9,}(?!\d)"),
    _rule("[phone]", r"(?<!\d)\(0\d{2,4}\)[ -]?\d[\d -]{4,8}\d(?!\d)"),
    _rule(
        "[phone]",
        r"\b(?:tel|telephone|phone|mobile|mob|fax|landline)(?: (?:no|number|num))?\b\W{0,3}"
        r"(?:is |on )?\d[\d -]{3,12}\d(?!\d)",
    ),
    _rule(
        "[phone]",
        r"\b(?:call|ring|rang|text|dial|phoned?|reach)(?: (?:me|us|him|her|them))?(?: (?:on|at))? "
        r"(?:\d{6,8}|\d{3,5}[ -]\d{3,6})(?![\d%]| (?:times|minutes|hours|days))\b",
    ),
    _rule("[phone]", r"\b(?:bleep|pager|ext|extn|extension)\b\W{0,3}(?:no |number )?\d{2,6}\b"),
    _rule("[phone]", r"\bx\d{4,5}\b"),
    _rule(
        "[record number]",
        rf"\b{_RECORD_WORDS}(?: (?:no|number|num|id|ref))?\b[ .:#-]{{0,3}}"
        r"[A-Z]{0,3}[-/]?\d{4,10}[A-Z]?\b",
    ),
    _rule(
        "[record number]",
        rf"\b{_RECORD_WORDS} ?(?:no\b|number\b|num\b|#)[ .:#-]{{0,4}}"
        r"[A-Z]{0,3}[-/]?\d(?:[ /.-]?\d){3,11}[A-Z]?\b",
    ),
    _rule(
        "[record number]",
        r"\b(?:mrn|crn|case ?notes?|datix|"
        r"(?:hospital|hosp|patient|pt|unit|record|admission|incident)"
        rf" {_REFERENCE})\b(?: {_REFERENCE}\b)?"
        r"[ .:#-]{1,3}[A-Z]{0,3}\d{2,5}[ /-]\d{3,6}[A-Z]?\b",
    ),
    _rule("[record number]", r"\b(?-i:[A-Z]{1,3})[-/]?\d{6,9}[A-Z]?\b"),
    _rule("[number]", r"(?<![\d.,£$€])(?!\d{1,3}0{6})\d{7,9}(?![\d%]|[.,]\d)"),
)


def deidentify(text: str, mode: str) -> str:
    """Return `text` with identifiers replaced by tokens such as [NHS number] or [name].

    Names of units, places, weekdays, months and clinical eponyms stay. Applying it twice
    changes nothing more.

    Args:
        text: any string.
        mode: `standard` for patients' comments; `strict` also masks unknown capitalised words,
            for narratives of staff; `off` returns the text as it is.

    Raises:
        ValueError: the mode is unknown; never because of the text.
    """
    if mode not in _MODES:
        raise ValueError(f"unknown de-identification mode {mode!r}: expected one of {_MODES}")
    if mode == "off":
        return text
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    for _ in range(_PASSES_COUNT):
        masked = _mask_names(_mask_identifiers(text), mode == "strict")
        if masked == text:
            break
        text = masked
    return text


def is_nhs_number(digits: str) -> bool:
    """Return whether ten digits carry the check digit of an NHS number (modulus 11)."""
    if len(digits) != 10 or not digits.isdecimal():
        return False
    total = sum(int(d) * weight for d, weight in zip(digits, _NHS_WEIGHTS, strict=False))
    return (11 - total % 11) % 11 == int(digits[9])


def _mask_identifiers(text: str) -> str:
    has_digit = any(map(str.isdigit, text))
    has = {
        "": True,
        "at": _MAYBE_E_MAIL.search(text) is not None,
        "digit": has_digit,
        "day": has_digit or _SPOKEN_YEAR.search(text) is not None,
    }
    view = _plain_view(text)
    for rule in _RULES:
        if has[rule.needs] and rule.pattern.search(view):
            text, view = _replace(rule, text, view)
    return text


def _plain_view(text: str) -> str:
    """The text letter for letter as a plain keyboard would have it, so that spans agree.

    Digits of other scripts, odd spaces and dashes, line ends and a letter O among digits hide
    no identifier.
    """
    plain = text if text.isascii() else "".join(map(_plain_letter, text))
    plain = _WHITE.sub(" ", plain)
    return _MISREAD.sub(lambda found: found.group().translate(_READ_RIGHT), plain)


@lru_cache(4_096)
def _plain_letter(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    category = unicodedata.category(letter)
    if category == "Pd" or letter == "\u2212":
        return "-"
    if category in ("Zs", "Zl", "Zp", "Cf"):
        return " "
    plain = unicodedata.normalize("NFKC", letter)
    return plain if len(plain) == 1 else letter


def _replace(rule: _Rule, text: str, view: str) -> tuple[str, str]:
    """Put the rule's token wherever it is found in the view, in text and view alike."""
    texts, views, at = [], [], 0
    for found in rule.pattern.finditer(view):
        token = _token_for(rule, found)
        texts += [text[at : found.start()], token]
        views += [view[at : found.start()], token]
        at = found.end()
    return "".join([*texts, text[at:]]), "".join([*views, view[at:]])


def _token_for(rule: _Rule, found: re.Match[str]) -> str:
    if rule.token != "[number]":
        return rule.token
    digits = "".join(filter(str.isdecimal, found.group()))
    if is_nhs_number(digits):
        return "[NHS number]"
    return "[phone]" if digits.startswith("0") and len(digits) in (10, 11) else rule.token


def _mask_names(text: str, is_strict: bool) -> str:
    parts, at = [], 0
    for span in find_names(text, is_strict):
        parts += [text[at : span.start], "[name]"]
        at = span.end
    return "".join([*parts, text[at:]]) if parts else text
