"""Wire models: what the service and ``--json`` say, one for each domain type, mapped here and nowhere else.

Times are float seconds from the recording's start; wall clock times are ISO 8601 in UTC.
"""
