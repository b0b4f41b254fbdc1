"""What every other package may use: ids, clock, errors, paging, filter and sort grammar, JSON helpers."""
