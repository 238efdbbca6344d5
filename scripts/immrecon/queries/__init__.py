"""Queries as people work with them: one identifier at every cut, words for every rule, a workbook, CSV files."""
