"""What each text adds of its own: stretches that an earlier text has word for word are left out.

A form letter that forty people sign, or the printed headings of a form, say a thing once.
"""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_COPIED_WORDS = 16
"""So many words in a row are the same in two texts only where one was copied. One sentence, such as
"could not get a drink as the vending machine was empty", two people may think by themselves, and
a theme that is lost costs more than one that a person dismisses."""
_FEWEST_OWN_WORDS = 8
_BREAK = " ; "


def leave_out_copied(texts: Iterable[str]) -> list[str]:
    """Return the texts without any stretch of sixteen words or more that an earlier one has.

    Fewer than eight words beside such a stretch are a greeting or a name, and go as well.

    Args:
        texts: in the order in which they were said; what is shorter than a stretch stays.
    """
    seen: set[int] = set()
    return [_own_part(text, seen) for text in texts]


def _own_part(text: str, seen: set[int]) -> str:
    """The text without what was seen; what it holds is seen from now on."""
    found = list(_WORD.finditer(text))
    words = [word.group().lower() for word in found]
    runs = [hash(tuple(words[at : at + _COPIED_WORDS]))
            for at in range(len(words) - _COPIED_WORDS + 1)]  # fmt: skip
    copied = [at for at, run in enumerate(runs) if run in seen]
    seen.update(runs)
    parts, kept_to = [], 0
    for at in copied:
        start, end = found[at].start(), found[at + _COPIED_WORDS - 1].end()
        if start > kept_to:
            parts.append(text[kept_to:start])
        kept_to = end
    own = _BREAK.join([*parts, text[kept_to:]])
    return "" if copied and len(_WORD.findall(own)) < _FEWEST_OWN_WORDS else own
