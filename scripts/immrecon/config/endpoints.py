"""Endpoints as data: which first event is followed, and what is estimated from it."""

import itertools
from typing import Literal

from pydantic import Field, model_validator

from immrecon.config.base import Code, Label, Strict, refuse_repeated
from immrecon.config.definition_grid import DefinitionGrid
from immrecon.config.first_event import FirstEvent, Topic
from immrecon.config.multistate import MultiState
from immrecon.config.occurrences import AllOf, Occurrence, ThresholdCrossing
from immrecon.config.recurrent_events import RecurrentEvent
from immrecon.vocabulary import Estimator


class Endpoint(Strict):
    """One parameter of ADTTE: a choice of causes of a first-event variable, and how it is estimated."""

    label: Label
    first_event: Code
    events: list[Code] = Field(min_length=1, description="causes that are the event; the others compete")
    estimator: Estimator
    conf_type: Literal[
        "by planned group size", "log-log", "log", "plain", "beta-product", "beta-product-mid-p", "cloglog"
    ]
    variance: Literal["greenwood", "infinitesimal-jackknife", "aalen"]
    landmarks_day: list[float] = Field(description="days at which the estimate is tabulated")
    topic: Topic = Field(description="chapter of the report")
    figure: bool = Field(
        description="whether its curves are drawn and it stands on the first page; it is tabulated anyway"
    )
    figure_last_day: float = Field(gt=0, description="right end of the time axis")
    figure_tick_day: float = Field(gt=0, description="distance of the ticks, and of the numbers at risk")
    display: Literal["survival", "incidence"]
    source: Label = Field(description="where the definition comes from: protocol, SAP, paper")
    status: Literal["draft", "signed"]

    @model_validator(mode="after")
    def _method_fits(self) -> "Endpoint":
        km = self.estimator is Estimator.KAPLAN_MEIER
        if km != (self.variance == "greenwood"):
            raise ValueError("kaplan-meier goes with variance greenwood, aalen-johansen with one of the other two")
        products = {"beta-product", "beta-product-mid-p"}
        allowed = {"log-log", "log", "plain", *products} if km else {"log-log", "cloglog", "plain"}
        if self.conf_type != "by planned group size" and self.conf_type not in allowed:
            raise ValueError(f"conf_type {self.conf_type} does not exist for {self.estimator}")
        return self


class EndpointsFile(Strict):
    """`endpoints.yaml`."""

    occurrences: dict[Code, Occurrence]
    first_events: dict[Code, FirstEvent]
    endpoints: dict[Code, Endpoint]
    recurrent_events: dict[Code, RecurrentEvent] = Field(description="events that are counted every time; {}: none")
    multistate: dict[Code, MultiState] = Field(default={}, description="courses through states")
    definition_grid: DefinitionGrid | None = Field(description="definitions of reconstitution side by side; null: none")

    def words(self, occurrence: str) -> str:
        """An occurrence as it is printed."""
        return self.occurrences[occurrence].label or occurrence.replace("_", " ")

    def in_dependence(self) -> list[str]:
        """Names of the occurrences of records, and of those made of others, each after the ones that it refers to.

        Raises ValueError: they refer to each other in a circle.
        """
        waiting = [name for name, rule in self.occurrences.items() if not isinstance(rule, ThresholdCrossing)]
        done: list[str] = []
        while waiting:
            needs = {name: itertools.chain(*_references(self.occurrences[name]).values()) for name in waiting}
            ready = [name for name, others in needs.items() if set(others) <= set(done)]
            if not ready:
                raise ValueError(f"occurrences refer to each other in a circle: {', '.join(waiting)}")
            done += ready
            waiting = [name for name in waiting if name not in ready]
        return done

    def threshold_rules(self) -> dict[str, ThresholdCrossing]:
        """Every rule of confirmed crossing by its name: of the occurrences, then of the definition grid."""
        rules = {name: rule for name, rule in self.occurrences.items() if isinstance(rule, ThresholdCrossing)}
        grid = {} if self.definition_grid is None else self.definition_grid.definitions
        return rules | {name: definition.rule for name, definition in grid.items()}

    @model_validator(mode="after")
    def _names_resolve(self) -> "EndpointsFile":
        for key in ("occurrences", "first_events", "endpoints"):
            refuse_repeated(key, list(getattr(self, key)))
        for name, occurrence in self.occurrences.items():
            for key, others in _references(occurrence).items():
                _known(f"occurrences.{name}.{key}", others, self.occurrences)
                for other in others:
                    if isinstance(self.occurrences[other], ThresholdCrossing):
                        raise ValueError(f"occurrences.{name}.{key}: {other} is itself a threshold of samples")
                    if isinstance(occurrence, AllOf) and isinstance(self.occurrences[other], AllOf):
                        raise ValueError(f"occurrences.{name}.{key}: {other} is itself made of others")
        self.in_dependence()
        for name, first_event in self.first_events.items():
            _known(f"first_events.{name}.causes", first_event.causes, self.occurrences)
        for name, endpoint in self.endpoints.items():
            _known(f"endpoints.{name}.first_event", [endpoint.first_event], self.first_events)
            causes = self.first_events[endpoint.first_event].causes
            _known(f"endpoints.{name}.events", endpoint.events, causes)
            if endpoint.estimator is Estimator.KAPLAN_MEIER and set(endpoint.events) != set(causes):
                raise ValueError(
                    f"endpoints.{name}: Kaplan-Meier would censor {sorted(set(causes) - set(endpoint.events))}, "
                    "which compete; use aalen-johansen, or name all causes as events"
                )
        self._grid_resolves()
        self._recurrent_events_resolve()
        self._multistate_resolves()
        return self

    def _recurrent_events_resolve(self) -> None:
        codes = [*self.endpoints, *(self.definition_grid.definitions if self.definition_grid else [])]
        refuse_repeated("endpoints and recurrent_events", [*codes, *self.recurrent_events])
        for name, event in self.recurrent_events.items():
            where = f"recurrent_events.{name}"
            _known(f"{where}.occurrence and terminal", [event.occurrence, *event.terminal], self.occurrences)
            for other in [event.occurrence, *event.terminal]:
                if isinstance(self.occurrences[other], ThresholdCrossing):
                    raise ValueError(f"{where}: {other} is a threshold of samples, which is reached once")

    def _multistate_resolves(self) -> None:
        codes = [*self.endpoints, *(self.definition_grid.definitions if self.definition_grid else [])]
        refuse_repeated(
            "endpoints, recurrent_events and multistate", [*codes, *self.recurrent_events, *self.multistate]
        )
        for name, course in self.multistate.items():
            for state, rule in course.states.items():
                _known(f"multistate.{name}.states.{state}.entered_by", rule.entered_by, self.occurrences)

    def _grid_resolves(self) -> None:
        if (grid := self.definition_grid) is None:
            return
        _known("definition_grid.reference", [grid.reference], grid.definitions)
        refuse_repeated("occurrences and definition_grid", [*self.occurrences, *grid.definitions])
        refuse_repeated("endpoints and definition_grid", [*self.endpoints, *grid.definitions])
        for name, definition in grid.definitions.items():
            where = f"definition_grid.definitions.{name}"
            _known(f"{where}.competing", definition.competing, self.occurrences)
            _known(f"{where}.rule.samples_end_at", definition.rule.samples_end_at, self.occurrences)
            for end in [*definition.competing, *definition.rule.samples_end_at]:
                if isinstance(self.occurrences[end], ThresholdCrossing):
                    raise ValueError(f"{where}: {end} is itself a threshold of samples")


def _references(occurrence: Occurrence) -> dict[str, list[str]]:
    """The other occurrences that one refers to, by the key that names them."""
    if isinstance(occurrence, ThresholdCrossing):
        return {"samples_end_at": occurrence.samples_end_at}
    if isinstance(occurrence, AllOf):
        return {"of": occurrence.of}
    named = {"after": occurrence.after, "unless_after": occurrence.unless_after}
    return {key: [name] for key, name in named.items() if name is not None}


def _known(where: str, names: list[str], known: object) -> None:
    unknown = [name for name in names if name not in known]  # type: ignore[operator]
    if unknown:
        raise ValueError(f"{where}: {', '.join(unknown)} is not declared")
