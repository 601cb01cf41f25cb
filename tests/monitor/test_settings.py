import pytest
from pydantic import SecretStr

from monitor.errors import SettingsRefused
from monitor.settings import load_settings


@pytest.fixture(autouse=True)
def no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    import os  # noqa: PLC0415

    for name in os.environ:
        if name.startswith("MAGWATCH_") and not name.startswith("MAGWATCH_TEST_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MAGWATCH_METRICS_PORT", "abc", "integer"),
        ("MAGWATCH_METRICS_PORT", "70000", "65535"),
        ("MAGWATCH_BROKER", "localhost", "host:port"),
        ("MAGWATCH_BROKER", "", "host:port"),
        ("MAGWATCH_PARTITIONS", "0", "greater than or equal to 1"),
        ("MAGWATCH_ALLOWED_LATENESS_S", "-1", "greater than or equal to 0"),
        ("MAGWATCH_ALLOWED_LATENESS_S", "nan", ""),
        ("MAGWATCH_ALERT_N", "1", "MAGWATCH_ALERT_K"),
        ("MAGWATCH_ALERT_MAJOR_SIZE", "2", "MAGWATCH_ALERT_MODERATE_SIZE is 4"),
        ("MAGWATCH_SSL_CAFILE", "/nowhere.pem", "no such file"),
        ("MAGWATCH_LOG_LEVEL", "loud", "debug"),
        ("MAGWATCH_SECURITY_PROTOCOL", "SASL_SSL", "MAGWATCH_SASL_USERNAME"),
        ("MAGWATCH_TOPIC_PREFIX", "a b", "pattern"),
    ],
)
def test_a_bad_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=f"^{name}: ") as refused:
        load_settings()
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_misspelt_variable_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGWATCH_BROKERS", "localhost:9092")
    with pytest.raises(
        SettingsRefused, match=r"MAGWATCH_BROKERS: .* did you mean MAGWATCH_BROKER\?"
    ):
        load_settings()


def test_nothing_is_guessed_of_a_name_like_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prefix, which all names share, makes none of them alike."""
    monkeypatch.setenv("MAGWATCH_FOO", "1")
    with pytest.raises(SettingsRefused, match=r"^MAGWATCH_FOO: no such setting$"):
        load_settings()


def test_every_bad_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGWATCH_METRICS_PORT", "x")
    monkeypatch.setenv("MAGWATCH_ALERT_K", "x")
    with pytest.raises(SettingsRefused) as refused:
        load_settings()
    assert len(str(refused.value).splitlines()) == 2


def test_the_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGWATCH_SASL_PASSWORD", "hunter2")
    settings = load_settings()
    assert settings.sasl_password == SecretStr("hunter2")
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_a_password_is_not_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGWATCH_SASL_PASSWORD", "hunter2")
    monkeypatch.setenv("MAGWATCH_SECURITY_PROTOCOL", "SASL_TLS")
    with pytest.raises(SettingsRefused) as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_options_of_a_command_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAGWATCH_BROKER", "one:1")
    assert load_settings(broker="kafka://two:2, three:3").broker == "two:2,three:3"
    assert load_settings(broker=None).broker == "one:1"


def test_topics_carry_the_prefix() -> None:
    assert load_settings().topic("samples") == "geomag.samples"
