"""What SIGUSR1, SIGUSR2 and the like ask for: files with the state of all processes."""
