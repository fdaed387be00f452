"""Stems of English words, and the words that say nothing by themselves.

A light stemmer: it needs to bring 'taxis' to 'taxi', not to please a linguist.
"""

import re

_SAID = """
    a about after again all also am an and any are arent as at be because been before being both
    but by can cant could couldnt did didnt do does doesnt doing don done dont down dr each else
    even ever every few for from further get gets getting go goes going gone got had hadnt has
    hasnt have havent having he her here hers him his how i if im in into is isnt it its itself
    ive just let like made make makes many may me might more most mr mrs ms much must my myself
    name no nor not now of off on once one only or other our ours out over own per put quite
    rather really said same say says see seem she should since so some still such take taken
    takes than that the their them then there these they this those though through to too took
    two under until up upon us very was wasnt way we well went were what when where whether
    which while who whom why will with within without wont would yes yet you your yours
"""
STOP_WORDS = frozenset(_SAID.split())
_ENDINGS = (
    ("ational", "ate"), ("isations", "ise"), ("isation", "ise"), ("fulness", "ful"),
    ("ousness", "ous"), ("iveness", "ive"), ("ments", "ment"), ("ings", ""), ("edly", ""),
    ("ing", ""), ("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"),
    ("xes", "x"), ("ers", "er"), ("ed", ""), ("es", "e"), ("ly", ""), ("s", ""),
)  # fmt: skip
_KEPT = re.compile(r"(?:ss|us|sis|this)$")
_DOUBLED = re.compile(r"([bdgmnprt])\1$")
_SHORTEST_STEM = 3


def stem_of(word: str) -> str:
    """Return a word without its ending: 'waited', 'waiting' and 'waits' are 'wait'."""
    bare = word.replace("’", "'").removesuffix("'s").replace("'", "")
    if _KEPT.search(bare):
        return bare
    for ending, instead in _ENDINGS:
        if bare.endswith(ending) and len(bare) - len(ending) >= _SHORTEST_STEM:
            stem = bare.removesuffix(ending) + instead
            return _DOUBLED.sub(r"\1", stem).removesuffix("e")
    return bare.removesuffix("e") if len(bare) > _SHORTEST_STEM + 1 else bare
