"""Tables, partitions, rollups and the questions put to them."""
