"""hooktop: htop for webhooks.

Three programs that meet only over HTTP: ``console`` (the terminal console and its commands),
``mockserver`` (the reference server) and ``openapi`` (the documents, and the runner that judges by them).
"""

__version__ = "0.1.0"
