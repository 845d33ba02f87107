"""keepalived's words for the settings of `healthcheck.core`; fields not listed have its words already.

Keys are class and field, class and value, or a class, by name: who shows a setting loads neither the
language nor the half that knows it.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["LVS_CHECKS", "LVS_INLINE", "LVS_VALUES", "LVS_WORDS"]

LVS_WORDS: Mapping[str, str] = {
    "FileCheck.path": "track_file",
    "HttpCheck.urls": "url",
    "Method.forwarding": "lvs_method",
    "MiscCheck.arguments": "misc_path",
    "MiscCheck.is_dynamic": "misc_dynamic",
    "MiscCheck.timeout": "misc_timeout",
    "RealServer.inhibit": "inhibit_on_failure",
    "RealServer.lower_threshold": "lthreshold",
    "RealServer.upper_threshold": "uthreshold",
    "ServiceSettings.granularity": "persistence_granularity",
    "ServiceSettings.scheduler": "lvs_sched",
    "SmtpCheck.helo_name": "helo_name",
    "SorryServer.inhibit": "sorry_server_inhibit",
    "Target.address": "connect_ip",
    "Target.bind_address": "bindto",
    "Target.bind_interface": "bind_if",
    "Target.port": "connect_port",
    "Url.status_codes": "status_code",
    "VirtualServer.keys": "service",
    "VirtualServer.real_servers": "real_server",
}

LVS_VALUES: Mapping[str, str] = {
    "Family.IPV4": "inet",
    "Family.IPV6": "inet6",
    "Forwarding.DIRECT_ROUTING": "DR",
    "Forwarding.MASQUERADING": "NAT",
    "Forwarding.TUNNELLING": "TUN",
}

LVS_INLINE = frozenset(
    {
        *("LvsService.server", "VirtualServer.settings", "RealServer.method"),
        *("LvsService.method", "LvsService.defaults", "LvsServer.defaults"),
        *("SorryServer.method", "SorryServer.address", "RealServer.address"),
        *(
            f"{kind}Check.{part}"
            for kind in ("Tcp", "Http", "Smtp")
            for part in ("target", "timing")
        ),
        *(
            f"{kind}Check.{part}"
            for kind in ("Dns", "Ping", "Udp")
            for part in ("target", "timing")
        ),
        *("MiscCheck.timing", "FileCheck.timing", "CustomCheck.target", "CustomCheck.timing"),
    }
)
"""Fields whose own fields stand in the block around them."""

LVS_CHECKS: Mapping[str, str] = {
    "DnsCheck": "DNS_CHECK",
    "FileCheck": "FILE_CHECK",
    "FollowedCheck": "BFD_CHECK",
    "HttpCheck": "HTTP_GET",
    "MiscCheck": "MISC_CHECK",
    "PingCheck": "PING_CHECK",
    "SmtpCheck": "SMTP_CHECK",
    "TcpCheck": "TCP_CHECK",
    "UdpCheck": "UDP_CHECK",
}
"""An `HttpCheck` with TLS is SSL_GET."""
