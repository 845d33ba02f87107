"""What is watched for Virtual Routers: scripts, files, processes."""
