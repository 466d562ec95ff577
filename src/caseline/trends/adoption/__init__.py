"""Whether a fix works, from those who run it: fixed, not yet, partly, or more days needed."""
