"""The database: embedded or external PostgreSQL, unit of work, tables, migrations, queue, journal, counters."""
