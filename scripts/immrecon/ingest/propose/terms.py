"""Words in result, status and comment cells, in six languages. What stands nowhere here is left to the user."""

import re

from immrecon.ingest.propose.columns import folded

NOT_DONE = [  # of the folded cell
    (r"qns|quantity not sufficient|insufficient(?: \w+)?|quantite insuffisante|insuffisant\w*|unzureichend\w*"
     r"|te weinig(?: materiaal)?|onvoldoende(?: \w+)?|insufficiente|insuficiente|zu wenig material",
     "quantity not sufficient"),
    (r"h[ae]+molys\w*|hemolyz\w*|hamolys\w*|gehemolyseerd|emolizzat\w*|emolisi|hemoli[sz]\w*", "haemolysed"),
    (r"clott?ed|coagul\w*|geronnen|stolsel\w*|gestold|gestolt|caillot\w*|koagel|clot", "clotted"),
    (r"not[- ]performed|not[- ]asked|asked-declined|not-permitted", "not performed"),
    (r"unknown|asked-unknown|temp-unknown|not-applicable|masked|unsupported", "no result known"),
    (r"not done|non fait\w*|non realise\w*|nicht durchgefuhrt|niet (?:gedaan|uitgevoerd)|non eseguit\w*"
     r"|no realizad\w*|nd done|non effectue\w*|no hecho", "not done"),
    (r"pending|en cours|in progress|ausstehend|folgt|volgt|in corso|pendiente|en attente|in bewerking", "pending"),
    (r"cancel\w*|annul\w*|storniert|geannuleerd|annullat\w*|anulad\w*", "cancelled"),
    (r"(?:cf\.?|see|voir|siehe|zie|vedi|ver) (?:comment\w*|kommentar|opmerking|commento|comentario|remarque)"
     r"|s\. kommentar", "see the comment of the laboratory"),
    (r"resultat rendu", "result given elsewhere"),
    (r"nr|not reported|non rendu", "not reported"),
    (r"not determined|nicht bestimmt|niet bepaald|non determine\w*|non determinato|no determinado", "not determined"),
    (r"lost|perdu\w*|verloren|perso|perdid\w*", "sample lost"),
    (r"no sample|missing|manquant\w*|kein material|geen materiaal|fehlt|ontbreekt|mancante|falta", "no sample"),
    (r"-+|\u2013|\u2014|\.|n/?a|\.{2,}|\?+", "no result given"),
]  # fmt: skip
_NOT_DONE = [(re.compile(pattern), reason) for pattern, reason in NOT_DONE]

BELOW_LIMIT = re.compile(
    r"<\s*(?:lloq|loq|lq|lod|ld|ll|bg|nwg|lld|ldd)|lloq|blq|bloq|below (?:limit|detection|lloq|loq).*"
    r"|unter (?:der )?(?:nachweis|bestimmungs)\w*|onder (?:de )?(?:detectie|bepalings)\w*|undetectable|not detect\w*"
    r"|indetectable\w*|non detect\w*|nicht nachweisbar|niet (?:aantoonbaar|detecteerbaar)|non rilevabile|no detectable"
    r"|indosable"
)
AMBIGUOUS = {"nd", "n.d.", "n.d", "nb", "n.b."}
"""ND is "not determined" in one laboratory and "not detected" in the next."""

STATUS = {
    "F": r"f|final\w*|valid\w*|definit\w*|endgultig|freigegeben|vrijgegeven|definitivo|approved|complete\w*",
    "P": r"p|prelim\w*|provis\w*|vorlaufig|voorlopig|pending|en cours|i|partial",
    "C": r"c|correct\w*|corrig\w*|korrigiert|gecorrigeerd|corrett\w*|amend\w*|revised",
    "X": r"x|cancel\w*|annul\w*|not done|cannot be obtained|storniert|anulad\w*",
    "D": r"d|delet\w*|supprim\w*|geloscht|verwijderd|eliminat\w*|borrad\w*",
}
_STATUS = {code: re.compile(pattern) for code, pattern in STATUS.items()}

EXCLUDED = [
    (re.compile(r"donor\w*|donneu\w*|spender\w*|donator\w*|donante\w*"), "sample of the donor", None),
    (re.compile(r"blast\w*(?: circul\w*)?"), "circulating blasts", "all cells"),
    (re.compile(r"(?:percent|per cent|%|pourcent\w*|prozent|procent) (?:of|de|des|von|van|di) cd ?[0-9]+"),
     "per cent of other cells than lymphocytes", "percentages"),
]  # fmt: skip
"""In comments and visits: a pattern, the reason for which results may be left out, and which results."""

NO_DATA = re.compile(
    r"(?:total\w*|totaal|summe|gesamt|somma|suma|aantal|anzahl|nombre|mean|moyenne|mittelwert|gemiddelde|page|seite|pagina"
    r"|printed|edite|druck|ende|end of|fin d\w*|count|subtotal)\b.*"
)
"""Of the folded first cell of a row that holds no sample."""


def not_done_reason(text: str) -> str | None:
    plain = folded(text).strip()
    return next((reason for pattern, reason in _NOT_DONE if pattern.fullmatch(plain)), None)


def is_below_limit(text: str) -> bool:
    return BELOW_LIMIT.fullmatch(folded(text).strip()) is not None


def status_of(text: str) -> str | None:
    plain = folded(text).strip()
    return next((code for code, pattern in _STATUS.items() if pattern.fullmatch(plain)), None)
