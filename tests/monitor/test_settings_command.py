import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.settings import PREFIX, Settings


def test_every_setting_is_listed_with_what_it_does() -> None:
    result = CliRunner().invoke(main, ["settings"], env={"MAGWATCH_GROUP": "mine"})
    assert result.exit_code == 0
    lines = {line[2:].split()[0]: line for line in result.output.splitlines()}
    assert set(lines) == {PREFIX + name.upper() for name in Settings.model_fields}
    assert all(field.description for field in Settings.model_fields.values())
    assert lines["MAGWATCH_GROUP"].startswith("* ")


def listed(**environment: str) -> str:
    return CliRunner().invoke(main, ["settings"], env=environment).output


@pytest.mark.parametrize("setting", ["LOG_FORMAT", "LOG_LEVEL", "OFFSET_RESET", "SASL_MECHANISM"])
def test_every_value_that_is_offered_is_accepted_and_no_other(setting: str) -> None:
    name = PREFIX + setting
    (line,) = (line for line in listed().splitlines() if f" {name} " in line)
    values = line.rpartition(": ")[2].strip().split(", ")
    assert len(values) >= 2
    for value in values:
        assert f"* {name} " in listed(**{name: value}) or f"  {name} " in listed(**{name: value})
    for value in ("text", "JSON ", ""):
        assert f"magwatch: {name}: Input should be" in listed(**{name: value})


def test_a_secret_is_not_shown() -> None:
    result = CliRunner().invoke(main, ["settings"], env={"MAGWATCH_SASL_PASSWORD": "hunter2"})
    assert result.exit_code == 0
    assert "hunter2" not in result.output
