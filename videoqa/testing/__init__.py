"""The ports in memory, for tests of what stands on them. They pass the same contract suites as the real ones."""
