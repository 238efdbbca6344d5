"""From analysis datasets and a specification to result tables. The statistics themselves are in `immrecon.stats`."""
