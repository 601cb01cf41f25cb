import pytest
from click.testing import CliRunner

from bench.pipeline import Setting, main, rows, usual_settings
from bench.systems import ONE_THREAD, QUIX, WORKER, Measured


def measured(samples_per_s: float, cores: float = 0.5) -> Measured:
    return Measured(samples_per_s, samples_per_s / 64, seconds=3.0, cores=cores, peak_mb=100.0)


def test_each_system_has_a_row_with_its_ratios() -> None:
    found = {
        WORKER: [measured(6000), measured(4000), measured(5000)],
        QUIX: [measured(2500)] * 3,
        ONE_THREAD: [measured(20_000)] * 3,
        "aiokafka alone": [Measured(90_000, None, 2.0, 1.0, 50.0)] * 3,
    }
    worker, quix, bare, client = rows(Setting(10, 40), found)
    assert str(worker["samples/s"]) == "5,000 (4,000-6,000)"
    assert (worker["records/s"], worker["samples/CPU s"]) == (500, 10_000)
    assert (worker["x Quix"], worker["of onnxruntime"]) == (2.0, 0.25)
    assert (quix["x Quix"], bare["of onnxruntime"]) == (1.0, 1.0)
    assert (client["windows/s"], client["x Quix"], client["of onnxruntime"]) == (None, None, None)


def test_without_the_peer_there_is_no_ratio_to_it() -> None:
    worker, _ = rows(Setting(60, 40), {WORKER: [measured(1.0)], ONE_THREAD: [measured(2.0)]})
    assert worker["x Quix"] is None


def test_the_usual_settings_vary_one_thing_at_a_time() -> None:
    json = [(1, 40), (10, 40), (60, 40), (600, 40), (60, 1), (60, 120), (60, 1000)]
    assert usual_settings() == [Setting(*one) for one in json] + [(60, 40, "binary")]


@pytest.mark.parametrize("setting", ["60", "60:", "0:40", "a:b", "60:40:xml"])
def test_a_setting_that_is_none_gets_one_line(setting: str) -> None:
    result = CliRunner().invoke(main, ["--setting", setting])
    assert result.exit_code == 2
    assert "is not like 60:40" in result.output
