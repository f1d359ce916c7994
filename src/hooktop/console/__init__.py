"""The terminal console and its commands: sees and repairs webhook delivery. Meets a server only over HTTP."""
