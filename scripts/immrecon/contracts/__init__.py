"""Contracts: the schema of every file that passes between two rules."""
