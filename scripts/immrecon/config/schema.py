"""The JSON schema of `config.yaml`, for editors that complete and check as one types."""

import json

from immrecon.config.study import StudyFile


def config_schema() -> str:
    """Indented JSON; the same code gives the same bytes."""
    return json.dumps(StudyFile.model_json_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
