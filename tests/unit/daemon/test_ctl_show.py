"""A configuration as plain values, in keepalived's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyvrrp.conf.load import load
from pyvrrp.daemon.ctl.plain import plain

GOOD = sorted((Path(__file__).parents[2] / "golden" / "good").glob("*.conf"))

TEXT = """\
vrrp_instance web {
    interface eth0
    virtual_router_id 51
    advert_int 2
    authentication {
        auth_type PASS
        auth_pass hidden1
    }
    virtual_ipaddress {
        192.0.2.100/24 label eth0:1
    }
    use_vmac vrrp.51 02:00:5e:00:01:33
}
virtual_server 192.0.2.100 443 {
    lvs_sched rr
    lvs_method DR
    protocol TCP
    persistence_timeout 300
    delay_loop 5
    real_server 192.0.2.11 443 {
        weight 3
        inhibit_on_failure
        notify_down "/bin/down now"
        SSL_GET {
            url {
                path /
                status_code 200-299
            }
        }
        TCP_CHECK {
        }
    }
}
SSL {
    password hidden2
}
"""


def plain_of(text: str, path: Path) -> Any:
    path.write_text(text)
    return plain(load(str(path)).config)


def test_in_keepalived_s_words(tmp_path: Path):
    path = tmp_path / "k.conf"
    config = plain_of(TEXT, path)
    (web,) = config["vrrp_instance"]
    assert (web["name"], web["at"]) == ("web", f"{path}:1:15")
    assert (web["advert_int"], web["preempt_delay"], web["unicast_src_ip"]) == (2.0, 0.0, None)
    assert web["use_vmac"]["mac"] == "02:00:5e:00:01:33"
    assert web["garp_master_repeat"] == 5
    (address,) = web["virtual_ipaddress"]
    assert (address["interface"], address["label"]) == ("192.0.2.100/24", "eth0:1")
    (service,) = config["virtual_server"]
    assert service["service"] == [{"protocol": "TCP", "address": "192.0.2.100", "port": 443}]
    assert (service["lvs_sched"], service["flags"]) == ("rr", ["persistent"])
    (server,) = service["real_server"]
    assert (server["address"], server["port"], server["weight"]) == ("192.0.2.11", 443, 3)
    assert (server["lvs_method"], server["inhibit_on_failure"]) == ("DR", True)
    assert server["notify_down"]["argv"] == ["/bin/down", "now"]
    get, tcp = server["checks"]
    assert (get["check"], get["delay_loop"], get["connect_ip"]) == ("SSL_GET", 5.0, "192.0.2.11")
    assert get["url"][0]["status_code"] == [[200, 299]]
    assert (tcp["check"], tcp["connect_timeout"]) == ("TCP_CHECK", 5.0)


def test_secrets_do_not_show(tmp_path: Path):
    config = plain_of(TEXT, tmp_path / "k.conf")
    assert config["vrrp_instance"][0]["authentication"]["auth_pass"] == "***"
    assert config["virtual_server"][0]["real_server"][0]["checks"][0]["tls"]["password"] == "***"
    assert "hidden" not in json.dumps(config)


def test_globals_and_empty_blocks(tmp_path: Path):
    config = plain_of("global_defs {\n router_id me\n}\n", tmp_path / "k.conf")
    assert config["global_defs"]["router_id"] == "me"
    assert config["global_defs"]["vrrp_mcast_group4"] == "224.0.0.18"
    assert config["global_defs"]["vrrp_garp_master_delay"] == 5.0
    assert config["vrrp_instance"] == []
    assert list(config)[:4] == ["global_defs", "vrrp_instance", "vrrp_sync_group", "vrrp_script"]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_configuration_is_json(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(path.parent)
    config = plain(load(path.name, config_id="alpha", environ={"SITE": "north"}).config)
    assert json.loads(json.dumps(config)) == config
