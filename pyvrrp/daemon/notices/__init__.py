"""Telling others what happened: scripts, FIFOs, mails."""
