"""The commands: the same verbs as the screens, on the same operations, without Textual."""
