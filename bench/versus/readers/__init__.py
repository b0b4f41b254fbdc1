"""Who reads 100,000 paged records: programs of one process each, run by the interpreter that has their library."""
