"""Virtual services as processes are told of them: settings, and keepalived's words for these."""
