"""Tables in the shape that other software reads."""
