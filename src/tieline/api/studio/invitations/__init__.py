"""Links by which people choose their passwords."""
