"""The customers' cases: taken in through the privacy gate, given back with their threads."""
