"""Tell what a run came to: on the terminal, as JUnit XML, as JSON. All of them without secrets."""
