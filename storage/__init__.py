"""The memory: ORM classes and the queries on them. Imports nothing else of ours."""
