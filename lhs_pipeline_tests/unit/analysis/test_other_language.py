"""Texts in another language reach a person; English ones, however short of grammar, do not."""

import csv
from pathlib import Path

import pytest

from lhs_pipeline.analysis.dangers import DangerRules
from lhs_pipeline.analysis.other_language import is_other_language
from lhs_pipeline.catalogue.reader import read_catalogue
from lhs_pipeline.vocabulary import Urgency

DANGERS = DangerRules(read_catalogue().dangers)
WORDINGS = Path(__file__).parents[2] / "recovery/danger_wordings.csv"
FOREIGN = {
    "Welsh": "Roedd y nyrsys yn garedig ond roedd yr aros yn rhy hir o lawer",
    "Polish": "Personel był miły, ale czekałem cztery godziny i nikt mi nic nie powiedział",
    "Romanian": "Personalul a fost amabil dar am așteptat patru ore și nimeni nu ne-a spus nimic",
    "Portuguese": "Os funcionários foram simpáticos mas esperei quatro horas e ninguém me disse",
    "Spanish": "El personal fue muy amable pero esperé cuatro horas y nadie me dijo nada",
    "French": "Le personnel était gentil mais j'ai attendu quatre heures et on ne m'a rien dit",
    "Italian": "Il personale è stato gentile ma ho aspettato quattro ore e nessuno ha detto niente",
    "German": "Alle waren sehr nett, aber ich habe vier Stunden gewartet, was schade ist",
    "Turkish": "Personel çok nazikti ama dört saat bekledim ve kimse bana bir şey söylemedi",
    "Somali": "Shaqaaluhu aad ayay u fiicnaayeen laakiin waxaan sugayay afar saacadood",
    "Urdu": "عملہ بہت مہربان تھا لیکن چار گھنٹے انتظار کرنا پڑا",
    "Bengali": "কর্মীরা খুব ভালো ছিল কিন্তু চার ঘণ্টা অপেক্ষা করেছি",
    "Punjabi": "ਸਟਾਫ ਬਹੁਤ ਚੰਗਾ ਸੀ ਪਰ ਚਾਰ ਘੰਟੇ ਉਡੀਕ ਕੀਤੀ",
    "Chinese": "工作人员很好但是我等了四个小时",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_a_text_in_another_language_is_for_a_person(text: str) -> None:
    assert is_other_language(text)
    found = DANGERS.read(text)
    assert found.danger_ids == ("other_language",) and found.urgency is Urgency.SAME_DAY


@pytest.mark.parametrize(
    "text",
    [
        "Merci",
        "Thank you Dr [name], diolch yn fawr",
        "Pt found on floor by HCA, obs taken, no injury seen, NOK informed, datix done",
        "Everything was explained to my mother in Polish, dziękuję bardzo wszystkim",
        "",
        "[name] [name] [name] [name] [name] [name] [name]",
    ],
)
def test_english_and_what_is_too_short_to_tell_are_not(text: str) -> None:
    assert not is_other_language(text)


def test_shorthand_that_no_rule_can_read_is_for_a_person_too() -> None:
    assert is_other_language("Rpt Trop T 45, ECG NSR, CXR clear, bloods sent, cannula sited L ACF")


def test_hardly_a_terse_english_sentence_is_taken_for_another_language() -> None:
    """One too many is read in vain; one too few is read by nobody."""
    with WORDINGS.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert len(texts) > 300
    assert sum(map(is_other_language, texts)) <= 0.01 * len(texts)


def test_a_danger_sign_in_english_stands_beside_it() -> None:
    both = "Pielęgniarka uderzyła mnie wczoraj w nocy, boję się tutaj zostać: she hit me"
    found = DANGERS.read(both)
    assert {"abuse", "other_language"} <= set(found.danger_ids)
    assert found.urgency is Urgency.IMMEDIATE
    assert "hit me" in both[found.hits[0].start : found.hits[0].end]
