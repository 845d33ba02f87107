"""What each id of a problem means, for `pyvrrpctl check --explain`.

The message of a problem says what is wrong in one place; here stands what is behind it: what
keepalived makes of it, and what to do. Lints bring their own texts.
"""

from __future__ import annotations

from collections.abc import Mapping

from .lints import all_lints

__all__ = ["PROBLEMS", "explanations"]


def explanations() -> dict[str, str]:
    """A text for each id that can be found in a configuration."""
    lints = {lint.id: f"{lint.why}\nWhat to do: {lint.hint}." for lint in all_lints()}
    return {**PROBLEMS, **lints}


_TEXT: Mapping[str, str] = {
    "bad-repetition": "A ~SEQ or ~LST at the start of a line repeats it with changing values; this one"
    " cannot be understood, so the line is left out. ~SEQ(NAME, FIRST, STEP, LAST) needs whole numbers.",
    "bad-variable": "A variable that is made anew at each use, such as ${_RANDOM min-max}, is written in a"
    " way that cannot be understood as it stands; the message says what is used.",
    "endless-variable": "A variable contains itself, directly or through others, so replacing it would"
    " never end. Look at the definitions that are named and take the circle out.",
    "extra-brace": "A '}' without a '{'. Often the block before it was closed one line too early.",
    "include-cycle": "A file includes itself, perhaps through others, or includes are nested very deep."
    " It is read once only.",
    "include-missing": "No file fits this include. keepalived goes on without; includer (or include_check)"
    " makes it an error where the file has to be there.",
    "include-unmatched": "This include has to find a file and does not, so nothing starts with this"
    " configuration. Create the file, or use the plain include.",
    "include-unreadable": "A file to include is there and cannot be used: no permission, no regular file,"
    " or executable, which keepalived refuses.",
    "line-too-long": "The line is longer than any that makes sense, and is left out.",
    "missing-brace": "A block begins or ends without its brace. At the end of the file the block named"
    " was never closed: look for the last block that is right.",
    "nul-character": "The line contains a NUL character and is left out: the file is damaged, or not text.",
    "stray-continuation": "A backslash at the end of a line continues it only inside a $NAME= definition;"
    " elsewhere it is an error and the lines count one by one.",
    "too-deep": "Repetitions or variables stand in each other to a depth that no real configuration has.",
    "too-many-problems": "So many problems that the others are only counted. Repair the first ones:"
    " often one brace or quote is behind them all.",
    "too-much-text": "Repetition and variables make the configuration grow beyond all measure, so it is"
    " cut off and not used. Look for a ~SEQ in a ~SEQ.",
    "undefined-variable": "Nothing before this line defines ${NAME}. keepalived leaves it as it is, and its"
    " braces open and close blocks; here it counts as $NAME. Define it above, or look for a slip in"
    " its name.",
    "unexpected-brace": "A '{' behind a keyword that has no block; what is in it is left out.",
    "unterminated-quote": "A quotation mark has no partner on its line; the text goes to the end of it.",
}

_WORDS: Mapping[str, str] = {
    "bad-address": "An IPv4 or IPv6 address was expected, with a prefix length where the keyword takes"
    " one. What cannot be read is left out; names are not looked up.",
    "bad-boolean": "on, off, true, false, yes or no was expected.",
    "bad-digest": "The digest of a page is the MD5 of its body, 32 hexadecimal digits. keepalived"
    " --genhash and md5sum print it.",
    "bad-key": "A key of auth_hmac has to be 32 to 64 octets, given as hex:DIGITS, file:PATH or text, and"
    " active_key has to name one that is there. Without a key nothing is signed.",
    "bad-mac": "A MAC address is six octets in hexadecimal with colons, such as 02:00:5e:00:01:33, and"
    " not one of a group.",
    "bad-name": "The name cannot be used for what it names here: it is missing, there is more than one, or"
    " the kernel would not take it.",
    "bad-netmask": "persistence_granularity takes a netmask for IPv4, a prefix length for IPv6. Clients"
    " are then held apart one by one.",
    "bad-number": "A number was expected, and nothing behind it: units such as s or ms are not known. Under"
    " -t this is an error; a running keepalived may use the first digits, or the default.",
    "bad-octets": "Octets are written as hexadecimal digits, two each; in require_reply an X is any digit.",
    "bad-path": "The keyword takes one path of a file.",
    "bad-range": "An entry of a virtual_server_group is an address, a range of addresses such as"
    " 192.0.2.10-20, or a prefix, with a port; or a fwmark.",
    "bad-regex": "A regular expression that cannot be used, so no page can match it: the check would"
    " always fail. Put it into double quotes when it has blanks.",
    "bad-umask": "A umask is an octal number, or names of permissions joined by |.",
    "deprecated": "An old spelling that keepalived still takes. The hint, or the message, has today's.",
    "empty-block": "The block or list has no content, and does nothing.",
    "extra-words": "There are words behind what the keyword takes. They are left out; perhaps two lines"
    " became one.",
    "given-twice": "The setting was given before. For most keywords the last one counts, for those that"
    " may stand only once the first.",
    "missing-parameter": "The keyword needs a word behind it. keepalived -t stops reading here and exits"
    " with code 2, so it does not even see what follows.",
    "missing-sign": "A second and further value is added with a + or taken away with a - in front.",
    "missing-value": "The keyword is there without the value that makes it mean something.",
    "not-acted-on": "keepalived knows the keyword and this program does nothing about it yet. It is read"
    " and checked, so the file stays the same for both.",
    "too-long": "Longer than what carries it allows, so it is cut off or left out: an auth_pass has 8"
    " octets on the wire, the name of an interface or a process 15.",
    "unknown-keyword": "No such keyword, or not in this block. It is left out with its block. Where it is"
    " misspelled or in the wrong place the hint says so.",
    "unknown-option": "A word that this keyword does not know is left out.",
    "unknown-value": "The keyword takes one of a few words, and this is none of them.",
    "unusual-value": "The value is allowed, and so far from what others use that it may be a mistake.",
    "value-out-of-range": "The number is outside what the keyword takes, or what the protocol can carry;"
    " the message says which one is used. Version 2 of VRRP counts advert_int in whole seconds up to"
    " 255, version 3 in hundredths up to 40.95.",
}

_VRRP: Mapping[str, str] = {
    "broadcast-too-long": "A subnet that short has no broadcast address; it is left out.",
    "broadcast-with-peer": "A point-to-point address has a peer in the place of a broadcast address.",
    "duplicate-address": "An instance has the same address twice; the second is left out.",
    "duplicate-member": "An instance can be in one sync group only, the first that names it.",
    "duplicate-name": "Two blocks of one kind have the same name. Which one counts depends on the kind:"
    " the message or the note says it.",
    "duplicate-peer": "The unicast peer is listed already.",
    "duplicate-tracker": "The object is tracked already; only the first entry counts.",
    "duplicate-vmac": "Two instances want an interface of the same name; each needs one of its own.",
    "duplicate-vrid": "Two instances of one family with the same virtual_router_id on the same interface"
    " cannot be told apart on the wire. keepalived does not start with this.",
    "empty-group": "A group without members or entries is nothing, and is dropped.",
    "group-of-one": "A sync group keeps its members in the same state; with one member there is nothing"
    " to do. Name the others, or leave the group out.",
    "missing-interface": "An instance needs to know its interface, and a link-local address means nothing"
    " without one.",
    "missing-source": "The address to send from is not given and cannot be found without interface.",
    "missing-vrid": "virtual_router_id, 1 to 255, is what routers know each other by. There is no default.",
    "mixed-group": "Priority 255 means that the router owns the addresses, and it never gives way; a group"
    " with other members can then not change state as a whole.",
    "multicast-and-unicast": "With unicast_peer nothing is sent to a group.",
    "no-addresses": "VRRP is about addresses: an instance without any has nothing to move. An"
    " advertisement of version 3 has to carry at least one.",
    "no-authentication": "auth_type and auth_pass belong together, in version 2, and not beside auth_hmac.",
    "no-file": "The block names no file, and is dropped.",
    "no-process": "The block names no process, and is dropped.",
    "no-unicast-peer": "unicast_peer is empty: nobody hears this router.",
    "no-vmac": "The keyword changes how a virtual MAC address is used, and there is none.",
    "not-for-ipv6": "IPv6 addresses have no broadcast address and no scope of one's choice.",
    "not-link-local": "RFC 9568 wants the first IPv6 address of an instance to be link-local (fe80::), for"
    " that is the one routers answer for; keepalived only insists in strict mode.",
    "not-multicast": "Advertisements go to a multicast group: 224.0.0.18, ff02::12, or one that all routers"
    " of the link agree on.",
    "not-owner": "The keyword is for routers with priority 255, the owners of their addresses.",
    "other-family": "IPv4 and IPv6 do not mix here. An instance has the family of its first address; put"
    " the others into an instance of their own, or into virtual_ipaddress_excluded.",
    "preemption": "A router that begins as MASTER, or owns its addresses, takes over whoever is there; so"
    " nopreempt and preempt_delay need state BACKUP, and exclude each other.",
    "prefix-with-peer": "With a peer the prefix length belongs to the peer's address.",
    "promote-with-vmac": "Interfaces that are made for an instance have promote_secondaries anyway.",
    "readable-key": "A file holds a key of auth_hmac, and others than its owner may read it: chmod 600.",
    "state-with-ah": "With auth_type AH a router first listens, to learn the sequence numbers.",
    "strict-mode": "vrrp_strict follows the RFC to the letter: no unicast peers, no authentication in"
    " version 3, no timers or options of keepalived's own. The message says what is used instead.",
    "too-many-addresses": "More addresses than an advertisement can carry, or than make sense. Those that"
    " are too many go into virtual_ipaddress_excluded.",
    "tracks-itself": "An instance goes to FAULT with its own interface anyway, unless dont_track_primary"
    " is set.",
    "unknown-instance": "A sync group names an instance that is not there.",
    "unknown-interface": "This machine has no such interface. A daemon does not start with that, unless"
    " dynamic_interfaces in global_defs says that it may come later.",
    "version-conflict": "Version 2 of VRRP knows IPv4 only, and has no hundredths of seconds; what belongs"
    " to the other version is left out.",
    "vmac-with-unicast": "With unicast peers advertisements leave by the interface itself.",
    "vrf-and-interface": "An instance is on an interface or, with unicast peers, in a whole VRF.",
    "vrf-without-unicast": "vrf is for instances with unicast peers and without an interface.",
    "weight-without-effect": "The weight is left out of account: an owner keeps priority 255, and members"
    " of a sync group count weights only with sync_group_tracking_weight.",
}

_CHECKS: Mapping[str, str] = {
    "duplicate-check": "The same session checks the server already.",
    "duplicate-neighbor": "Two BFD sessions lead to one neighbour; the second is dropped.",
    "duplicate-server": "A real server stands in a service twice, by address and port. The second is"
    " dropped, with its checks; to give it more connections, raise its weight.",
    "ha-suspend": "ha_suspend stops checks while the machine does not have the address of the service, so"
    " it needs a service with one address.",
    "mark-with-protocol": "A firewall mark stands for packets of any protocol.",
    "method": "lvs_method takes NAT, DR or TUN; behind TUN may stand the kind of tunnel, its port and"
    " its checksum.",
    "no-bfd": "BFD_CHECK has to name a bfd_instance.",
    "no-key": "Every address of the service belongs to another one already, so nothing is left of it.",
    "no-method": "lvs_method says how packets get to the servers: NAT, DR or TUN. Without it NAT is used,"
    " which needs the servers to answer by way of this machine.",
    "no-neighbor": "A BFD session needs neighbor_ip.",
    "no-path": "A url needs a path, at least /.",
    "no-protocol": "protocol is TCP, UDP or SCTP. Without it the service is for UDP, which is seldom meant.",
    "no-real-server": "A service without a real server could only refuse, and is dropped.",
    "no-scheduler": "lvs_sched says how connections are spread; without it by wlc.",
    "no-sorry-server": "The keyword is about the sorry server, which has to stand before it.",
    "no-target": "The check does not know where to go: it needs connect_ip, connect_port, or for a"
    " link-local address bind_if.",
    "no-track-file": "FILE_CHECK has to name a track_file block.",
    "no-url": "HTTP_GET and SSL_GET need at least one url block.",
    "ops-without-udp": "One-packet scheduling is for UDP only.",
    "other-port": "With DR and TUN packets are not rewritten, so a server gets them on the port of the"
    " service. Another port would need NAT.",
    "port-0": "A service for all ports only makes sense when clients stay with their server, so it needs"
    " persistence_timeout.",
    "quorum-out-of-reach": "quorum and hysteresis together are more than all servers weigh: once quorum is"
    " lost, even all of them do not bring it back. Lower quorum or hysteresis.",
    "regex-option": "The option is not known, or there is no regex for it.",
    "scheduler-flag": "The flag belongs to another scheduler: sh-port and sh-fallback to sh, mh-port and"
    " mh-fallback to mh.",
    "sorry-inhibit": "The sorry server is one of the real servers, and both have to say the same of"
    " inhibit_on_failure.",
    "unknown-bfd-instance": "BFD_CHECK or track_bfd names a session that is not there, or not for this.",
    "unknown-group": "The virtual_server_group is not there; the service is dropped.",
    "unknown-track-file": "FILE_CHECK names a track_file block that is not there.",
    "unusable-key": "An address of the service cannot be used with its real servers: one that has another"
    " family needs lvs_method TUN.",
}

_SCRIPTS: Mapping[str, str] = {
    "odd-quote": "Word processors make quotes of their own, which mean nothing here: write the plain one.",
    "no-account": "The account or group that is to run the script is not on this machine, so the script"
    " is not run.",
    "no-program": "There is no such program on this machine, or it is not executable, so it is not run.",
    "no-script": "The keyword names no program.",
    "script-security": "Scripts run as root unless somebody else is named. With enable_script_security in"
    " global_defs those that others than root could change are not run. keepalived -t exits with"
    " code 6 for this alone.",
    "unsafe-script": "Somebody other than root could change the program or a directory above it, and root"
    " would run it. Under enable_script_security it is left out.",
}

_ROUTING: Mapping[str, str] = {
    "bad-label": "An MPLS label is a number up to 1048575; several have a / between them.",
    "bad-locator": "An ILA locator is four hexadecimal numbers with colons.",
    "goto-backwards": "A goto leads to a rule further down, so to a greater preference than its own.",
    "group-and-no-track": "A track_group hears of what is watched, and no_track says that this is not.",
    "group-without-dev": "What a track_group watches depends on an interface, so it needs a dev.",
    "host-bits": "The address has bits beyond its prefix length; they do not count.",
    "incomplete-encap": "A tunnel header needs a destination or an id.",
    "no-action": "A rule says what to do with the packets it fits: look into a table, blackhole,"
    " unreachable, prohibit or goto.",
    "no-destination": "A route has to say where it leads to: a network, an address, or default.",
    "no-nexthop": "A route by several ways has lost all of them; it is dropped.",
    "no-preference": "Rules are gone through by preference. Without one keepalived chooses it, and hardly"
    " the one that is meant; a goto has to know where it stands itself.",
    "no-table": "The option is about what is found in a table, so the rule has to look into one.",
    "not-for-ipv4": "The option exists for IPv6 only.",
    "not-supported": "The option belongs to routes of a kind that keepalived does not set.",
    "protocol-and-track": "keepalived recognises by the protocol which routes and rules are its own, so those"
    " that it watches have its number.",
    "second-action": "A rule does one thing with the packets it fits.",
    "unknown-name": "The name is in none of the lists below /etc/iproute2 and /usr/share/iproute2; a number"
    " always works.",
}

PROBLEMS: Mapping[str, str] = {**_ROUTING, **_TEXT, **_WORDS, **_VRRP, **_CHECKS, **_SCRIPTS}
"""A text for each id that reading a configuration may give."""
