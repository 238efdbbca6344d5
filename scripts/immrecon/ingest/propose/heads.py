"""Heads of columns in English, French, German, Dutch, Italian and Spanish, and of SDTM; the role each stands for."""

import re
from functools import lru_cache

from immrecon.ingest.propose.columns import words

SDTM = {
    "usubjid": "participant", "lbtestcd": "test", "lbtest": "other", "lborres": "result", "lborresu": "unit",
    "lbdtc": "collected", "lbrefid": "accession", "lbloinc": "loinc", "visit": "visit", "lbspid": "other",
    "lbstresc": "other", "lbstresn": "other", "lbstresu": "other", "lbdy": "other", "visitnum": "other",
    "visitdy": "other", "subjid": "other", "studyid": "other", "siteid": "other", "domain": "other", "lbseq": "other",
    "lbstat": "other", "lbreasnd": "comment", "lbcat": "other", "lbscat": "other", "lbnam": "other", "lbspec": "other",
    "lbspccnd": "comment", "lbmethod": "other", "lbblfl": "other", "lbnrind": "other", "lbendtc": "other",
    "lbornrlo": "other", "lbornrhi": "other", "lbstnrlo": "other", "lbstnrhi": "other",
}  # fmt: skip

_NUMBER = r"(?:n|no|nr|num|number|numero|nummer|nro|code|id|ident\w*|#)"
_DATE = r"(?:date|datum|fecha|data|dt|dat)"

RECEIVED = re.compile(
    r"\b(?:recei\w*|rcvd|recep\w*|recu\w*|eingang\w*|eingegangen|ontvang\w*|ricez\w*|ricev\w*|arriv\w*|recib\w*|login)"
)
REPORTED = re.compile(
    r"\b(?:report\w*|issued?|valid\w*|befund\w*|uitslagdatum|rapport\w*|edition|referto|informe|release\w*|approv\w*"
    r"|result\w* date|date result\w*|resulted|rendu)"
)
BIRTH = re.compile(r"\b(?:birth\w*|naiss\w*|geburt\w*|geboorte\w*|nascita|nacim\w*|dob|gebdat\w*|ddn)\b")
COLLECTED = re.compile(
    r"(?:collect\w*|collection|prelev\w*|entnahme\w*|abnahme\w*|afname\w*|prelievo|extracc\w*|toma|drawn?"
    r"|sampl\w*|specimen|muestra|visit\w*|probe\w*|bloedafname|blutentnahme)"
)
DATE = re.compile(rf"\b{_DATE}\b|\w+(?:datum|date)\b|\bdate\w*")
DAY = re.compile(
    r"(?:study )?(?:day|days|jour|jours|tag|tage|dag|dagen|giorno|giorni|dia|dias|dy)"
    r"|(?:day|days|jours|tage|dagen|giorni|dias) (?:since|post|after|apres|nach|na|dopo|despues|from|depuis).*"
)
TIME = re.compile(r"\b(?:time|heure|uhrzeit|zeit|tijd\w*|ora|hora|uur|clock|hour)\b|\w+(?:zeit|tijd)\b")

_ROLES = [  # the first that matches the whole head
    ("loinc", r"loinc(?: code| num(?:ber)?)?"),
    ("other", rf"(?:(?:{_NUMBER}) )?(?:study|etude|studie|studio|estudio|trial|protocol|protocole)(?: {_NUMBER})?"),
    ("other", rf"(?:{_NUMBER} )?(?:site|centre|center|zentrum|centrum|centro|hopital|hospital|klinik)(?: {_NUMBER})?"),
    ("other", r"(?:sex|sexe|gender|geslacht|geschlecht|sesso|sexo|age|alter|leeftijd|eta|edad)"),
    ("other", r"(?:name|nom|nachname|vorname|prenom|naam|nome|cognome|nombre|apellido|initials?|initialen"
              r"|patient name)"),
    ("other", r"(?:low|high|lower|upper|min|max|range|ref|reference|normal|norm|referenz\w*|referentie\w*|flag|flags)"
              r"(?: .*)?|obs no|row|line|seq\w*|index|unnamed.*"),
    ("comment", r"(?:comment|remark|commentaire|bemerkung|opmerking|commento|nota|note|kommentar|remarque|comentario"
                r"|observ\w*|annotation|toelichting)(?:s|es|en|i)?"),
    ("status", r"(?:(?:result|resultat|sample) )?(?:status|statut|stato|estado|etat)(?: .*)?"),
    ("unit", r"(?:unit|unite|einheit|eenheid|unita|unidad|unidade|uom|dimension)(?:s|en|es|heden)?(?: .*)?"),
    ("accession", rf"accession\w*(?: {_NUMBER})?|(?:{_NUMBER} (?:de |du |d )?)(?:prelevement|echantillon|dossier"
                  rf"|demande|sample|specimen|muestra|campione)|(?:sample|specimen|barcode|order|request|lab|tube|proben?"
                  rf"|auftrags?|monster|staal|campione|muestra|prelevement|echantillon|labor) ?(?:{_NUMBER}|barcode)"
                  r"|barcode|echantillon|probe|monster|campione|specimen|sample"),
    ("participant", rf"(?:{_NUMBER} (?:de |du |del |di )?)?(?:patient\w*|pat|subject\w*|subj|participant\w*|proband\w*"
                    r"|paciente|paziente|sujet|sujeto|soggetto|deelnemer\w*|teilnehmer\w*|patid|patnr|subjid|pid)"
                    rf"(?: {_NUMBER})?|id"),
    ("visit", rf"(?:visit|visite|bezoek|besuch|visita|timepoint|time point|zeitpunkt|tijdstip|temps|momento|punto)"
              rf"(?: (?:{_NUMBER}|name|label|nom))?"),
    ("test", r"(?:test|analyte|analyt|parameter|parametre|parametro|analyse|analysis|exam\w*|untersuchung|bepaling"
             r"|analisi|esame|prueba|determinacion|marker|marqueur|population|component|assay)(?:s)?"
             rf"(?: (?:name|nom|{_NUMBER}))?"),
    ("result", r"(?:result|resultat|ergebnis|wert|messwert|value|valeur|uitslag|waarde|risultato|valore|resultado"
               r"|valor)(?:s|e|en)?(?: (?:value|text|numeric))?"),
]  # fmt: skip
_PATTERNS = [(role, re.compile(pattern)) for role, pattern in _ROLES]


@lru_cache(maxsize=20_000)
def role_of(head: str) -> str | None:
    """The role that a head names: participant, test, result, unit, loinc, status, visit, accession, comment, or other
    (known and no result); dates and times as received, reported, birth, collected, date, time. None: not known.
    """
    plain = words(head)
    if plain in SDTM:
        return SDTM[plain]
    for role, pattern in _PATTERNS:
        if pattern.fullmatch(plain):
            return role
    return _dated_role(plain)


def _dated_role(plain: str) -> str | None:
    dated, timed = bool(DATE.search(plain)), bool(TIME.search(plain))
    for role, expression in (("birth", BIRTH), ("received", RECEIVED), ("reported", REPORTED)):
        if expression.search(plain) and (dated or timed or expression.fullmatch(plain)):
            return role if not timed or dated else "other"
    if timed and not dated:
        return "time"
    if COLLECTED.search(plain) and (dated or COLLECTED.fullmatch(plain)):
        return "collected"
    return "date" if dated else "day" if DAY.fullmatch(plain) else None
