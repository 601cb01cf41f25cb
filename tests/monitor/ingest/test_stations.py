"""stations.toml: what can be written, and what is refused with a clear word."""

from pathlib import Path

import pytest

from archive.files import FileRefused
from monitor.ingest.addresses import SeedChannels, seed_channels
from monitor.ingest.connections import source_name
from monitor.ingest.stations import StationPlan, read_plans


def plans(folder: Path, text: str) -> list[StationPlan]:
    file = folder / "stations.toml"
    file.write_text(text)
    return read_plans(file)


def test_everything_that_can_be_written(tmp_path: Path) -> None:
    wic, bou, ott = plans(
        tmp_path,
        """
[WIC]
from = ["mqtts://wic@broker.example.org/impf/wic/pt1s/1/+", "folder:/var/lib/wic"]
backfill = "gin"
angles = "minutes"
declination_deg = 4.5
position_deg = [47.93, 15.87]
terms = "CC BY 4.0"
settle_s = 5
silent_s = 120
reach_h = 48
[BOU]
from = "usgs"
cadence = "PT1M"
poll_s = 120
[OTT]
from = "gin+http://127.0.0.1:8080/GINServices?orientation=Native&format=iaga2002"
""",
    )
    assert [source_name(address) for address in wic.sources] == [
        "mqtts://wic@broker.example.org:8883",
        "folder:/var/lib/wic",
    ]
    assert wic.sources[0].tls
    assert wic.sources[0].path == "impf/wic/pt1s/1/+"
    assert wic.backfill is not None
    assert wic.backfill.path.startswith("https://")
    assert bou.cadence_ms == 60_000
    assert ott.sources[0].path == "http://127.0.0.1:8080/GINServices"
    assert ott.sources[0].options == {"orientation": "Native", "format": "iaga2002"}


def test_channels_of_seedlink_are_named_as_seed_does(tmp_path: Path) -> None:
    (ott,) = plans(tmp_path, '[OTT]\nfrom = "seedlink://host/C2/OTT/R0/UFX,UF?"')
    (address,) = ott.sources
    assert source_name(address) == "seedlink://host:18000/C2/OTT/R0/UFX,UF?"
    assert seed_channels(address) == SeedChannels("C2", "OTT", "R0", ("UFX", "UF?"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no station"),
        ("[WIC", "is no TOML"),
        ("wic = 1", "no IAGA code"),
        ("WIC = 1", "not a table"),
        ('[wic]\nfrom = "usgs"', "no IAGA code in upper case"),
        ('[WIC]\nform = "usgs"', "no key `form`; did you mean `from`?"),
        ('[WIC]\nfrom = "usgs"\nxyzzy = 1', "no key `xyzzy`; known are from,"),
        ("[WIC]", "missing required field `from`"),
        ("[WIC]\nfrom = []", "`from` names no source"),
        ("[WIC]\nfrom = 3", "`from`"),
        ('[WIC]\nfrom = "edinburgh"', "is no address of a source"),
        ('[WIC]\nfrom = "mqtts://a:secret@h/impf/+"', "a password stands in the address"),
        ('[WIC]\nfrom = "mqtts://h"', "lacks a host or topics"),
        ('[WIC]\nfrom = "mqtts://h/impf/#"', "# is no part of it"),
        ('[WIC]\nfrom = "mqtts://h:x/impf/+"', "is no address"),
        ('[OTT]\nfrom = "seedlink://h"', "network, station, location and channels"),
        ('[OTT]\nfrom = "seedlink:///C2/OTT/R0/UF?"', "lacks a host"),
        ('[OTT]\nfrom = "seedlink://h/C2/OTT/R0/UF*"', "network, station, location and channels"),
        ('[OTT]\nfrom = "usgs"\nbackfill = "seedlink://h/C2/OTT/R0/UF?"', "cannot fill gaps"),
        ('[WIC]\nfrom = "folder:"', "names no folder"),
        ('[WIC]\nfrom = "usgs+https://h/?elemens=H"', "usgs has no option 'elemens'"),
        ('[WIC]\nfrom = "usgs"\nbackfill = "folder:x"', "folder cannot fill gaps"),
        ('[WIC]\nfrom = "usgs"\npoll_s = 5', ">= 60"),
        ('[WIC]\nfrom = "usgs"\ncadence = "1s"', "not an ISO 8601 duration"),
        ('[WIC]\nfrom = "usgs"\nangles = "radians"', "angles"),
        ('[WIC]\nfrom = "usgs"\nchannels = {UFX = "Q"}', "no element"),
        ('[WIC]\nfrom = "usgs"\nscale_nt = 0', "scale_nt"),
    ],
)
def test_a_mistake_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileRefused) as refused:
        plans(tmp_path, text)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
