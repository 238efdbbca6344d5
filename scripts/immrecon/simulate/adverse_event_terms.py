"""Background adverse events of a transplant: MedDRA-like terms, frequencies and courses (assumed)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """Background event: share of participants, onset and duration in days from transplant, CTCAE grades."""

    preferred_term: str
    system_organ_class: str
    share: float
    onset_days: tuple[int, int]
    duration_days: tuple[int, int]
    grades: tuple[int, ...]
    verbatim: tuple[str, ...]


GASTRO = "Gastrointestinal disorders"
BLOOD = "Blood and lymphatic system disorders"
INFECT = "Infections and infestations"
LABS = "Investigations"
GENERAL = "General disorders and administration site conditions"
METABOLIC = "Metabolism and nutrition disorders"
RESPIRATORY = "Respiratory, thoracic and mediastinal disorders"
SKIN = "Skin and subcutaneous tissue disorders"
VASCULAR = "Vascular disorders"
TERMS = (
    Term(
        "Mucosal inflammation",
        GENERAL,
        0.62,
        (-3, 10),
        (5, 16),
        (1, 2, 2, 3, 3),
        ("oral mucositis", "mucositis"),
    ),
    Term(
        "Febrile neutropenia",
        BLOOD,
        0.48,
        (2, 12),
        (3, 9),
        (3,),
        ("febrile neutropenia", "neutropenic fever"),
    ),
    Term("Nausea", GASTRO, 0.5, (-6, 20), (3, 20), (1, 1, 2, 2, 3), ("nausea",)),
    Term("Vomiting", GASTRO, 0.3, (-5, 20), (1, 9), (1, 2, 2), ("vomiting",)),
    Term("Diarrhoea", GASTRO, 0.38, (-4, 60), (2, 14), (1, 2, 2, 3), ("diarrhea", "loose stools")),
    Term("Neutrophil count decreased", LABS, 0.45, (0, 9), (8, 18), (4,), ("neutropenia",)),
    Term("Platelet count decreased", LABS, 0.45, (0, 12), (10, 40), (3, 4, 4), ("thrombocytopenia",)),
    Term("Anaemia", BLOOD, 0.38, (0, 30), (10, 60), (2, 3, 3), ("anemia",)),
    Term(
        "Alanine aminotransferase increased",
        LABS,
        0.28,
        (8, 150),
        (7, 45),
        (1, 2, 2, 3),
        ("ALT increased", "raised ALT"),
    ),
    Term("Blood creatinine increased", LABS, 0.24, (5, 150), (5, 40), (1, 2, 2, 3), ("creatinine increased",)),
    Term("Hypertension", VASCULAR, 0.26, (-2, 120), (10, 120), (1, 2, 2, 3), ("hypertension",)),
    Term("Headache", "Nervous system disorders", 0.22, (0, 250), (1, 12), (1, 1, 2), ("headache",)),
    Term("Fatigue", GENERAL, 0.36, (0, 200), (14, 150), (1, 1, 2, 2), ("fatigue", "asthenia")),
    Term("Decreased appetite", METABOLIC, 0.32, (-3, 60), (7, 60), (1, 2, 3), ("anorexia",)),
    Term("Hypokalaemia", METABOLIC, 0.2, (0, 90), (3, 20), (1, 2, 3), ("low potassium",)),
    Term("Pyrexia", GENERAL, 0.2, (4, 180), (1, 5), (1, 1, 2), ("fever",)),
    Term("Rash maculo-papular", SKIN, 0.24, (3, 150), (4, 30), (1, 1, 2), ("rash",)),
    Term("Hypogammaglobulinaemia", "Immune system disorders", 0.3, (40, 200), (90, 400), (2,), ("low IgG",)),
    Term("Pneumonia", INFECT, 0.1, (10, 300), (7, 25), (2, 3, 3), ("pneumonia",)),
    Term("Epistaxis", RESPIRATORY, 0.12, (0, 30), (1, 4), (1, 2), ("nose bleed",)),
    Term("Oedema peripheral", GENERAL, 0.26, (0, 80), (5, 30), (1, 1, 2), ("edema", "swollen legs")),
    Term("Abdominal pain", GASTRO, 0.24, (-2, 120), (1, 14), (1, 2, 2), ("abdominal pain",)),
    Term("Insomnia", "Psychiatric disorders", 0.18, (-5, 60), (5, 60), (1, 1, 2), ("insomnia",)),
    Term(
        "Back pain",
        "Musculoskeletal and connective tissue disorders",
        0.16,
        (0, 200),
        (2, 30),
        (1, 2),
        ("back pain",),
    ),
    Term("Cough", RESPIRATORY, 0.22, (5, 300), (3, 21), (1, 1, 2), ("cough",)),
    Term("Pruritus", SKIN, 0.16, (5, 200), (4, 40), (1, 1, 2), ("itching",)),
    Term("Blood bilirubin increased", LABS, 0.18, (5, 60), (5, 25), (1, 2, 3), ("bilirubin increased",)),
    Term("Hypomagnesaemia", METABOLIC, 0.28, (5, 150), (10, 90), (1, 1, 2), ("low magnesium",)),
    Term("Sinus tachycardia", "Cardiac disorders", 0.14, (0, 30), (1, 10), (1, 1, 2), ("tachycardia",)),
    Term("Hypotension", VASCULAR, 0.12, (0, 40), (1, 4), (1, 2, 3), ("hypotension",)),
    Term("Device related infection", INFECT, 0.12, (5, 120), (5, 15), (2, 3), ("line infection",)),
    Term("CD4 lymphocytes decreased", LABS, 0.3, (0, 20), (60, 160), (3, 4, 4), ("low CD4",)),
    Term("Venoocclusive liver disease", "Hepatobiliary disorders", 0.05, (10, 30), (10, 25), (2, 3), ("VOD",)),
)
