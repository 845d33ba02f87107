"""OpenStack's own code on our program, and on keepalived: `make integration`."""
