"""Tables: result frames in, laid-out cells out. Nothing is estimated here; what is shown is selected and rounded."""
