"""What de-identification finds of planted identifiers, and what it touches besides.

python benchmarks/deidentification.py [--texts 4000] [--seed 1]
"""

import argparse
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

from planted_identifiers import EPONYMS, Planted, plant

from lhs_pipeline.collection.deidentification import deidentify

_RESULTS = Path(__file__).parent / "results" / "deidentification.json"
_TOKEN = re.compile(r"\[(?:[A-Za-z -]+)\]")


def is_gone(kind: str, identifier: str, masked: str) -> bool:
    """Whether nothing telling of an identifier is left: no name part, no run of its digits."""
    if kind == "name":
        parts = [part for part in re.split(r"[\s]+", identifier) if len(part) > 1]
        return not any(re.search(rf"\b{re.escape(part)}\b", masked) for part in parts)
    if kind == "e-mail":
        return identifier.split("@")[0].split("\uff20")[0].split(" ")[0] not in masked
    if kind == "postcode":
        return "[postcode]" in masked and identifier not in masked
    shown = re.sub(r"[^\d]", "", masked)
    digits = "".join(str(int(letter)) for letter in identifier if letter.isdecimal())
    # Fewer than six digits, such as a day in words, stand in a time of day by chance.
    return identifier not in masked and (len(digits) < 6 or digits[-6:] not in shown)


def measure(texts: list[Planted], mode: str) -> dict[str, object]:
    """Recall by kind and manner, precision of the replacements, and plain texts touched."""
    found: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    missed: dict[str, list[str]] = defaultdict(list)
    tokens = right = touched = plain = 0
    for one in texts:
        masked = deidentify(one.text, mode)
        tokens += (count := len(_TOKEN.findall(masked)))
        right += min(count, _places(one))
        if one.manner == "plain":
            plain += 1
            touched += masked != one.text
        for kind, identifier in one.identifiers:
            label = kind if kind != "name" else f"name in {one.manner}"
            planted[label] += 1
            if is_gone(kind, identifier, masked):
                found[label] += 1
            else:
                missed[label].append(f"{identifier!r} in {masked!r}")
    return {
        "recall": {label: found[label] / count for label, count in sorted(planted.items())},
        "planted_count": dict(sorted(planted.items())),
        "precision": right / max(tokens, 1),
        "plain_touched_prop": touched / max(plain, 1),
        "eponyms_touched": [
            said
            for said in EPONYMS
            if deidentify(f"Known {said} today.", mode) != f"Known {said} today."
        ],
        "missed": {label: examples[:8] for label, examples in missed.items()},
    }


def _places(one: Planted) -> int:
    """In how many places identifiers stand: an upper bound of the right replacements."""
    places = sum(one.text.count(identifier) for _, identifier in one.identifiers)
    return places


def main() -> None:
    """Measure both modes and write the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    texts = plant(given.seed, given.texts)
    result = {mode: measure(texts, mode) for mode in ("standard", "strict")}
    for mode, said in result.items():
        print(mode, json.dumps({k: v for k, v in said.items()}, indent=1, ensure_ascii=False))
    kept = {mode: {k: v for k, v in said.items() if k != "missed"} for mode, said in result.items()}
    about = {"texts_count": given.texts, "seed": given.seed, **kept}
    _RESULTS.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
