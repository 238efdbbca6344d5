"""A draft dialect of an unknown export: what is sure, what is inferred and from which cells, and what is asked.

Used by `immrecon new-lab` only. Nothing here is used when an export is read: that follows the dialect alone.
"""

from immrecon.ingest.propose.draft import Draft
from immrecon.ingest.propose.study import propose

__all__ = ["Draft", "propose"]
