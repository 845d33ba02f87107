"""What other programs rely on: options, signals, files, exit codes, of keepalived and of ours."""
