"""The database: tables, migrations, and one writer that commits many changes at once."""
