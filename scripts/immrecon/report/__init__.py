"""The report: one self-contained page. Numbers are pulled from result frames by key, never typed in."""
