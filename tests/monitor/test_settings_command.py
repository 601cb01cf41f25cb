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


def test_a_secret_is_not_shown() -> None:
    result = CliRunner().invoke(main, ["settings"], env={"MAGWATCH_SASL_PASSWORD": "hunter2"})
    assert result.exit_code == 0
    assert "hunter2" not in result.output
