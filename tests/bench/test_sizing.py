import numpy as np

from bench.sizing import busiest, codes


def test_every_station_of_a_network_has_a_code_of_its_own() -> None:
    network = codes(5_000, np.random.default_rng(1))
    assert len(set(network)) == 5_000
    assert {len(code) for code in network} == {4}


def test_one_worker_has_all_stations_and_partitions_that_do_not_divide_evenly_cost() -> None:
    network = codes(5_000, np.random.default_rng(2))
    assert busiest(network, 7, 1) == 1.0
    assert busiest(network, 3, 2) > 1.25 > busiest(network, 4, 2)
