"""What a reload does: decided here, for the reload itself and for whoever only wants to know.

`routers` and `services` compare what runs with what is wanted and give a step for each object; the
VRRP process (`running_routers`) and the checker's agent carry these out, and `pyvrrpctl plan` shows
them. `items` puts a step into keepalived's words (`differences`, `words`), and counts for the log.

The two halves are apart so that neither process loads the other's code; `whole` is both.
"""
