"""Texts with planted identifiers of every kind, in many spellings: what must be masked is known.

First names and surnames here stand in no list of the package; every number is invented.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

_FIRST = """
    Xiomara Caoilfhionn Gruffudd
    Bogdana Zdenka Vasilica Krasimira Svetlin Ngozichukwu
    Esperanza Guadalupe Conceicao Quynh Nguyet Xiuying
    Jiahui Haruto Soo-jin Min-jun Parvaneh Shahrzad Zulekha
    Thilini Sivakumar Dilshad Rozhin Berivan Cemal
    Yiannis Despina Vangelis Ottilie Hildegard Ingeborg Torbjorn Annelise Jorunn Saoirse-Mae
    Fiadh Kadiatu Fatoumata Selamawit Makeda Ondine Peregrine
    Araminta Ffion-Haf Dragomir Snezana Ljubica Zeljko Emmeline Barnabas Leocadia
"""
_LAST = """
    Nkemelu Wickramasinghe Wojciechowska Szczepanska Adewuyi Achterberg Papadimitriou
    Vlahovic Ramanathan Subramaniam Mukhopadhyay Bhattacharya Qureshi-Lodhi Al-Masri Haidari
    Nguyen-Le
    Tranmere Featherstonehaugh Micklethwaite Postlethwaite Cholmondeley Ravenscroft Thistlewood
    Hepplewhite Braithwaite Entwhistle Oxenham Penhaligon Trevanion Tregothnan Polkinghorne
    Macgillivray Colquhoun Dalrymple Strachan Auchterlonie O'Shaughnessy O'Loughlin McGonagall
    MacAskill
    Prydderch Bebbington-Roe Ystwyth Jankauskas Petrauskiene Ozolins Virtanen Lindqvist
    Haugland Rasmussen Dubois-Martel Desrosiers Mascarenhas Figueiredo Villanueva Echeverria Quispe
    Takahashi Yamamoto Fitzwarren Cattermole Sidebottom Oakeshott Birtwhistle Heseltine
    Young White Wood Field Marsh Price Knight Stone Cook Baker Bird Frost ap-Rhys al-Hakim
    Obafemi Chikwendu Kariuki Dlamini Mokoena Tshabalala Ramirez-Soto Zielinska Horvathova
"""
FIRST_NAMES, SURNAMES = _FIRST.split(), _LAST.split()
_TITLES = ("Mr", "Mrs", "Ms", "Miss", "Dr", "Dr.", "Mr.", "Professor", "Sister", "Nurse")
_STREETS = ("Mill", "Chapel", "Orchard", "Victoria", "Station", "Church Farm", "Manor Park")
_ROADS = ("Road", "Street", "Lane", "Avenue", "Close", "Drive", "Crescent")
_AREAS = ("NR", "LS", "B", "SW", "EH", "CF", "BT", "M", "PL", "TR", "IV", "E", "SE", "W")
_MONTHS = ("January", "February", "March", "April", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """One text, what stands in it and must go, and of which kind each is."""

    text: str
    identifiers: tuple[tuple[str, str], ...]
    manner: str


def nhs_number(rng: random.Random) -> str:
    """A number with a right check digit, in one of many spellings."""
    while True:
        nine = f"{rng.choice((4, 6, 7, 9))}{rng.randrange(10**8):08d}"
        check = 11 - sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            break
    digits = f"{nine}{check % 11}"
    a, b, c = digits[:3], digits[3:6], digits[6:]
    return rng.choice(
        (digits, f"{a} {b} {c}", f"{a}-{b}-{c}", f"{a}.{b}.{c}", f"{a}  {b}  {c}", f"{a}/{b}/{c}",
         f"{a}_{b}_{c}", f"{a} - {b} - {c}", f"{a}\u00a0{b}\u00a0{c}", f"{a}\u2009{b}\u2009{c}",
         f"{a}\n{b} {c}", " ".join(digits), _fullwidth(digits), f"{a}\t{b}\t{c}", f"({a}) {b} {c}",
         f"{a}\u2013{b}\u2013{c}", f"{a},{b},{c}", f"{digits[:5]} {digits[5:]}",
         f"{a}\u200b{b}\u200b{c}")
    )  # fmt: skip


def phone(rng: random.Random) -> str:
    """A telephone number, mobile or landline, at home or with a country code."""
    six = f"{rng.randrange(10**6):06d}"
    return rng.choice(
        (f"07{rng.randrange(400, 999)} {six}", f"07{rng.randrange(400, 999)}{six}",
         f"07700 {six[:3]} {six[3:]}", f"07700-{six}", f"+44 7700 {six}", f"+447700{six}",
         f"0044 7700 {six}", f"(01632) {six}", f"01632 {six}", f"01632-{six}",
         f"020 7946 0{six[:3]}",
         f"0161 496 0{six[:3]}", f"+44 (0)1632 {six}", f"07700.{six[:3]}.{six[3:]}",
         f"0 7 7 0 0 {' '.join(six)}", _fullwidth(f"07700{six}"), f"07700/{six}",
         f"07700\n{six}", f"O7700 {six}", f"0113 496 0{six[:3]}", f"01632  {six[:3]}  {six[3:]}",
         f"01632 {six} ext. {six[:3]}", f"07700 {six} x{six[:3]}", f"+44/7700/{six}",
         f"(0161) 496 0{six[:3]}", f"(+44) 7700 {six}", f"0300 123 {six[:4]}")
    )  # fmt: skip


def e_mail(rng: random.Random) -> str:
    """An address, also as people write it to hide it from machines."""
    user = f"{rng.choice(FIRST_NAMES)}.{rng.choice(SURNAMES)}".lower().replace("'", "")
    user = rng.choice((user, user.replace(".", "_"), f"{user}{rng.randrange(99)}", f"{user}+ward"))
    host = rng.choice(("example.org", "mail.example.co.uk", "example.net", "nhs.example.net"))
    dotted = host.replace(".", " dot ")
    return rng.choice(
        (f"{user}@{host}", f"{user}@{host}".upper(), f"{user} @ {host}", f"{user}@ {host}",
         f"{user} at {dotted}", f"{user}(at){host}", f"{user}[at]{host}", f"{user} (at) {dotted}",
         f"<{user}@{host}>", f"mailto:{user}@{host}", f"{user}\uff20{host}", f"{user}@\n{host}",
         f"{user} [at] {host.replace('.', ' [dot] ')}", f"{user} @ {host.replace('.', ' . ')}",
         f"{user} at {host}", f"{user}<at>{host}", f"{user} -at- {host}", f"{user} at gmail.com")
    )  # fmt: skip


def postcode(rng: random.Random) -> str:
    """A postcode of an area that exists."""
    out = f"{rng.choice(_AREAS)}{rng.randrange(1, 20)}"
    into = f"{rng.randrange(10)}{''.join(rng.choices('ABDEFGHJLNPQRSTUWXYZ', k=2))}"
    return rng.choice(
        (f"{out} {into}", f"{out}{into}", f"{out} {into}".lower(), f"{out}{into}".lower(),
         f"{out}  {into}", f"{out}-{into}", f"{out}\n{into}", f"{out}.{into}",
         f"{out}\u00a0{into}", f"{out} {into[0]} {into[1:]}", f"{out} {into}".capitalize())
    )  # fmt: skip


def date_of_birth(rng: random.Random) -> str:
    """A day of birth with the words that tell what it is."""
    d, m, y = rng.randrange(1, 28), rng.randrange(1, 12), rng.randrange(1925, 2015)
    name = _MONTHS[m - 1]
    mm = m if m < 5 else m + 1
    day = rng.choice(
        (f"{d:02d}/{mm:02d}/{y}", f"{d}/{mm}/{y % 100:02d}", f"{d}.{mm}.{y}", f"{d}-{mm}-{y}",
         f"{y}-{mm:02d}-{d:02d}", f"{d} {name} {y}", f"{d} {name[:3]} {y}", f"{name} {d}, {y}",
         f"{d}th of {name} {y}", f"{d}{name[:3]}{y}", f"{d:02d}{mm:02d}{y}", f"{d} / {mm} / {y}",
         f"{d:02d} {mm:02d} {y}", f"{d}-{name[:3]}-{y % 100:02d}", f"{d} {name.upper()} {y}",
         f"{name[:3]} {d} {y}", f"{d:02d}\\{mm:02d}\\{y}", f"{d}th {name}, {y}",
         _fullwidth(f"{d:02d}/{mm:02d}/{y}"), f"{d:02d}/\n{mm:02d}/{y}", f"the {d}th of {name} {y}",
         f"{name} the {d}th {y}", f"Thursday {d} {name} {y}", f"{d} {name} '{y % 100:02d}",
         f"{d}/{name[:3]}/{y}", f"the third of {name} nineteen sixty-two", f"3rd day of {name} {y}")
    )  # fmt: skip
    return rng.choice(("DOB {}", "dob: {}", "D.O.B. {}", "date of birth {}", "born {}",
                       "Date of Birth - {}", "born on {}", "DoB={}")).format(day)  # fmt: skip


def _fullwidth(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdecimal() else c for c in text)


STRUCTURED: dict[str, Callable[[random.Random], str]] = {
    "NHS number": nhs_number, "phone": phone, "e-mail": e_mail, "postcode": postcode,
    "date of birth": date_of_birth,
}  # fmt: skip
_CARRIERS = {
    "NHS number": ("NHS no {} on the wristband.", "Pt ({}) moved to bay 4.", "Nhs number: {}",
                   "wrong label, {} instead", "{} was on the form", "NHS{} noted"),
    "phone": ("Please ring {} after six.", "Tel: {}", "daughter's number is {} if needed",
              "call {}.", "mob {}", "I left {} with the desk"),
    "e-mail": ("Write to {} with the answer.", "e-mail {}", "contact: {}.", "sent to {} twice"),
    "postcode": ("We live near {}.", "transport went to {} by mistake", "address ends {}.",
                 "home is {} so far away"),
    "date of birth": ("{} on the label.", "Patient {}, fell at 03:00.", "Label says {}.",
                      "wrong notes ({})"),
}  # fmt: skip
_REPORT = (
    "{title} {last} was found on the floor beside the bed at 04:10.",
    "Patient {first} {last} received the evening dose twice.",
    "Handed over by {first} {last} to the night team.",
    "Datix raised after {title} {last} slipped in the bathroom. {last} was seen by the registrar.",
    "On the ward round, {first} was noted to be confused; {first} had pulled out the cannula.",
    "The deceased, {first} {last}, was admitted with sepsis and died two days later.",
    "Family of {first} {last} informed by {title} {last2}.",
    "Staff nurse {first} {last} checked the pump and found the rate wrong.",
    "Pt {last} refused medication. Pt {last} later agreed.",
    "{last}, {first} – unwitnessed fall, no injury.",
    "Seen by {title} {first} {last} and referred to the falls team.",
    "Discharge letter for {first} {last} was sent to the wrong surgery.",
    "{first} {last} was transferred without a handover and {title} {last} was not told.",
    "Witnessed by HCA {first} {last} and porter {first2}.",
    "Mother of {first} reported that the call bell was out of reach.",
)
_INFORMAL = (
    "thank you to {first} who was so kind to my mum", "{first} on reception was rude to us",
    "Nurse {first} was lovely, nothing too much trouble", "dr {last} listened to me at last",
    "my name is {first} {last} and I waited six hours", "A big thank you to {first} and {first2}.",
    "Special mention for {first}, the best HCA on the ward!",
    "mrs {last} next to me cried all night",
    "I was looked after by {first} and she was brilliant", "{first} {last} explained everything",
    "our son {first} was terrified and nobody came", "Sister {first} runs a tight ship",
    "saw Dr {last} who was in a rush", "please tell {first} we are grateful",
    "Regards, {first} {last}",
    "the physio called {first} got me walking", "{first} made me laugh every morning",
    "Mr {last} the surgeon was very clear", "Thanks {first}",
    "{first}'s bedside manner is wonderful",
)  # fmt: skip
PLAIN = (
    "The food was cold and the ward was noisy at night.", "Excellent care from start to finish.",
    "I waited four hours in A&E before anybody saw me, then 20 minutes for an X-ray.",
    "Staff were kind. Parking was £4.50 and I could not find a space.",
    "Everything explained well.",
    "On Monday I came back to Ward 12 and the nurse remembered me.", "10 out of 10, thank you all.",
    "The Doppler scan was delayed, and the Zimmer frame was missing.", "Nothing could be better.",
    "My mother has Parkinson's and the tablets came late again.", "More staff needed on nights.",
    "Diagnosed with Hodgkin lymphoma in March; the Macmillan team were superb.",
    "Treated for Bell's palsy. Clear advice, prompt follow up.",
    "Friendly reception, clean toilets.",
    "The MRI at Queen Elizabeth Hospital was on time.", "Crohn's clinic letter never arrived.",
    "Could do with a water fountain in the waiting room.", "Discharge took all day, as always.",
    "The Foley catheter was changed without asking.", "Very happy with the Covid booster clinic.",
)  # fmt: skip
EPONYMS = (
    "Parkinson's disease", "Parkinson", "Hodgkin lymphoma", "non-Hodgkin lymphoma", "Bell's palsy",
    "Crohn's", "Alzheimer's", "Huntington's chorea", "Down's syndrome", "Cushing's", "Raynaud's",
    "Addison's disease", "Graves' disease", "Hashimoto's thyroiditis", "Barrett's oesophagus",
    "Wernicke's encephalopathy", "Korsakoff", "Guillain-Barré", "Ménière's", "Sjögren's", "Marfan",
    "Paget's disease", "Dupuytren's contracture", "Ehlers-Danlos", "Tourette's", "Asperger's",
    "Wilson's disease", "Glasgow Coma Scale", "Waterlow score", "Braden scale", "Apgar",
    "Foley catheter", "Hickman line", "Yankauer sucker", "Zimmer frame", "Doppler", "Kardex",
    "Colles fracture", "Babinski sign", "Romberg's test", "Charcot foot", "Baker's cyst",
    "Kawasaki disease", "Lyme disease", "Ewing's sarcoma", "Kaposi's sarcoma", "Still's disease",
    "Swan-Ganz", "Trendelenburg position", "Cheyne-Stokes breathing", "Kussmaul breathing",
    "Mallory-Weiss tear", "Meckel's diverticulum", "Buerger's disease", "Behçet's", "Horner's",
    "Lewy body dementia", "Pott's fracture", "Bartholin's cyst", "Fournier's gangrene",
    "Osgood-Schlatter", "Perthes disease", "Hirschsprung's", "Creutzfeldt-Jakob", "Sengstaken tube",
)  # fmt: skip


def plant(seed: int, texts_count: int) -> list[Planted]:
    """Return seeded texts: structured identifiers, names in reports, names in comments, plain."""
    rng = random.Random(seed)
    makers = (_structured, _report, _informal, _plain)
    return [makers[i % len(makers)](rng) for i in range(texts_count)]


def _structured(rng: random.Random) -> Planted:
    kinds = rng.sample(sorted(STRUCTURED), rng.choice((1, 1, 2)))
    parts, found = [rng.choice(PLAIN)], []
    for kind in kinds:
        identifier = STRUCTURED[kind](rng)
        found.append((kind, identifier))
        parts.append(rng.choice(_CARRIERS[kind]).format(identifier))
    rng.shuffle(parts)
    return Planted(" ".join(parts), tuple(found), "structured")


def _named(rng: random.Random, template: str, manner: str) -> Planted:
    cased = _case_of(rng, manner)
    given = {"first": cased(rng.choice(FIRST_NAMES)), "first2": cased(rng.choice(FIRST_NAMES)),
             "last": cased(rng.choice(SURNAMES)), "last2": cased(rng.choice(SURNAMES)),
             "title": rng.choice(_TITLES)}  # fmt: skip
    text = template.format(**given)
    names = (name for key, name in given.items() if key != "title" and f"{{{key}}}" in template)
    parts = [text, rng.choice(PLAIN)]
    return Planted(" ".join(parts), tuple(("name", name) for name in names), manner)


def _case_of(rng: random.Random, manner: str) -> Callable[[str], str]:
    if manner == "report":
        return rng.choices((str, str.upper), (0.93, 0.07))[0]
    return rng.choices((str, str.lower, str.upper), (0.84, 0.10, 0.06))[0]


def _report(rng: random.Random) -> Planted:
    return _named(rng, rng.choice(_REPORT), "report")


def _informal(rng: random.Random) -> Planted:
    return _named(rng, rng.choice(_INFORMAL), "informal")


def _plain(rng: random.Random) -> Planted:
    if rng.random() < 0.5:
        return Planted(f"{rng.choice(PLAIN)} {rng.choice(EPONYMS)} noted.", (), "plain")
    return Planted(" ".join(rng.sample(PLAIN, 2)), (), "plain")
