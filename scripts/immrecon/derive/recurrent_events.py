"""The first-event variables that end the follow-up of recurrent events, each under the name of its event."""

from immrecon.config.endpoints import EndpointsFile
from immrecon.config.first_event import FirstEvent


def recurrent_variables(endpoints: EndpointsFile) -> dict[str, FirstEvent]:
    """Per recurrent event: followed until something terminal, or the end of follow-up."""
    return {
        name: FirstEvent(
            population=event.population,
            origin=event.origin,
            causes=event.terminal,
            follow_up=event.follow_up,
            horizon_day=event.horizon_day,
        )
        for name, event in endpoints.recurrent_events.items()
    }
