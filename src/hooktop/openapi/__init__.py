"""The contract: the OpenAPI documents and the only code that judges by them. A leaf: it imports no program."""
