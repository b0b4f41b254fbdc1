"""The pages of the studio, as they were built."""
