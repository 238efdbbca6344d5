"""Every kind of query in words: what it is called, what was expected, and what was done with the record meanwhile."""

from dataclasses import dataclass

from immrecon.vocabulary import Privacy, Severity


@dataclass(frozen=True)
class Rule:
    """One kind of query. `private`: its message, or its value too, may hold a date of birth or a foreign identifier."""

    name: str
    expected: str
    done: str
    private: Privacy = Privacy.NO


_NOT_USED = "Not used."
_USED = "Used as it is."
_ROW = "The row is not used."
_BOTH = "Both records are used."
_DATE = "The date is not used."
_KEPT = "Nothing is changed: both stand as recorded."
_NOT_READ = "Not read."
_ALL_ONLY = "The participant is counted in the results of all participants only."
_LEVELS_ONLY = "The participant is counted in the results of all dose levels only."
_ID = "The study identifier of a participant, in the declared form."

RULES: dict[str, Rule] = {
    # Whose sample, which analyte
    "row_length": Rule("Row of another length", "As many cells as column heads.", _ROW),
    "row_ragged": Rule("Row of another length", "As many cells as column heads.", _ROW),
    "analyte_unknown": Rule("Analyte not known", "An analyte that the dialect maps or leaves out.", _NOT_USED),
    "participant_missing": Rule("Participant not named", _ID, _ROW, Privacy.ALL),
    "participant_blank": Rule("Participant not named", _ID, _ROW, Privacy.ALL),
    "participant_malformed": Rule("Participant in another form", _ID, _ROW, Privacy.ALL),
    "participant_unknown": Rule("Participant not known", "A participant of the enrolment records.", _ROW, Privacy.ALL),
    "participant_foreign": Rule(
        "Participant of another site", "A participant whose samples this laboratory may hold.", _ROW, Privacy.ALL
    ),
    "participant_repeated": Rule(
        "Second record of a participant", "One record per participant.", "Only what the first leaves blank is taken."
    ),
    # Results
    "status_unknown": Rule("Result status not known", "A status that the dialect declares.", _NOT_USED),
    "status_missing": Rule("Result status missing", "A status: preliminary, final, corrected.", _NOT_USED),
    "code_disagrees": Rule("Code and name disagree", "The LOINC code that belongs to the name.", _NOT_USED),
    "code_missing": Rule(
        "Code missing", "A code beside the name.", "Used by its name where one is given, else not used."
    ),
    "code_unknown": Rule("Text not listed", "One of the texts that the configuration lists.", "Not used as a code."),
    "unit_missing": Rule("Unit missing", "A unit with every number.", _NOT_USED),
    "unit_unknown": Rule("Unit not known", "A unit of the declared spellings.", _NOT_USED),
    "unit_text_unknown": Rule(
        "Text of the unit not known", "A text that says the coded unit.", "The unit is read by its code."
    ),
    "unit_disagrees": Rule("Another unit than declared", "The declared unit.", "Not used, and not converted."),
    "count_of_draw_missing": Rule(
        "Percentage without the count of its draw", "One plain count in the same draw.", _NOT_USED
    ),
    "unit_slip": Rule(
        "About a thousandfold apart from both neighbours",
        "A number of the size of the results before and after.",
        "Not used, and not rescaled.",
    ),
    "unit_slip_suspected": Rule(
        "About a thousandfold apart from its neighbour", "A number of the size of the next result.", _USED
    ),
    "value_unreadable": Rule("Result cannot be read", "A number as declared, or a declared word.", _NOT_USED),
    "value_impossible": Rule("Result impossible", "A number that the analyte can have.", _NOT_USED),
    "value_too_high": Rule("Result too high", "A number up to the highest that is possible.", _NOT_USED),
    "lloq_undeclared": Rule("Limit of quantification missing", "A declared limit for the analyte.", _NOT_USED),
    "versions_conflict": Rule(
        "Several results of one sample", "A status or time that says which result holds.", "None of them is used."
    ),
    "result_after_deletion": Rule(
        "Result reported after its deletion", "Nothing after the deletion, or a result in its place.", _NOT_USED
    ),
    "version_other_day": Rule(
        "Two days of one sample", "One day, or another number for another sample.", "The other result is used."
    ),
    "version_blank": Rule(
        "Later version without a result",
        "A number in the version that ranks highest, or a status that there is none.",
        _NOT_USED,
    ),
    "same_day_undecided": Rule(
        "Several results of one day", "One result, or times that decide.", "None of them is used."
    ),
    "no_result": Rule("Export without a result", "At least one result.", "Nothing to use."),
    "no_record": Rule("Extract without a record", "At least one record.", "Nothing to use."),
    "file_not_used": Rule("File not used", "A file that the configuration names.", "Nothing of it is used."),
    # How used results were written
    "zero_censored": Rule("A count of 0", "A limit instead of 0.", "Used as below the limit of quantification."),
    "below_lloq": Rule("Number below the limit", "A number from the limit on, or 'below the limit'.", _USED),
    "precision_lost": Rule("Digits hidden by an exponent", "The number in full.", _USED),
    "computed_cell": Rule("Result of a formula", "A measured number.", _USED),
    "time_midnight": Rule("Drawn at midnight", "A time of the draw.", "Taken as no time entered; the date is used."),
    "time_unreadable": Rule(
        "Time cannot be read", "A time as declared.", "The time is left aside, the result is used."
    ),
    "received_unreadable": Rule(
        "Date of receipt cannot be read", "A date as declared.", "The receipt is left aside, the result is used."
    ),
    "reported_unreadable": Rule(
        "Date of report cannot be read", "A date as declared.", "The report's date is left aside, the result is used."
    ),
    "reference_unreadable": Rule(
        "Reference limits cannot be read",
        "Two plain numbers, the lower one first.",
        "The limits are left aside, the result is used.",
    ),
    "laboratory_changed": Rule("Another laboratory than before", "One laboratory per participant.", _USED),
    "column_undeclared": Rule("Column not declared", "A column that the dialect mentions.", _NOT_READ),
    # A column that is none of results may hold names.
    "visit_undeclared": Rule(
        "Visit not declared", "A head that the dialect declares as a visit.", _NOT_USED, Privacy.ALL
    ),
    "sheet_undeclared": Rule("Sheet not declared", "A sheet that the dialect mentions.", _NOT_READ),
    "column_not_mapped": Rule("Column not mapped", "A column that an extract reads or names as unused.", _NOT_READ),
    "sheet_not_mapped": Rule("Sheet not mapped", "A sheet that an extract reads or names as ignored.", _NOT_READ),
    # Messages and resources; what stands in a damaged one may be a name
    "segment_unreadable": Rule("Segment cannot be read", "A segment of a message.", _NOT_READ, Privacy.ALL),
    "segment_broken": Rule("Line break within a segment", "One line per segment.", _USED, Privacy.ALL),
    "order_missing": Rule("Results without an order", "An order (OBR) before its results.", _NOT_USED, Privacy.ALL),
    "message_unreadable": Rule("Message cannot be read", "A header that declares separators.", _NOT_READ, Privacy.ALL),
    "message_not_read": Rule("Message of another kind", "Messages ORU^R01.", _NOT_READ),
    "batch_incomplete": Rule("Batch incomplete", "As many messages as the batch says.", "What is there is read."),
    "character_set_unknown": Rule("Encoding not known", "An encoding of HL7 in MSH-18.", "Read as declared."),
    "resource_unreadable": Rule("Resource cannot be read", "A FHIR resource per line.", _NOT_READ, Privacy.ALL),
    "resource_not_read": Rule("Resource of another kind", "Observations.", _NOT_READ),
    "resource_deleted": Rule("Resource deleted", "Nothing: its results are withdrawn.", _NOT_USED),
    "bundle_incomplete": Rule("Page of a longer answer", "All pages.", "What is there is read."),
    # Results that do not fit together
    "sum_exceeds_whole": Rule("Parts exceed the whole", "Parts that add up to the whole at most.", _USED),
    "percent_disagrees": Rule("Percentage and count disagree", "The percentage that the counts give.", _USED),
    "ratio_disagrees": Rule("Ratio and counts disagree", "The ratio that the counts give.", _USED),
    "total_disagrees": Rule("Percentages do not add up", "Percentages that add up to 100.", _USED),
    "jump": Rule("Large change within days", "A count nearer to the one before.", _USED),
    "panel_repeated": Rule("The same panel twice", "Another panel on another day.", _USED),
    "panel_shared": Rule("The same panel in two participants", "Another panel in another participant.", _USED),
    "sample_partly_excluded": Rule(
        "Sample left out in part", "The same remark on all results of a sample that it concerns.", _USED
    ),
    "accession_shared": Rule(
        "One sample number in two participants",
        "A number of its own for every sample.",
        "The results of both are used.",
    ),
    "long_way": Rule("Long way to the laboratory", "Receipt within the declared hours.", _USED),
    "sample_after_death": Rule(
        "Drawn after death", "A draw up to the death.", "Kept, and not used in any analysis while the death stands."
    ),
    "visit_off": Rule("Visit label and date disagree", "A date near the day that the label names.", _USED),
    # Dates
    "date_missing": Rule("Date missing", "A date.", "Not used where a date is needed."),
    "date_unreadable": Rule("Date cannot be read", "A date in a declared format.", "Not used where a date is needed."),
    "date_impossible": Rule("No such day", "A day of the calendar.", "Not used where a date is needed."),
    "date_partial": Rule("Date names no day", "Day, month and year.", _NOT_USED),
    "date_incomplete": Rule("Date incomplete", "Day, month and year.", _DATE),
    "date_after_extract": Rule("Date after the extract", "A date up to the day of the extract.", _DATE),
    "date_before_birth": Rule("Date before birth", "A date after the birth.", _DATE, Privacy.MESSAGE),
    "date_after_receipt": Rule("Drawn after receipt", "A draw before its receipt.", _NOT_USED),
    "date_contradicts_visit": Rule("Drawn before the transplant", "A date that fits the visit label.", _NOT_USED),
    "date_after_entry": Rule("Dated after its entry", "A date up to the day of entry.", _USED),
    "end_before_start": Rule("End before start", "An end on or after the start.", _USED),
    "end_missing": Rule("End missing", "The day on which it ended.", "The end is unknown; it is not ongoing."),
    # Clinical records
    "number_unreadable": Rule("Number cannot be read", "A number as declared.", "The number is missing."),
    "number_out_of_range": Rule(
        "Number out of range", "A number that the variable can have.", "The number is missing."
    ),
    "result_missing": Rule("Result missing", "A result in the row.", "Nothing to use."),
    "results_disagree": Rule("Two results of one day", "One result of a test per day.", _BOTH),
    "gvhd_grade_disagrees": Rule(
        "GvHD grade and stages disagree",
        "The grade that the organ stages give.",
        "As the definition of the endpoint says.",
    ),
    "gvhd_stage_unknown": Rule("No such GvHD stage", "A stage that the organ can have.", "The stage gives no grade."),
    "not_coded": Rule("Not coded", "A code of the dictionary.", "Counted, as not coded."),
    "duplicate_record": Rule("The same record twice", "Every record once.", "One record is used."),
    "possible_duplicate": Rule("The same record under two numbers", "Every record once.", _BOTH),
    "record_id_repeated": Rule("Two records under one number", "A number of its own for every record.", _BOTH),
    "value_conflict": Rule("Two values of one variable", "The same value everywhere.", "The first value is used."),
    "enrolment_before_screening": Rule("Enrolled before screening", "Screening first.", _KEPT),
    "transplant_before_enrolment": Rule("Transplanted before enrolment", "Enrolment first.", _KEPT),
    "injection_before_transplant": Rule("Injected before the transplant", "The transplant first.", _KEPT),
    "injection_without_transplant": Rule(
        "Injected without a transplant", "A dated transplant.", "Counted as injected."
    ),
    "enrolment_date_missing": Rule(
        "Enrolment not dated", "A date of enrolment.", "Counted as enrolled, and missing from the accrual."
    ),
    "screen_failure_enrolled": Rule("Screen failure with an enrolment", "One of the two.", _KEPT),
    "age_disagrees_with_birth": Rule(
        "Age and birth disagree", "The age that the date of birth gives.", "The group stays as enrolled."
    ),
    "age_outside_group": Rule(
        "Age outside the enrolled group", "An age within the limits of the group.", "The group stays as enrolled."
    ),
    "group_missing": Rule("Group missing", "One of the configured groups.", _ALL_ONLY),
    "group_not_configured": Rule("Group not configured", "One of the configured groups.", _ALL_ONLY),
    "dose_level_missing": Rule("Dose level missing", "One of the configured dose levels.", _LEVELS_ONLY),
    "dose_level_not_configured": Rule("Dose level not configured", "One of the configured dose levels.", _LEVELS_ONLY),
    "protocol_version_unknown": Rule(
        "Protocol version not known", "One of the configured versions.", "Age and diagnosis are not checked against it."
    ),
    "group_outside_protocol": Rule(
        "Group outside the protocol version", "A group that the version enrols.", "The group stays as enrolled."
    ),
    "age_outside_protocol": Rule(
        "Age outside the protocol version", "An age that the version enrols.", "The group stays as enrolled."
    ),
    "diagnosis_outside_protocol": Rule(
        "Diagnosis outside the protocol version", "A diagnosis that the version enrols.", "The group stays as enrolled."
    ),
    "sae_not_in_clinical_database": Rule(
        "SAE not in the clinical database", "An adverse event of the same term and start.", "The SAE is not counted."
    ),
    "sae_not_in_safety_database": Rule(
        "SAE not in the safety database", "An event of the safety database with the same term and start.", _USED
    ),
    "sae_disagrees": Rule(
        "SAE disagrees with the clinical database", "The same in both databases.", "The clinical database is used."
    ),
    "entered_late": Rule("Entered late", "An entry soon after the date.", _USED),
    "entered_since_earlier_cut": Rule(
        "Missed by the earlier cut", "An entry before the extract of the earlier cut.", _USED
    ),
    "record_after_death": Rule("Record after death", "A date up to the death.", _KEPT),
    "alive_after_death": Rule("Alive after death", "No contact after the death.", _KEPT),
    "alive_after_dead_contact": Rule(
        "Alive after a contact with status dead", "One status at the last contact.", "No death is counted from it."
    ),
    "deaths_disagree": Rule("Two dates of death", "One date of death.", _KEPT),
    "death_not_reported": Rule(
        "Death not among the events", "A death event beside the status dead.", "No death is counted from it."
    ),
}
"""By kind, as QUKIND of the queries."""

OF_A_COLUMN = ("analyte_unknown", "column_undeclared")
"""Kinds that ask about a whole column: their row is that of its first cell, and says nothing of what is asked."""

_BY_SEVERITY = {Severity.ERROR: _NOT_USED, Severity.WARNING: _USED, Severity.NOTE: _USED}


def rule_of(kind: str, severity: str) -> Rule:
    """The words of a kind. A kind without words of its own gets what its severity says, and its value is not shown."""
    if kind in RULES:
        return RULES[kind]
    return Rule(kind.replace("_", " ").capitalize(), "", _BY_SEVERITY[Severity(severity)], Privacy.ALL)
