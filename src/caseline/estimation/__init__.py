"""Intervals, tail probabilities, false discoveries, exposure: arrays in, arrays out."""
