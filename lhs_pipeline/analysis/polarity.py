"""Whether a clause praises or criticises, by a word list for health care that can be read.

Splits texts into clauses too. No training and no library: a word that misleads is removed here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_REMEMBERED_TEXTS = 20_000

_POSITIVE_WORDS = """
    admirable amazing appreciate appreciated appreciative attentive awesome best better brill
    brilliant calm calmer caring cheerful clean clearer comfortable comforting compassionate
    competent considerate courteous delighted easier easy efficient enjoyed excellent
    exceptional explained fab fabulous fantastic faultless fewer fine flawless friendly gentle
    good grateful great happy helped helpful helps honest immaculate impeccable impressed
    improved informative informed kind kindest kindness knowledgeable lifted listen listened
    listening listens love loved lovely marvellous nice outstanding patiently perfect perfectly
    pleasant pleased polite politely positive professional professionally prompt promptly
    punctual quick quickly quieter reassured reassuring recommend respect respectful
    respectfully safe safely satisfied smooth smoothly sorted spotless star stars super superb
    supportive sympathetic terrific thank thankful thanks thorough tidy timely top understanding
    unfailing useful warm welcoming well wonderful working works
"""
_NEGATIVE_WORDS = """
    abandoned abrupt abuse abused abusive aggressive alone angry annoyed annoying appalling
    ashamed awful bad badly blank breach breached breaches broken bursting cancelled careless
    chaos chaotic cold complaint confused confusing cramped crying dangerous delay delayed
    delays demoralised died difficult difficulty dirty disappointed disappointing disgrace
    disgraceful disgusting dismissive disorganised disrespectful distress distressing dread
    dreadful empty error errors exhausted exhausting fail failed failing failure faulty filthy
    forgot forgotten frustrated frustrating gaps guessing harm harmed horrendous horrible horrid
    ignored impatient impossible inadequate inappropriate incompetent inconvenient incorrect
    insufficient interrupted issue issues joke lack lacking lacks late later lengthy lonely
    longer lost miserable misread missed misses missing mistake mistakes muddle neglected
    nightmare noisy omitted overcrowded overdue overflowing overworked patronising poor problem
    problems queue queues queuing rough rude rudely rushed sad shambles shocking short shortage
    shortages shut slapdash slow slower slowly smelly sores stressed stressful stretched
    struggle struggled stuck suffering terrible unable unacceptable uncaring uncomfortable
    understaffed undignified unfilled unhappy unhelpful unhygienic unkind unlocked
    unprofessional unsafe unsatisfactory untidy upset upsetting useless wasted worn worse worst
    wrong
"""
_POSITIVE_PHRASES = (
    r"\A\W*nothing",
    r"(?:could|can)(?: ?n.t| ?not) (?:do enough|fault|thank|ask for (?:more|better))",
    r"could(?: ?n.t| ?not) (?:be|have been) (?:better|happier|nicer|kinder|more|any|faulted)",
    r"could ?n.t have asked for",
    r"not (?:a )?(?:bad|too bad|long|too long|fault)",
    r"no (?:complaints?|problems?|issues?|faults?|worries|concerns?|delays?|waiting|wait|fuss)",
    r"no (?:hassle|bother|falls|need to (?:improve|change)|improvements?)",
    r"never (?:had|have) (?:a |any )?(?:problem|issue|complaint)s?",
    r"(?:did ?n.t|did not|not) (?:have to |need to )?wait(?: (?:very )?long)?",
    r"(?:short|shorter|little|minimal|less) (?:wait|waiting)",
    r"extra mile|keep (?:up the good work|it up|doing)|well done|on time|straight ?away|at ease",
    r"ma[dk]es? (?:a|such a|the) (?:\w+ )?difference|what a difference",
    r"10 ?(?:out of|/) ?10|second to none|first class|top marks",
    r"hard[- ]?working|work(?:ed|ing)? (?:so |very |really )?hard",
    r"(?:falls|waits|delays|errors|infections) are (?:down|fewer)|at last",
    r"fully staffed|got a break|home before noon|better than expected",
)
_NEGATIVE_PHRASES = (
    r"(?<!only )wait(?:ed|ing)? (?:\w+ ){0,4}(?:hours?|hrs?|mins?|minutes|ages|forever|weeks)",
    r"wait(?:ed|ing)? (?:so |too |very )?(?:long|all (?:day|night))|waiting times?",
    r"\d+ ?(?:hours?|hrs?) wait|long(?:er)? wait|(?:hours?|hrs?) late",
    r"took (?:over |nearly )?\d+ (?:hours|hrs)",
    r"too (?:long|slow|late|many|soon|noisy|few|cold|hot|short|early|busy|quick|much|loud|bright)",
    r"(?:run|ran|running|rushed) (?:out|off)|out of (?:order|reach)|walked out|put (?:off|back)",
    r"left (?:in|lying|on|without|alone)|kept (?:waiting|being)|off sick|go(?:ne|ing)? missing",
    r"(?:on the floor|in the dark|bounce back|all over the place|gave up|giving up)",
    r"no idea|no care|best part of|on (?:a |the )?(?:trolleys?|hard chair)|hours over|by accident",
    r"explained nothing",
    r"no(?:body| one|-one)|never (?:came|again|got|on|received|arrived|told)",
)
_COMPARATIVES = "more|better|quicker|faster|shorter|clearer"
# A wish is a criticism, politely put: it outweighs the kind word in "could be more helpful".
_WISHES = (
    rf"(?:should|could|would|might|needs? to) (?:have|of|be|do|try|use) (?:been )?"
    rf"(?:a (?:bit|little|lot) )?(?:{_COMPARATIVES}|told|given)",
    rf"\A\W*(?:get |have |need |needs |employ |just )?(?:{_COMPARATIVES}|less)\b(?! than)",
    r"\A\W*(?:reduce|shorten|improve|cut|speed up|stop|answer|communicate)",
    r"more (?:\w+ )?(?:staff|nurses|doctors|handlers|operators|crews|ambulances)",
    r"should|needs? (?:to|more|better)|not enough|n.t enough|would like (?:to|more|an)",
)
_NEGATORS = (
    r"not|never|no|without|hardly|none|neither|nor|nothing|less|isnt|wasnt|didnt|dont|cannot|cant",
    r"\w+n['’]t",
)
_TOKEN = re.compile(
    rf"(?P<praise>\b(?:{'|'.join(_POSITIVE_PHRASES)})\b)"
    rf"|(?P<wish>\b(?:{'|'.join(_WISHES)})\b)"
    rf"|(?P<criticism>\b(?:{'|'.join(_NEGATIVE_PHRASES)})\b)"
    rf"|(?P<negator>\b(?:{'|'.join(_NEGATORS)})\b)"
    r"|(?P<pause>[,:–-] )|(?P<word>[a-z]+)"
)
_WEIGHTS = {"praise": 1, "wish": -2, "criticism": -1}
_WORD_WEIGHTS = dict.fromkeys(_POSITIVE_WORDS.split(), 1) | dict.fromkeys(
    _NEGATIVE_WORDS.split(), -1
)
TELLING_WORDS = frozenset(_WORD_WEIGHTS)
_REACH_OF_NEGATOR = 4
_CLAUSE_END = re.compile(
    r"[.!?;]+(?=\s|$)|\n+|\b(?:but|however|although|though|except|apart from|whereas)\b",
    re.IGNORECASE,
)
_PHRASE_END = re.compile(
    rf"{_CLAUSE_END.pattern}|[,:]\s|\s[–-]\s|\bbut(?=\d)"
    r"|\b(?=(?:unfortunately|sadly|despite|shame|the only|only (?:thing|problem|issue))\b)",
    re.IGNORECASE,
)


def split_clauses(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each clause, split at sentence ends and at words like 'but'."""
    yield from _split(text, _CLAUSE_END)


def split_phrases(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each phrase: a clause, or a part of it between commas or dashes."""
    yield from _split(text, _PHRASE_END)


def _split(text: str, ends: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for mark in ends.finditer(text):
        yield start, mark.start()
        start = mark.end()
    yield start, len(text)


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a text, and 1 for praise, -1 for criticism, 0 where the words do not tell."""

    start: int
    end: int
    side: int


@lru_cache(_REMEMBERED_TEXTS)
def judge_clauses(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a text in order; each text is judged once, however many ask."""
    return tuple(
        Clause(start, end, judge_clause(text[start:end])) for start, end in split_clauses(text)
    )


def judge_clause(clause: str) -> int:
    """Return 1 for praise, -1 for criticism, 0 where the words do not tell.

    A negator turns the next telling word within four words, up to a comma.
    """
    score, reach = 0, 0
    for token in _TOKEN.finditer(clause.lower()):
        kind = token.lastgroup or ""
        if kind == "negator":
            reach = _REACH_OF_NEGATOR
            continue
        if kind == "pause":
            reach = 0
            continue
        weight = _WEIGHTS.get(kind) or _WORD_WEIGHTS.get(token.group(), 0)
        score += -weight if reach else weight
        reach = 0 if weight else max(reach - 1, 0)
    return (score > 0) - (score < 0)
