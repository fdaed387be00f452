"""Whether a text is in a language that the rules cannot read.

Topics, danger signs and the word list of sentiment are English. What they find nothing in because
nobody looked is not safe, and its writer is not silent: somebody who reads the language must.
"""

import re

from lhs_pipeline.analysis.polarity import TELLING_WORDS

_COMMON_WORDS = """
    a about after again all also always ambulance am an and any are as at away back be because bed
    been before being both but by call came can could day days did do does doctor done down during
    each else even ever every everyone everything few for found from get given go going got had has
    have he help her here him his home hospital hour hours how i if in into is it its just keep
    less made make me mins minutes more most much my nearly need needed needs never next night no
    none not nothing now nurse of off on one only or other our out over own pain patient patients
    people person phone please really said same seen service she should since so some someone staff
    still such take taken than that the their them then there these they this those through time
    times to told too took two under until up us used very via ward was way we week weeks were what
    when where which while who whole why will with within would you your
"""
_ENGLISH_WORDS = TELLING_WORDS | frozenset(_COMMON_WORDS.split())
_ENGLISH_PROP = 0.2
"""Of the words of English comments nearly half are in the list; of other languages, a few."""
_FEWEST_WORDS = 6
_FEWEST_LETTERS = 4
_LAST_LATIN_LETTER = "\u024f"
_WORD = re.compile(r"[^\W\d_]+")
_MASK = re.compile(r"\[[^\]]*\]")


def is_other_language(text: str) -> bool:
    """Return whether too few words are English for the rules to read the text.

    A text in Latin letters of fewer than six words is taken for English; clinical shorthand
    without a plain word is not.
    """
    said = _MASK.sub(" ", text)
    if not said.isascii() and _is_other_script(said):
        return True
    words = _WORD.findall(said.lower())
    known = sum(word in _ENGLISH_WORDS for word in words)
    return len(words) >= _FEWEST_WORDS and known < _ENGLISH_PROP * len(words)


def _is_other_script(said: str) -> bool:
    letters = [letter for letter in said if letter.isalpha()]
    foreign = sum(letter > _LAST_LATIN_LETTER for letter in letters)
    return len(letters) >= _FEWEST_LETTERS and 2 * foreign > len(letters)
