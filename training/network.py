"""The BiLSTM autoencoder, and the graph around it that turns a raw field into a score."""

import torch
from torch import Tensor, nn

from geofield.fir import bandpass_taps
from training.config import Network, Window

COMPONENTS = 3
_SMALLEST_ERROR = 1e-6  # of a mean square in units of the scale: keeps the logarithm finite


class Autoencoder(nn.Module):
    """Bidirectional LSTM, a narrow linear bottleneck at every step, and another one back.

    A recurrent step takes `group` consecutive samples at once: the recurrence is as much shorter
    and the training as much faster, with nothing lost in what is told apart.

    Parameters
    ----------
    size
        Units, bottleneck and group.
    steps
        Samples of a window after the filter, a multiple of the group: the time axis is fixed.
    """

    def __init__(self, size: Network, steps: int) -> None:
        super().__init__()
        width = COMPONENTS * size.group
        self.steps = steps
        self.grouped = (-1, steps // size.group, width)
        self.encoder = nn.LSTM(width, size.units, bidirectional=True)
        self.narrow = nn.Linear(2 * size.units, size.bottleneck)
        self.decoder = nn.LSTM(size.bottleneck, size.units, bidirectional=True)
        self.wide = nn.Linear(2 * size.units, width)

    def forward(self, scaled: Tensor) -> Tensor:
        """Reconstruct [batch, steps, 3], in units of the station's scale."""
        encoded, _ = self.encoder(scaled.reshape(self.grouped).transpose(0, 1))
        decoded, _ = self.decoder(self.narrow(encoded))
        rebuilt = self.wide(decoded).transpose(0, 1).reshape(-1, self.steps, COMPONENTS)
        return _no_louder(rebuilt, scaled)


def _no_louder(rebuilt: Tensor, scaled: Tensor) -> Tensor:
    """Limit each reconstruction to the rms of its own window: both [batch, steps, 3].

    Without it negative learning teaches the network to shout: an error many times larger than the
    signal itself, which any unfamiliar background of another station then draws too.
    """
    wanted, found = _loudness(scaled), _loudness(rebuilt)
    return rebuilt * (wanted / torch.maximum(wanted, found))


def _loudness(windows: Tensor) -> Tensor:
    return (windows.square().mean(dim=(1, 2), keepdim=True) + _SMALLEST_ERROR).sqrt()


def log_error(reconstruction: Tensor, scaled: Tensor) -> Tensor:
    """Logarithm of each window's mean squared error: two of [batch, steps, 3] to [batch]."""
    return torch.log((reconstruction - scaled).square().mean(dim=(1, 2)) + _SMALLEST_ERROR)


class FrontEnd(nn.Module):
    """The band-pass FIR as a fixed convolution that keeps every `step`-th sample.

    Parameters
    ----------
    window
        Band, taps, cadence and step.
    """

    taps: Tensor

    def __init__(self, window: Window) -> None:
        super().__init__()
        taps = bandpass_taps(window.low_hz, window.high_hz, window.cadence_ms / 1000, window.taps)
        self.step = window.step
        self.register_buffer("taps", torch.tensor(taps, dtype=torch.float32)[None, None, :, None])

    def forward(self, field_nt: Tensor) -> Tensor:
        """Filter [batch, span, channels] to [batch, steps, channels], in nT."""
        filtered = nn.functional.conv2d(field_nt[:, None], self.taps, stride=(self.step, 1))
        return filtered[:, 0]


class ScoringGraph(nn.Module):
    """All that is exported: filter, scaling, autoencoder and error in one graph.

    Serving feeds it the raw field, so that training and serving cannot prepare it differently.

    Parameters
    ----------
    window
        What the model sees.
    autoencoder
        The network; its weights may be trained further while it is in the graph.
    """

    INPUTS = ("field", "scale")
    OUTPUTS = ("rmse", "mae", "error", "reconstruction", "filtered")

    def __init__(self, window: Window, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.front_end = FrontEnd(window)
        self.autoencoder = autoencoder

    def forward(self, field_nt: Tensor, scale_nt: Tensor) -> tuple[Tensor, ...]:
        """Score windows.

        Parameters
        ----------
        field_nt
            Shape [batch, span, 3]: raw H, E, Z in nT, the window's own level removed.
        scale_nt
            Shape [batch, 3]: robust scale of the station's band-passed components.

        Returns
        -------
        In the order of `OUTPUTS`: rmse [batch], mae [batch] and error [batch, 3] (root mean square
        of each component) in units of the scale; reconstruction and filtered [batch, steps, 3] in
        nT.
        """
        filtered_nt = self.front_end(field_nt)
        scaled = filtered_nt / scale_nt[:, None, :]
        reconstruction = self.autoencoder(scaled)
        miss = reconstruction - scaled
        return (
            miss.square().mean(dim=(1, 2)).sqrt(),
            miss.abs().mean(dim=(1, 2)),
            # one component at a time: onnxruntime sums over a middle axis in another order for a
            # batch of one, and scores must not depend on the batch
            torch.stack([miss[..., c].square().mean(dim=1) for c in range(COMPONENTS)], 1).sqrt(),
            reconstruction * scale_nt[:, None, :],
            filtered_nt,
        )
