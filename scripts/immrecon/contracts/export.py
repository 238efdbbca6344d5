"""Tables for other software: CSV files with one row per sample and one row per participant."""

import dataframely as dy

from immrecon.contracts.base import Contract, count, integer, number, text


class JointModelLong(dy.Schema):
    id = text("participant: display id", primary_key=True)
    sample_number = count("number of the sample within participant, in order of time", primary_key=True)
    group = text("group; empty where none is recorded")
    dose_level = text("dose level assigned; empty for none")
    analyte = text("analyte")
    time_day = number("day of the sample, since transplant", "day", nullable=False)
    log10_count = number(
        "log10 of the count; below a limit by the declared rule, above an upper limit the limit", "log10 per uL",
        nullable=False,
    )  # fmt: skip
    below_limit = integer("1: below the limit of quantification, else 0", nullable=False, min=0, max=1)
    above_limit = integer("1: above the upper limit of the method, else 0", nullable=False, min=0, max=1)
    limit_per_ul = number("limit of quantification; of a result beyond a limit that limit", "per uL")


class JointModelWide(dy.Schema):
    id = text("participant: display id", primary_key=True)
    group = text("group; empty where none is recorded")
    dose_level = text("dose level assigned; empty for none")
    entry_day = number("at risk from this day on, since transplant (left truncation)", "day", nullable=False)
    event_time_day = number("event or end of follow-up, days since transplant", "day", nullable=False)
    status = integer("0 censored, 1 event of the endpoint, 2 competing event", nullable=False, min=0, max=2)
    event = text('occurrence that ended follow-up, or "censored"')


JOINT_MODEL_LONG = Contract(
    "joint_model_long", "export", "One row per sample up to the end of follow-up.", JointModelLong
)
JOINT_MODEL_WIDE = Contract(
    "joint_model_wide",
    "export",
    "One row per participant with a sample; one column more, in lower case, per declared baseline characteristic.",
    JointModelWide,
)

EXPORTS = [JOINT_MODEL_LONG, JOINT_MODEL_WIDE]
