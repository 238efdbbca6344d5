"""Declared rules in words, as they are printed beside every result that follows from them."""

from immrecon.config.endpoints import EndpointsFile
from immrecon.config.first_event import FirstEvent, FollowUpSource
from immrecon.config.multistate import MultiState
from immrecon.config.occurrences import ClinicalEvent, GvhdGrade, Occurrence, Recorded, ThresholdCrossing


def censoring_in_words(first_event: FirstEvent) -> str:
    """Where follow-up ends without an event, and what that does not touch."""
    sources = _sources_in_words(first_event.follow_up)
    if first_event.censor_at == "cut-off":
        words = "at the cut-off, whoever is not dead, withdrawn or lost being taken as free of the event"
    else:
        words = (
            f"at the last {sources} on or before the cut-off; an event or competing event later than that, on its own "
            "day"
        )
    if first_event.horizon_day is not None:
        words += f"; at the latest on day {first_event.horizon_day:g}"
    return words


def states_censored_in_words(course: MultiState) -> str:
    """Where the follow-up of a course through states ends, by state where states differ."""
    own = [
        f"in {state.label}, {_sources_in_words(state.follow_up)}" for state in course.states.values() if state.follow_up
    ]
    words = f"at the last {'; '.join([_sources_in_words(course.follow_up), *own])}, on or before the cut-off"
    return words if course.horizon_day is None else f"{words}; at the latest on day {course.horizon_day:g}"


def _sources_in_words(sources: list[FollowUpSource]) -> str:
    kinds = {"FA": "assessment", "LB": "sample"}
    return " or ".join(f"{_documents(source)} {kinds[source.domain]}" for source in sources)


def _documents(source: FollowUpSource) -> str:
    if source.domain == "LB":
        return source.code
    words = source.code.lower().replace("_", " ")
    return words if source.test is None else f"{words} ({source.test})"


def occurrence_in_words(endpoints: EndpointsFile, name: str) -> str:
    """What counts as the occurrence, as it is printed beside every result."""
    occurrence = endpoints.occurrences[name]
    if isinstance(occurrence, ThresholdCrossing):
        return threshold_in_words(occurrence)
    return f"{endpoints.words(name)}{_restrictions(endpoints, occurrence)}"


def _restrictions(endpoints: EndpointsFile, rule: Occurrence) -> str:
    """What narrows an occurrence down beyond its name, in brackets."""
    if not isinstance(rule, Recorded):
        return ""
    parts = []
    if isinstance(rule, ClinicalEvent) and rule.adjudication is not None:
        parts.append(f"by {' or '.join(rule.adjudication)}")
    if isinstance(rule, GvhdGrade) and rule.read != "recorded":
        parts.append("grade from the organ stages" if rule.read == "computed" else "grade recorded or from the stages")
    if rule.window is not None:
        last = "on" if rule.window.last_day is None else f"to {rule.window.last_day:g}"
        parts.append(f"days {rule.window.first_day:g} {last} after {rule.window.clock}")
    parts += [f"after {endpoints.words(rule.after)}"] if rule.after else []
    parts += [f"without earlier {endpoints.words(rule.unless_after)}"] if rule.unless_after else []
    return f" ({'; '.join(parts)})" if parts else ""


def threshold_in_words(rule: ThresholdCrossing) -> str:
    """A reconstitution rule with every one of its parts."""
    times = {1: "one sample", 2: "two consecutive samples"}.get(
        rule.confirmations, f"{rule.confirmations} consecutive samples"
    )
    words = f"{rule.analyte} {rule.operator} {_value(rule)} on {times}"
    if rule.confirmations > 1:
        words += f", the confirming one at least {rule.min_spacing_day:g} days after the first"
    last = "without end" if rule.window.last_day is None else f"to {rule.window.last_day:g}"
    words += f"; first sample on days {rule.window.first_day:g} {last} after {rule.window.clock}"
    if rule.confirmations > 1:
        words += ", confirming sample " + ("also within" if rule.confirm_within_window else "possibly later")
        words += f"; dated by the {rule.event_date} sample"
    if rule.samples_end_at:
        words += f"; no samples from the day of {', '.join(x.replace('_', ' ') for x in rule.samples_end_at)} on"
    return words


def _value(rule: ThresholdCrossing) -> str:
    if isinstance(rule.value_per_ul, str):
        return "the lower limit of the age (or of the laboratory) of each sample"
    if isinstance(rule.value_per_ul, float):
        return f"{rule.value_per_ul:g}/uL"
    alone = len(rule.value_per_ul) == 1
    return ", ".join(
        f"{entry.value_per_ul:g}/uL"
        + (
            (" at any age" if alone else " at other ages")
            if entry.below_age_years is None
            else f" below {entry.below_age_years:g} years"
        )
        for entry in rule.value_per_ul
    )
