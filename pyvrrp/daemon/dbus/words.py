"""keepalived's words on the bus: interfaces, paths, states, and the XML that describes objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..notices.notice import What

__all__ = [
    "ACTIONS",
    "INIT",
    "INSTANCE",
    "INTROSPECTABLE",
    "PROPERTIES",
    "STATES",
    "VRRP",
    "introspection",
    "path_element",
]

VRRP = "org.keepalived.Vrrp1.Vrrp"
INSTANCE = "org.keepalived.Vrrp1.Instance"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
PROPERTIES = "org.freedesktop.DBus.Properties"

ACTIONS: Mapping[str, str] = {
    "PrintData": "dump DATA",
    "PrintStats": "dump STATS",
    "PrintStatsClear": "dump STATS_CLEAR",
    "ReloadConfig": "reload",
}
INIT = (0, "Init")
STATES: Mapping[What | None, tuple[int, str]] = {
    What.BACKUP: (1, "Backup"),
    What.MASTER: (2, "Master"),
    What.FAULT: (3, "Fault"),
    What.DELETED: (97, "Deleted"),
    What.STOP: (98, "Stop"),
}
"""Number and word."""

_HEAD = """<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
                      "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
"""
_ARGUMENTS = {
    "Get": ("s interface_name in", "s property_name in", "v value out"),
    "GetAll": ("s interface_name in", "a{sv} properties out"),
}
# quirk: name-on-the-bus
_INSTANCE_XML = f"""  <interface name="{INSTANCE}">
    <method name="SendGarp"/>
    <signal name="VrrpStatusChange">
      <arg type="u" name="status"/>
    </signal>
    <property type="(s)" name="Name" access="read"/>
    <property type="(us)" name="State" access="read"/>
  </interface>
"""


def path_element(text: str) -> str:
    """What stands in a path for a name: only letters and digits may."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in text)


def introspection(path: str, vrrp: str, instances: Iterable[str]) -> str | None:
    """The description of the object at `path`, or of the way to objects; None: there is nothing."""
    instances = tuple(instances)
    own = ""
    if path == vrrp:
        signals = ("VrrpStarted", "VrrpReloaded", "VrrpStopped")
        own = _interface(VRRP, dict.fromkeys(ACTIONS, ()), signals)
    elif path in instances:
        own = _interface(PROPERTIES, _ARGUMENTS) + _INSTANCE_XML
    below = path.rstrip("/") + "/"
    parts = (p.removeprefix(below) for p in (vrrp, *instances) if p.startswith(below))
    nodes = dict.fromkeys(part.partition("/")[0] for part in parts)
    if not own and not nodes:
        return None
    own += _interface(INTROSPECTABLE, {"Introspect": ("s xml_data out",)})
    return (
        _HEAD + "<node>\n" + own + "".join(f'  <node name="{n}"/>\n' for n in nodes) + "</node>\n"
    )


def _interface(
    name: str, methods: Mapping[str, tuple[str, ...]], signals: tuple[str, ...] = ()
) -> str:
    lines = [f'  <interface name="{name}">']
    for method, arguments in methods.items():
        lines.append(f'    <method name="{method}">')
        for argument in arguments:
            kind, own, direction = argument.split()
            lines.append(f'      <arg type="{kind}" name="{own}" direction="{direction}"/>')
        lines.append("    </method>")
    lines += [f'    <signal name="{signal}"/>' for signal in signals]
    return "\n".join((*lines, "  </interface>\n"))
