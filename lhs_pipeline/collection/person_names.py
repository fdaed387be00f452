"""Where persons are named in a text: by title, by context, by first name, by repetition.

Word lists stand in `first_names.txt` and `ordinary_words.txt`. Nothing is replaced here.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STRONG_TITLES = _set_of("mr mrs ms miss mx dr drs prof professor sir dame revd")
# After these a surname is one in any case; 'miss' and 'dr' begin too many other sentences.
_SURE_TITLES = _set_of("mr mrs ms mx messrs")
_LEADS_OF_LOWER_CASE = _STRONG_TITLES | {"is", "was"}
_ROLES = _set_of(
    "nurse sister matron doctor consultant physio hca porter carer paramedic midwife driver "
    "operator receptionist pharmacist surgeon registrar therapist chaplain reverend rev father "
    "sho spr locum hcsw oncologist cardiologist phlebotomist clerk housekeeper dietitian "
    "radiographer anaesthetist psychiatrist lady lord"
)
_CONTEXTS = _set_of(
    "husband wife son daughter mum mam mother dad father brother sister nan gran grandma grandad "
    "grandson granddaughter grandmother grandfather uncle aunt auntie aunty partner friend "
    "neighbour colleague patient pt resident client named called thanks regards signed dear hi "
    "hello nephew niece cousin fiance fiancee name surname forename author rip"
)
_CLINICIANS = _set_of("nurse sister matron doctor consultant midwife registrar surgeon sho spr")
_PATIENTS = _set_of("pt patient resident client pts")
_NEVER_AFTER_TITLE = _set_of(
    "a an and are as asked at but by came can could did do does for from had has have he her his "
    "i if in is it me my no not of on one or our said saw she so some spoke that the their them "
    "then there they this to told took us was we went were when where which while who will with "
    "would you your name unknown"
)
_VERBS_OF_PERSONS = _set_of(
    "fell was is has had said says told slipped became refused came went reported stated wandered "
    "hit got asked felt seemed looks looked needs needed tried wanted walked sat stood woke cried "
    "shouted kicked did does will would could cannot"
)
_DEEDS = _set_of(
    "made makes explained listened listens helped helps gave gives took takes kept keeps runs ran "
    "brought checked treated spoke rang called deserves deserve works worked introduced smiled "
    "answered ignored rushed apologised understood cared sorted arranged noticed thinks thought "
    "goes went always never also and who from really"
)
_DEEDS_OF_ONE = _set_of(
    "explained listened helped smiled introduced apologised said told asked made"
)
_STANDS_BY = _set_of("on at in")
_PEOPLES = _set_of("english french england ireland france holland norman york scott polish welsh")
_DETERMINERS = _set_of("the a an his her my our their your no any each every new")
# Names seldom end so; English words that stand in no list often do.
_WORDLIKE = re.compile(r"(?:ing|ed|ly|ers?|est|[^aeiou]s|al|ic|ry|ty|cy|ive|ate|ure|age|ors?)$")
_LEADS_TO_PERSON = _set_of("to for by after tell called named with and")
_THANKING = _set_of(
    "thanks thank you mention out looked cared shout credit grateful please seen nurse named"
)
_INSTITUTIONS = _set_of(
    "hospital hospitals infirmary hospice university school college surgery practice pharmacy "
    "trust foundation council church road street avenue lane close park bridge airport station "
    "borough clinic centre building stadium"
)
_WARD_WORDS = _set_of("ward house suite wing unit court lodge bay day gardens view")
_PLACE_WORDS = _set_of("in at to from near on the of our outside around via through")
_DISEASES = _set_of(
    "disease syndrome palsy lymphoma sarcoma tumour chorea contracture thyroiditis tremor "
    "encephalopathy paralysis"
)
_DEVICES = _set_of(
    "sign test score scale criteria procedure fracture tube catheter stain position manoeuvre "
    "classification index bodies body block pouch sling splint frame bandage drain needle "
    "forceps retractor stockings line mask airway wire capsule node nodes hernia operation repair "
    "level levels thickness stage staging grade triad reflex formula equation chart guideline "
    "guidelines guardian competence competent law technique fundoplication solution lactate"
)
_WARD_STAFF = _set_of(
    "clerk sister manager matron nurse nurses staff doctor pharmacist hca assistant housekeeper "
    "coordinator lead leader round physio porter"
)
_PLACE_SURNAMES = _set_of("park lane church street bridge")
_LETTERED = _set_of(
    "vitamin hepatitis group type grade ward bay plan option part unit block level schedule "
    "section table appendix figure category class band influenza factor protein strep step "
    "phase room"
)
_NO_SURNAMES = (
    _STRONG_TITLES | _ROLES | _CONTEXTS | _NEVER_AFTER_TITLE | _VERBS_OF_PERSONS | _INSTITUTIONS
) | _set_of(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december mon tue tues wed thu fri sat sun nhs "
    "great good very thank thanks excellent please both all just always also lovely"
)
_CONNECTORS = _set_of("van der den de la le du bin bint ibn al el ap ab von dos da di ter ten")
_PROTECTED = re.compile(
    r"\b(?:Marie Curie|Mary Seacole|Florence Nightingale|Charles Bonnet|Thomas [Ss]plint|"
    r"Sara (?:Stedy|Steady|Plus)|Martha['’]?s? [Rr]ule|Austin Moore|Robert Jones|James Cook|"
    r"John Radcliffe|James Paget|Queen (?:Elizabeth|Alexandra|Victoria|Mary)|King George|"
    r"Prince(?:ss)? (?:Charles|Philip|Alexandra|Royal|Anne|Margaret)|St\.? John(?: Ambulance)?|"
    r"(?:St|Saint)\.? [A-Z]\w+(?:['’]s)?|(?:Lewy|Roland|Ryle|Jackson) "
    r"(?:[Bb]od\w+|[Mm]orris|[Tt]ube|[Rr]ees)|"
    r"Allen['’]?s? [Tt]est|Smith['’]?s? [Ff]racture|Clark['’]?s? [Ll]evel|Rose [Bb]engal|"
    r"Thomas [Tt]est|Braxton Hicks|Bence[- ]Jones|Ann Arbor|Morse [Ff]all|Hoehn (?:and|&) Yahr|"
    r"Lund[- ]Browder|Edith Cavell|Gillick|Fraser [Gg]uidelines?|"
    r"Hill[- ]Rom|Jehovah['’]?s? [Ww]itness\w*|Rapid Tranq\w*)"
)
_DOUBLED = re.compile(r"[A-Z][a-z]+-[A-Z][a-z]+")
_WORD = re.compile(r"\[[A-Za-z ]{2,20}\]|[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_CAPITAL = re.compile(r"[A-Z]")
_ENDINGS = (
    ("ies", "y"), ("ied", "y"), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"),
    ("ly", ""), ("er", ""), ("er", "e"), ("s", ""), ("d", ""), ("al", ""),
)  # fmt: skip
_IRISH = re.compile(r"[od]['’](?!clock)\w")
_TECHNICAL = re.compile(
    r"(?:tion|sion|ment|ness|ity|ous|ism|itis|a?emia|uria|opathy|ology|ectomy|ostomy|otomy|plasty|"
    r"scopy|graph\w?|gram|mycin|cillin|pril|olol|statin|azole|mab|parin|xaban|gliptin|sartan|"
    r"idone|[ae]pam|idine|amine|oxacin|ticable|able|ible|ance|ence|less|ful|ised|ized|ising)$"
)
_ARTICLE_AND_NAME = re.compile(r"(?:al|el|ul|ap|ab|bin|de|van)[-’'][A-Z]")
_SENTENCE_END = re.compile(r"[.!?;\n•*]|^\s*[-–\"“'‘(]")
_LONGEST_GAP = 3
_LONGEST_NAME = 4
_SHORTEST_SURNAME = 3
_SHOUTED_SHARE = 0.5  # of all characters, spaces included
_ACRONYM_LENGTH, _SHOUTED_ACRONYM_LENGTH = 5, 4


@dataclass(frozen=True)
class Span:
    """A stretch of text, as start and end."""

    start: int
    end: int


@dataclass(frozen=True)
class _Lists:
    first_names: frozenset[str]
    ambiguous_names: frozenset[str]
    surnames: frozenset[str]
    word_surnames: frozenset[str]
    ordinary_words: frozenset[str]


class _Word:
    """One word with what its neighbours make of it; plain slots, as there are very many."""

    __slots__ = (
        "end",
        "follows_closely",
        "is_capital",
        "is_initial_capital",
        "is_joined",
        "is_shouted",
        "lower",
        "opens_bracket",
        "start",
        "starts_sentence",
        "text",
    )

    @property
    def is_plain(self) -> bool:
        """Whether its ending is not that of a common English word."""
        return _DOUBLED.fullmatch(self.text) is not None or not _WORDLIKE.search(self.lower)

    def __init__(self, text: str, start: int, gap: str, is_shouted: bool) -> None:
        self.text, self.start = text, start
        stem = text[:-2] if text[-2:] in ("'s", "’s", "'S", "’S") else text
        self.end = start + len(stem)
        self.lower = _plain_lower(stem)
        has_capital = text[0].isupper() or _ARTICLE_AND_NAME.match(text) is not None
        self.is_capital = has_capital and not is_shouted and not _is_acronym(stem)
        self.is_initial_capital = has_capital and not is_shouted
        self.is_shouted = is_shouted
        self.is_joined = gap.isspace()
        self.opens_bracket = gap.endswith("(")
        if gap == " ":
            self.follows_closely, self.starts_sentence = True, False
        else:
            self.follows_closely = len(gap) <= _LONGEST_GAP and "\n\n" not in gap
            # A bracket within a sentence begins none: 'seen by the physio (Jane)'.
            self.starts_sentence = gap != " (" and _SENTENCE_END.search(gap) is not None


def find_names(text: str, is_strict: bool) -> list[Span]:
    """Return the stretches of `text` that name a person, in order, without overlap.

    Args:
        text: any text; words in square brackets are taken for replacement tokens.
        is_strict: also take unknown capitalised words for names.
    """
    words = _read_words(text)
    protected = [m.span() for m in _PROTECTED.finditer(text)]
    marked: set[int] = set()
    at = 0
    while at < len(words):
        if place := _length_of_place(words, at):
            protected.append((words[at].start, words[at + place - 1].end))
            at += place
            continue
        length = 0
        is_titled = at > 0 and words[at - 1].lower in _STRONG_TITLES and words[at].follows_closely
        is_free = is_titled or not _is_within(words[at].start, protected)
        if is_free and _can_be_name(words, at):
            length = _length_of_name(words, at, is_strict)
        marked.update(range(at, at + length))
        at += max(length, 1)
    if is_strict:
        marked |= _neighbours_of(words, marked, protected)
    marked |= _repeats_of(words, marked)
    return _merge(words, sorted(marked))


@cache
def _lists() -> _Lists:
    folder = files("lhs_pipeline.collection")
    listed = (folder / "first_names.txt").read_text(encoding="utf-8")
    firsts, _, rest = listed.partition("[surnames]")
    surnames, _, word_surnames = rest.partition("[surnames that are words]")
    names = _words_in(firsts)
    ordinary = _words_in((folder / "ordinary_words.txt").read_text(encoding="utf-8"))
    return _Lists(
        first_names=frozenset(name for name in names if not name.endswith("*")),
        ambiguous_names=frozenset(name[:-1] for name in names if name.endswith("*")),
        surnames=frozenset(_words_in(surnames)),
        word_surnames=frozenset(_words_in(word_surnames)),
        ordinary_words=frozenset(ordinary),
    )


def _words_in(content: str) -> list[str]:
    lines = (line for line in content.splitlines() if not line.startswith("#"))
    return _plain_lower(" ".join(lines)).split()


def _plain_lower(text: str) -> str:
    """Lower case without accents, so that 'Siân' is 'sian'."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _is_acronym(stem: str) -> bool:
    return 1 < len(stem) <= _ACRONYM_LENGTH and stem.isupper()


@lru_cache(50_000)
def _is_ordinary(lower: str) -> bool:
    known = _lists().ordinary_words
    if _IRISH.match(lower):
        return False
    if lower in known or _TECHNICAL.search(lower):
        return True
    if any(lower.endswith(end) and lower[: -len(end)] + put in known for end, put in _ENDINGS):
        return True
    parts = re.split(r"['’\-]", lower)
    return len(parts) > 1 and all(_is_ordinary(part) for part in parts if len(part) > 1)


def _read_words(text: str) -> list[_Word]:
    is_shouted = len(_CAPITAL.findall(text)) > _SHOUTED_SHARE * len(text)
    words: list[_Word] = []
    before = 0
    for found in _WORD.finditer(text):
        gap = text[before : found.start()] if words else "\n"
        word = _Word(found.group(), found.start(), gap, is_shouted)
        words.append(word)
        before = found.end()
    return words


def _is_within(position: int, stretches: list[tuple[int, int]]) -> bool:
    return any(start <= position < end for start, end in stretches)


def _length_of_place(words: list[_Word], at: int) -> int:
    """Return how many words name a ward or hospital after a person; 0 where none does."""
    word = words[at]
    is_person = word.lower in _STRONG_TITLES or word.lower in _ROLES or _is_after_title(words, at)
    if not word.is_capital or is_person:
        return 0
    end = _end_of_place(words, at)
    return 0 if end is None else end - at + 1


def _can_be_name(words: list[_Word], at: int) -> bool:
    """Spare the many plain words every further question."""
    word = words[at]
    return (
        word.is_capital
        or word.is_shouted
        or word.lower in _lists().first_names
        or "-" in word.lower
        or _is_name_in_capitals(words, at)
        or (at > 0 and words[at - 1].lower in _LEADS_OF_LOWER_CASE)
        or (at > 1 and words[at - 2].lower in _LEADS_OF_LOWER_CASE)
    )


def _length_of_name(words: list[_Word], at: int, is_strict: bool) -> int:
    """Return how many words from `at` on are one person's name; 0 where none is."""
    word = words[at]
    if word.text[0] == "[" or len(word.lower) < 2:
        return _length_of_initials(words, at, is_strict)
    if _is_after_title(words, at):
        return _extend(words, at)
    if (
        _end_of_place(words, at) is not None
        or _is_eponym(words, at)
        or not (
            _is_first_name(words, at)
            or _is_introduced(words, at)
            or (is_strict and _is_unknown(words, at))
        )
    ):
        return 0
    return _extend(words, at)


def _length_of_initials(words: list[_Word], at: int, is_strict: bool) -> int:
    """Initials are a name with a surname and where a title leads to one: 'Mr J R Smith'."""
    if not words[at].is_capital:
        return 0
    if at and words[at - 1].lower in _STRONG_TITLES:
        return _extend(words, at)
    last = at + 1
    while last < len(words) - 1 and len(words[last].lower) == 1 and _is_beside(words, last):
        last += 1
    if last >= len(words) or not _is_beside(words, last) or not words[last].is_initial_capital:
        return 0
    is_lettered = at > 0 and words[at].follows_closely and words[at - 1].lower in _LETTERED
    surname = words[last].lower
    if len(surname) < _SHORTEST_SURNAME:
        return 0
    is_surname = surname in _lists().surnames or (is_strict and not _is_ordinary(surname))
    return last - at + 1 if is_surname and not is_lettered and not _is_eponym(words, last) else 0


def _is_beside(words: list[_Word], at: int) -> bool:
    """Whether nothing but a space, a full stop or both stands before a word."""
    is_dotted = words[at].starts_sentence and words[at].start - words[at - 1].end <= len(". ")
    return words[at].is_joined or is_dotted


def _is_after_title(words: list[_Word], at: int) -> bool:
    if at == 0 or not words[at].follows_closely:
        return False
    word, before = words[at], words[at - 1].lower
    if before in _STRONG_TITLES:
        can_be = word.lower not in _NEVER_AFTER_TITLE and word.lower not in _STRONG_TITLES
        # 'Spoke to the dr. Great service': a full stop may end the sentence after all.
        is_sure = word.is_capital and not word.starts_sentence
        is_sure |= word.lower in _lists().word_surnames and (
            word.is_capital or before in _SURE_TITLES
        )
        is_sure |= _has_lower_surname(words, at) or word.lower in _lists().surnames
        return can_be and (is_sure or not _is_ordinary(word.lower))
    if before not in _ROLES or word.starts_sentence:
        return False
    is_name = word.lower in _lists().first_names or word.lower in _lists().ambiguous_names
    is_name |= before in _CLINICIANS and word.lower in _lists().word_surnames
    is_name |= word.lower in _lists().surnames
    return (word.is_capital and (is_name or not _is_ordinary(word.lower))) or (
        word.lower in _lists().first_names
    )


def _has_lower_surname(words: list[_Word], at: int) -> bool:
    """Whether a connector stands here and a surname after it: 'de la cruz', 'van der berg'."""
    after = at + _length_of_connectors(words, at)
    return at < after < len(words) and not _is_ordinary(words[after].lower)


def _is_first_name(words: list[_Word], at: int) -> bool:
    word, lists = words[at], _lists()
    if _is_name_in_capitals(words, at):
        return True
    if word.lower in lists.first_names or _is_double_name(word.lower):
        # 'TIA' and 'ADAM' in capitals are more often a diagnosis or a system than a person.
        longest = _SHOUTED_ACRONYM_LENGTH if word.is_shouted else _ACRONYM_LENGTH
        return not (_is_acronym(word.text) and len(word.text) < longest)
    if word.lower not in lists.ambiguous_names or not word.is_capital:
        return False
    follower = words[at + 1] if at + 1 < len(words) else None
    has_surname = (
        follower is not None
        and follower.follows_closely
        and follower.is_capital
        and not follower.starts_sentence
        and (not _is_ordinary(follower.lower) or follower.lower in lists.word_surnames)
    )
    if _is_ordinary(word.lower) or word.starts_sentence:
        return has_surname
    return words[at - 1].lower not in _PLACE_WORDS or has_surname


def _is_name_in_capitals(words: list[_Word], at: int) -> bool:
    """Whether 'MARY SMITH' begins here: two words that look like acronyms and are none."""
    if at + 1 >= len(words):
        return False
    word, follower, lists = words[at], words[at + 1], _lists()
    if not (word.text.isupper() and follower.text.isupper() and follower.follows_closely):
        return False
    is_first = word.lower in lists.first_names or word.lower in lists.ambiguous_names
    is_last = follower.lower in lists.surnames or follower.lower in lists.word_surnames
    return is_first and is_last and word.is_initial_capital


def _is_double_name(lower: str) -> bool:
    first, dash, second = lower.partition("-")
    return bool(dash) and first in _lists().first_names and second in _lists().first_names


def _is_introduced(words: list[_Word], at: int) -> bool:
    """Whether the words before say that a name follows, such as 'my name is' or 'called'."""
    word = words[at]
    if at == 0 or not word.follows_closely or _is_ordinary(word.lower):
        return False
    before = words[at - 1].lower
    if _is_told_name(words, at) or (at > 1 and _is_told_name(words, at - 1)):
        return word.lower not in _NEVER_AFTER_TITLE
    return word.is_capital and not word.starts_sentence and before in _CONTEXTS


def _is_told_name(words: list[_Word], at: int) -> bool:
    """Whether 'name is' stands right before."""
    if at < 2:
        return False
    return words[at - 1].lower in ("is", "was") and words[at - 2].lower in ("name", "names")


def _is_unknown(words: list[_Word], at: int) -> bool:
    """Whether a capital stands where only a name has one; strict mode only."""
    word = words[at]
    if word.is_shouted:
        is_long = len(word.lower) > _SHOUTED_ACRONYM_LENGTH
        return is_long and word.is_plain and not _is_ordinary(word.lower)
    if not word.is_capital:
        return False
    if _is_ordinary(word.lower):
        return _is_surname_that_acts(words, at)
    return not word.starts_sentence or _acts(words, at) or _has_unknown_surname(words, at)


def _is_surname_that_acts(words: list[_Word], at: int) -> bool:
    """Whether a surname that is a word as well does in mid-sentence what a person does."""
    word, lists = words[at], _lists()
    if word.starts_sentence or not _is_whole(word) or word.lower in _WARD_WORDS:
        return False
    if word.lower not in lists.surnames and word.lower not in lists.word_surnames:
        return False
    before = words[at - 1]
    is_thing = before.is_initial_capital or before.lower in _DETERMINERS
    is_thing |= word.lower in _PEOPLES
    return not is_thing and word.lower not in _NO_SURNAMES and _acts(words, at)


def _has_unknown_surname(words: list[_Word], at: int) -> bool:
    """Whether another capital that no list knows follows: 'Gwenllian ap Rhys'."""
    after = at + 1 + _length_of_connectors(words, at + 1)
    if after >= len(words) or not words[after].follows_closely:
        return False
    follower = words[after]
    is_apart = follower.starts_sentence or not follower.is_initial_capital
    is_last = follower.lower in _lists().word_surnames or not _is_ordinary(follower.lower)
    return not is_apart and len(follower.lower) > 2 and is_last


def _acts(words: list[_Word], at: int) -> bool:
    """Whether what follows is what a person does or has: 'said', 'on reception', a possession."""
    word = words[at]
    if not _is_whole(word):
        return word.is_plain
    if at + 1 >= len(words):
        return False
    follower = words[at + 1].lower
    is_doing = follower in _VERBS_OF_PERSONS or follower in _DEEDS
    return is_doing or (follower in _STANDS_BY and word.is_plain)


def _end_of_place(words: list[_Word], at: int) -> int | None:
    """The institution in which the run of capitals from `at` ends, if any: 'Elizabeth Ward'."""
    if not words[at].is_capital:
        return None
    for ahead in range(at + 1, min(at + _LONGEST_NAME, len(words))):
        word = words[ahead]
        if not word.is_joined or word.starts_sentence:
            return None
        if word.lower in _INSTITUTIONS:
            return ahead
        if word.lower in _WARD_WORDS:
            is_led_in = at == 0 or words[at - 1].lower in _PLACE_WORDS
            follower = words[ahead + 1].lower if ahead + 1 < len(words) else ""
            is_place = follower not in _WARD_STAFF and (is_led_in or not word.is_capital)
            return ahead if is_place else None
        if not word.is_capital:
            return None
    return None


def _is_eponym(words: list[_Word], at: int) -> bool:
    """Whether a disease, sign or device follows that is named after its discoverer."""
    follower = words[at + 1].lower if at + 1 < len(words) else ""
    if follower in _DISEASES:
        return True
    # 'Jane's test' is hers; 'Okafor score' is nobody's.
    is_first_name = words[at].lower in _lists().first_names
    return follower in _DEVICES and _is_whole(words[at]) and not is_first_name


def _extend(words: list[_Word], at: int) -> int:
    """Return the length of the name that starts at `at`: surnames, initials, 'van der'."""
    length = 1
    while at + length < len(words) and length < _LONGEST_NAME:
        word = words[at + length]
        is_own = not _is_whole(words[at + length - 1])
        if not word.follows_closely or _is_apart(words, at + length) or is_own:
            break
        step = _length_of_connectors(words, at + length)
        if not _is_surname(words, at + length + step):
            break
        length += step + 1
    return length


def _length_of_connectors(words: list[_Word], at: int) -> int:
    return next(
        (n for n in range(3) if at + n >= len(words) or words[at + n].lower not in _CONNECTORS), 0
    )


def _is_surname(words: list[_Word], at: int) -> bool:
    if at >= len(words) or words[at].text[0] == "[":
        return False
    word, lists = words[at], _lists()
    if word.lower in lists.surnames or word.lower in lists.first_names:
        return True
    if word.lower in lists.word_surnames and word.is_initial_capital:
        can_be = word.lower not in _NO_SURNAMES or word.lower in _PLACE_SURNAMES
        return can_be and word.lower not in _WARD_WORDS
    if len(word.lower) == 1:
        return word.is_capital and word.lower != "i"
    if words[at - 1].lower in _CONNECTORS and (
        word.is_initial_capital or not _is_ordinary(word.lower)
    ):
        return True
    # After a first name even an ordinary word is a surname: 'Jane Wood', 'Jane Wetherby'.
    follows_name = words[at - 1].is_capital and words[at - 1].lower in lists.first_names
    is_likely = follows_name and word.lower not in _NO_SURNAMES
    return word.is_capital and (is_likely or not _is_ordinary(word.lower))


def _neighbours_of(
    words: list[_Word], marked: set[int], protected: list[tuple[int, int]]
) -> set[int]:
    """Return unknown words beside a name, or where only a name is looked for; strict mode only.

    'Fictus, Jane' and 'Fictus Exampla' are names to the first word, and 'thanks to fictus'
    is one in any case.
    """
    found: set[int] = set()
    for at, word in enumerate(words):
        if at in marked or _is_within(word.start, protected):
            continue
        if _is_word_surname_beside(words, at, marked):
            found.add(at)
        if not _is_unheard(word):
            continue
        is_before = at + 1 in marked and _touches(words, at + 1) and word.is_initial_capital
        is_after = (at - 1 in marked or at - 1 in found) and _touches(words, at)
        is_after |= at - 2 in marked and words[at - 1].lower in ("and", "&") and word.is_plain
        if is_before or is_after or (_is_looked_for(words, at) and not _is_eponym(words, at)):
            found.add(at)
    return found


def _is_word_surname_beside(words: list[_Word], at: int, marked: set[int]) -> bool:
    """Whether 'Young' stands as in 'Young, Grace', 'G Young' or 'Pt Young'."""
    word = words[at]
    if word.lower not in _lists().word_surnames or not word.is_initial_capital:
        return False
    is_first = at + 1 in marked and words[at + 1].start - word.end == len(", ")
    before = words[at - 1] if at else None
    if before is not None and before.lower in _PATIENTS and word.is_capital:
        return word.follows_closely and not word.starts_sentence
    has_initial = before is not None and len(before.text) == 1 and before.is_capital
    return is_first or (has_initial and before is not None and before.text not in "AI")


def _is_unheard(word: _Word) -> bool:
    return word.text[0] != "[" and len(word.lower) > 2 and not _is_ordinary(word.lower)


def _touches(words: list[_Word], at: int) -> bool:
    """Whether nothing but a space, a comma or one line end stands before."""
    is_next = words[at].start - words[at - 1].end <= 1
    return words[at].follows_closely and (is_next or not _is_apart(words, at))


def _is_looked_for(words: list[_Word], at: int) -> bool:
    """Whether the words before call for a name, whatever its case."""
    word = words[at]
    if at == 0 or not _touches(words, at):
        follower = words[at + 1].lower if at + 1 < len(words) else ""
        return follower in _DEEDS_OF_ONE and word.is_plain
    before = words[at - 1].lower
    if before in _STRONG_TITLES or before in _ROLES or before in _CONTEXTS:
        return True
    return before in _LEADS_TO_PERSON and at > 1 and words[at - 2].lower in _THANKING


def _repeats_of(words: list[_Word], marked: set[int]) -> set[int]:
    """Return the other places where a word stands that was once taken for a name."""
    lists = _lists()
    taken = {words[i].lower for i in marked if len(words[i].lower) > 2}
    sure = {lower for lower in taken if not _is_ordinary(lower)}
    words_too = taken & lists.word_surnames
    return {
        i
        for i, word in enumerate(words)
        if i not in marked
        and (
            (word.lower in words_too and word.is_capital)
            or (word.lower in sure and (word.is_capital or word.lower not in lists.ambiguous_names))
        )
    }


def _merge(words: list[_Word], marked: list[int]) -> list[Span]:
    """Return one span for words that stand next to each other."""
    spans: list[Span] = []
    for previous, at in zip([-2, *marked], marked, strict=False):
        word = words[at]
        is_next = at == previous + 1 and word.follows_closely and _is_whole(words[previous])
        if spans and is_next and not _is_apart(words, at):
            spans[-1] = Span(spans[-1].start, word.end)
        else:
            spans.append(Span(word.start, word.end))
    return spans


def _is_apart(words: list[_Word], at: int) -> bool:
    """Whether a sentence ends or a bracket opens before the word; an initial's stop ends none."""
    word = words[at]
    return word.opens_bracket or (word.starts_sentence and len(words[at - 1].lower) > 1)


def _is_whole(word: _Word) -> bool:
    """Whether the word bears no possessive ending, after which another name would begin."""
    return word.end == word.start + len(word.text)
