"""The scripts process: everything of VRRP that forks, reads files or waits."""
