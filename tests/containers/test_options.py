"""Every option of our services reaches the engine; runs without one."""

from typing import Any

import pytest

from tests.containers.options import not_limited, run_options

CONTROLLERS = {"cpu", "memory", "pids"}


def test_all_options_of_our_services_are_known(composed: dict[str, Any]) -> None:
    ours = [one for one in composed.values() if one["image"].startswith("magwatch-")]
    assert len(ours) == 10
    for service in ours:
        options = set(run_options(service, CONTROLLERS))
        assert {"--cap-drop=ALL", "--read-only=true", "--user=10001:10001"} <= options
        assert f"--memory={service['deploy']['resources']['limits']['memory']}" in options


def test_an_option_that_is_not_known_is_refused(composed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"docker-compose\.yml: privileged is not known"):
        list(run_options({**composed["worker"], "privileged": True}, CONTROLLERS))


def test_a_limit_that_the_kernel_lacks_is_left_out_and_named(composed: dict[str, Any]) -> None:
    options = list(run_options(composed["worker"], CONTROLLERS - {"memory"}))
    assert not [one for one in options if one.startswith("--memory")]
    assert not_limited(CONTROLLERS - {"memory"}) == ["memory"]
