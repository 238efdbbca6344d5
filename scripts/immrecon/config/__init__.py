"""The typed configuration: what a study is, declared once, refused when a key is missing or unknown."""
