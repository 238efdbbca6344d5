"""The first-event variables that the definitions of the grid are followed by, each under the name of its definition."""

from immrecon.config.definition_grid import Definition
from immrecon.config.endpoints import EndpointsFile
from immrecon.config.first_event import FirstEvent, FollowUpSource


def definitions(endpoints: EndpointsFile) -> dict[str, Definition]:
    """The definitions of the grid; none without a grid."""
    return {} if endpoints.definition_grid is None else endpoints.definition_grid.definitions


def grid_variables(endpoints: EndpointsFile) -> dict[str, FirstEvent]:
    """Per definition: followed by samples of its analyte until the first of its crossing and what competes with it.

    On one day a competing event comes before the crossing, whose samples then no longer count.
    """
    grid = endpoints.definition_grid
    if grid is None:
        return {}
    return {
        name: FirstEvent(
            population=grid.population,
            origin=grid.origin,
            causes=[*definition.competing, name],
            follow_up=[FollowUpSource(domain="LB", code=definition.rule.analyte)],
            horizon_day=grid.day,
        )
        for name, definition in grid.definitions.items()
    }


def rule_variables(endpoints: EndpointsFile) -> dict[str, str]:
    """Per rule of confirmed crossing, the first first-event variable that it belongs to; rules of none are left out."""
    variables = endpoints.first_events | grid_variables(endpoints)
    owners = {
        rule: [name for name, variable in variables.items() if rule in variable.causes]
        for rule in endpoints.threshold_rules()
    }
    return {rule: names[0] for rule, names in owners.items() if names}
