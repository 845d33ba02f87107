"""The service on the system bus, as keepalived has it."""
