"""From a file to an archived, searchable recording."""
