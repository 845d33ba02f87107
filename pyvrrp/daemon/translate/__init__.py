"""From keepalived's words to the settings that processes run on. The only such translation."""
