from training.commands.bars import Bars


def test_a_log_gets_a_line_for_every_quarter(capsys):
    with Bars() as bars:
        report = bars.arm("negative learning, seed 1", 8)
        for step in range(1, 9):
            report(step, 1.0, 0.9)
        advance = bars.steps("calibration", 10)
        advance()
        advance(9)
    assert capsys.readouterr().err.splitlines() == [
        "negative learning, seed 1: 2 of 8  loss 1.000  validation AUC 0.9000",
        "negative learning, seed 1: 4 of 8  loss 1.000  validation AUC 0.9000",
        "negative learning, seed 1: 6 of 8  loss 1.000  validation AUC 0.9000",
        "negative learning, seed 1: 8 of 8  loss 1.000  validation AUC 0.9000",
        "calibration: 10 of 10",
    ]
