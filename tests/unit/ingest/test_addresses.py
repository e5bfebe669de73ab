from __future__ import annotations

import pytest

from ingest.addresses import Policy

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
]
PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "64:ff9b::7f00:1",
    "64:ff9b::c0a8:101",
    "2002:7f00:1::",
    "::127.0.0.1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001::1",
    "2001:db8::1",
    "fd00:ec2::254",
    "64:ff9b:1::1",
    "::ffff:0:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "100:0:0:1::1",
]


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("private", [True, False])
def test_public_addresses_are_asked(address: str, private: bool) -> None:
    assert Policy(private).problem_of(address) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_asked_where_that_is_meant(address: str) -> None:
    assert "VIDEOQA_FETCH_PRIVATE" in (Policy().problem_of(address) or "")
    assert Policy(private=True).problem_of(address) is None


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("private", [True, False])
def test_what_no_footage_comes_from_is_never_asked(address: str, private: bool) -> None:
    assert Policy(private).problem_of(address) is not None
