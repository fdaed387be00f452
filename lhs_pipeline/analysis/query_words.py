"""Words that say nothing of a work's subject: in any English text, and in any review's question.

The second list is removed from questions alone; it is general and fitted to no review.
"""

_IN_ANY_TEXT = """
    a about above after again against all almost along already also although always am among an
    and another any anyone anything are around as at be became because become been before behind
    being below between both but by can cannot could did do does doing done down due during each
    eg either else enough etc even ever every everyone few first for found from further get give
    go had has have having he hence her here hers herself him himself his how however i ie if in
    indeed into is it its itself just last least less made make many may me might mine more
    moreover most much must my myself namely neither never next no nor not nothing now of off
    often on once one only onto or other others otherwise our ours out over own per perhaps
    please put quite rather re really regarding same say see seem several she should show since
    so some somehow something sometimes still such take than that the their theirs them
    themselves then there thereby therefore these they this those though three through thus to
    together too toward towards two under until up upon us various very via was we well were
    what whatever when whenever where whereas whether which while who whole whom whose why will
    with within without would yet you your yours
"""
_IN_ANY_QUESTION = """
    abstract abstracts aim aimed aims analyse analysed analyses analysis answer appraise article
    articles assess assessed assesses assessing assessment available based best comparator
    compare compared comparing comparison concern concerned concerning concerns criteria
    criterion current data describe described describes describing design designs determine
    determined directed documents effect effective effectiveness effects efficacy eligibility
    eligible empirical english evaluate evaluated evaluates evaluating evaluation evidence
    examine examined examines examining example examples exclude excluded excludes excluding
    exclusion explore explored exploring find finding findings focus full identified identify
    include included includes including inclusion inform information interested investigate
    investigated investigates investigating involve involving journal journals kind known
    language literature look meta method methods must new objective objectives original outcome
    outcomes paper papers peer present primary publication publications published purpose
    quantitative question questions relate related relating relevant report reported reporting
    reports research researched result results review reviewed reviews scoping search searched
    significant significantly state studied studies study subject summarise summarize synthesis
    systematic systematically text texts topic topics type types understand use used uses using
    whether work works written
"""
STOP_WORDS = frozenset(_IN_ANY_TEXT.split())
QUESTION_WORDS = frozenset(_IN_ANY_QUESTION.split())
