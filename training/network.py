"""The BiLSTM autoencoder, its supervised rival, and the graph that turns a field into a score."""

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from geofield.fir import bandpass_taps
from training.loss import Misses
from training.tables import Network, Window

COMPONENTS = 3
_RELIEF = 0.25  # power of the gain that errors are divided by
_SMALLEST_ERROR = 1e-6  # of a mean square in units of the scale: keeps the logarithm finite


class Trunk(nn.Module):
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
        self.grouped = (-1, steps // size.group, width)
        self.encoder = nn.LSTM(width, size.units, bidirectional=True)
        self.narrow = nn.Linear(2 * size.units, size.bottleneck)
        self.decoder = nn.LSTM(size.bottleneck, size.units, bidirectional=True)

    def forward(self, scaled: Tensor) -> Tensor:
        """Windows [batch, steps, 3] to hidden states [steps / group, batch, 2 * units]."""
        encoded, _ = self.encoder(scaled.reshape(self.grouped).transpose(0, 1))
        decoded, _ = self.decoder(self.narrow(encoded))
        hidden: Tensor = decoded
        return hidden


class Autoencoder(nn.Module):
    """The trunk, and a linear layer back to the samples; see `Trunk` for the parameters.

    Loud windows are seen relative to themselves, divided by a gain that is 1 for quiet windows and
    grows with the loudness beyond the knee, and their errors are divided by its fourth root: not
    by 1, or pulsations reconstructed well but not perfectly would have the largest errors of all;
    not by the gain itself, or loudness would no longer count, although it tells something.

    A reconstruction may be as loud as its window, or a little louder: by the floor, as if the
    window had that much background of its own. Without a limit negative learning teaches the
    network to shout: an error many times larger than the signal itself, which any unfamiliar
    background of another station then draws too. Without a floor a window that holds but the
    edge of a transient, as the first and last ones of those that open an alert do, cannot be missed
    by more than twice its own small strength.
    """

    def __init__(self, size: Network, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.knee = size.knee
        self.emphasis = size.emphasis
        self.floor = size.floor
        self.trunk = Trunk(size, steps)
        self.wide = nn.Linear(2 * size.units, COMPONENTS * size.group)
        self.gate = nn.Linear(2 * size.units, 1) if size.gated else None

    def forward(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruct windows [batch, steps, 3] in units of the station's scale.

        Returns
        -------
        Reconstructions [batch, steps, 3], and what errors are divided by, [batch, 1, 1].
        """
        gain = loudness_gain(scaled, self.knee)
        seen = scaled / gain
        hidden = self.trunk(seen)
        rebuilt = self.wide(hidden)
        if self.gate is not None:
            rebuilt = rebuilt * self.gate(hidden).tanh()
        rebuilt = rebuilt.transpose(0, 1).reshape(-1, self.steps, COMPONENTS)
        return _limited(rebuilt, seen, self.floor) * gain, gain**_RELIEF

    def miss(self, rebuilt: Tensor, wanted: Tensor, unit: Tensor) -> Tensor:
        """What scores are made of: errors [batch, steps, 3] in units of `unit`, whitened.

        The field is the stronger the slower, so the mean square of its plain errors is that of
        its slowest waves. Of every sample's error the emphasis is taken from the next one's.
        """
        error = (rebuilt - wanted) / unit
        if not self.emphasis:
            return error
        # the first has none before it and counts as nothing; without it rows would have a length
        # over which onnxruntime sums otherwise in a batch of one
        return pad(error[:, 1:] - self.emphasis * error[:, :-1], (0, 0, 1, 0))

    def misses(self, scaled: Tensor) -> Misses:
        """How far each of the windows [batch, steps, 3] is missed."""
        rebuilt, unit = self(scaled)
        return Misses(
            log_square(self.miss(rebuilt, scaled, unit)),
            log_square(self.miss(rebuilt, -scaled, unit)),
        )

    def nothing(self, scaled: Tensor) -> Tensor:
        """Log error of windows [batch, steps, 3] if zeros were the reconstruction: [batch]."""
        rebuilt, unit = self(scaled)
        return log_square(self.miss(torch.zeros_like(rebuilt), scaled, unit))


class Classifier(nn.Module):
    """The ceiling: the same trunk on the same input, told outright which windows are seismic.

    Its score, the logit, stands where the autoencoder has the logarithm of its mean squared error.
    See `Trunk` for the parameters.
    """

    def __init__(self, size: Network, steps: int) -> None:
        super().__init__()
        self.knee = size.knee
        self.trunk = Trunk(size, steps)
        self.logit = nn.Linear(2 * size.units, 1)

    def forward(self, scaled: Tensor) -> Tensor:
        """Windows [batch, steps, 3] to logits [batch]: the mean over the steps."""
        hidden = self.trunk(scaled / loudness_gain(scaled, self.knee))
        logits: Tensor = self.logit(hidden).mean(dim=(0, 2))
        return logits

    def misses(self, scaled: Tensor) -> Misses:
        """The logits, and the same with the sign turned."""
        logits = self(scaled)
        return Misses(logits, -logits)


class OwnScale(nn.Module):
    """A network that sees each window in units of the window's own scale, for the ablation.

    Parameters
    ----------
    network
        What judges the windows.
    """

    def __init__(self, network: Autoencoder) -> None:
        super().__init__()
        self.network = network

    def misses(self, scaled: Tensor) -> Misses:
        """See `Autoencoder.misses`."""
        return self.network.misses(_in_own_scale(scaled))

    def nothing(self, scaled: Tensor) -> Tensor:
        """See `Autoencoder.nothing`."""
        return self.network.nothing(_in_own_scale(scaled))


def _in_own_scale(scaled: Tensor) -> Tensor:
    """Windows over 1.4826 MAD of each of their components."""
    middle = scaled.abs().median(dim=1, keepdim=True).values
    return scaled / (1.4826 * middle + _SMALLEST_ERROR)


Judged: TypeAlias = Autoencoder | Classifier | OwnScale


def loudness_gain(scaled: Tensor, knee: float) -> Tensor:
    """What windows [batch, steps, 3] are divided by, [batch, 1, 1]: their rms over the knee, + 1.

    The sum is of squares, so that the gain is 1 well below the knee and rms / knee well above it.
    """
    return (1 + scaled.square().mean(dim=(1, 2), keepdim=True) / knee**2).sqrt()


def _limited(rebuilt: Tensor, scaled: Tensor, floor: float) -> Tensor:
    """Limit the rms of each reconstruction to that of its window and the floor, in squares.

    Both are [batch, steps, 3].
    """
    allowed = _loudness(scaled, floor)
    return rebuilt * (allowed / torch.maximum(allowed, _loudness(rebuilt)))


def _loudness(windows: Tensor, floor: float = 0.0) -> Tensor:
    mean_square = windows.square().mean(dim=(1, 2), keepdim=True)
    return (mean_square + max(floor**2, _SMALLEST_ERROR)).sqrt()


def log_square(miss: Tensor) -> Tensor:
    """Logarithm of each window's mean squared error: [batch, steps, 3] to [batch]."""
    return torch.log(miss.square().mean(dim=(1, 2)) + _SMALLEST_ERROR)


class FrontEnd(nn.Module):
    """The band-pass FIR of which every `step`-th sample is kept, as one matrix.

    A convolution of one channel would use a fraction of a processor's arithmetic: as a product of
    matrices the same sums take a quarter of the time, in onnxruntime and in PyTorch.

    Parameters
    ----------
    window
        Band, taps, cadence and step.
    """

    matrix: Tensor

    def __init__(self, window: Window) -> None:
        super().__init__()
        taps = bandpass_taps(window.low_hz, window.high_hz, window.cadence_ms / 1000, window.taps)
        begins = range(0, window.samples, window.step)
        matrix = torch.zeros(window.samples + window.taps - 1, len(begins))
        for column, begin in enumerate(begins):
            matrix[begin : begin + window.taps, column] = torch.tensor(taps, dtype=torch.float32)
        self.register_buffer("matrix", matrix)

    def forward(self, field_nt: Tensor) -> Tensor:
        """Filter [batch, span, channels] to [batch, steps, channels], in nT."""
        filtered: Tensor = (field_nt.transpose(1, 2) @ self.matrix).transpose(1, 2)
        return filtered


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
        of each component) in units of the scale, for loud windows in larger ones (see
        `Autoencoder`); reconstruction and filtered [batch, steps, 3] in nT.
        """
        filtered_nt = self.front_end(field_nt)
        scaled = filtered_nt / scale_nt[:, None, :]
        reconstruction, unit = self.autoencoder(scaled)
        miss = self.autoencoder.miss(reconstruction, scaled, unit)
        return (
            miss.square().mean(dim=(1, 2)).sqrt(),
            miss.abs().mean(dim=(1, 2)),
            # one component at a time: onnxruntime sums over a middle axis in another order for a
            # batch of one, and scores must not depend on the batch
            torch.stack([miss[..., c].square().mean(dim=1) for c in range(COMPONENTS)], 1).sqrt(),
            reconstruction * scale_nt[:, None, :],
            filtered_nt,
        )


class ClassifierGraph(nn.Module):
    """The classifier behind the same ports, so that everything that judges a model can judge it.

    Its rmse is the exponential of half the logit, its errors are all the same, and its
    reconstruction is nothing.

    Parameters
    ----------
    window
        What the model sees.
    classifier
        The trained rival.
    """

    INPUTS, OUTPUTS = ScoringGraph.INPUTS, ScoringGraph.OUTPUTS

    def __init__(self, window: Window, classifier: Classifier) -> None:
        super().__init__()
        self.front_end = FrontEnd(window)
        self.classifier = classifier

    def forward(self, field_nt: Tensor, scale_nt: Tensor) -> tuple[Tensor, ...]:
        """Score windows; see `ScoringGraph.forward`."""
        filtered_nt = self.front_end(field_nt)
        score = (self.classifier(filtered_nt / scale_nt[:, None, :]) / 2).exp()
        return score, score, torch.stack([score] * 3, 1), 0 * filtered_nt, filtered_nt


Graph: TypeAlias = ScoringGraph | ClassifierGraph
