"""The parent process: small, without asyncio; starts, watches and ends all others."""
