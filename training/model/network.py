"""The BiLSTM autoencoder, its supervised rival, and the graphs that compute scores of a field."""

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from geofield.series.fir import bandpass_taps
from training.model.loss import Misses
from training.recipe.tables import NetworkSize, Window

COMPONENTS = 3
_RELIEF = 0.25  # errors are divided by this power of the gain
_SMALLEST_ERROR = 1e-6  # added to a mean square in units of the scale: keeps its logarithm finite


class Trunk(nn.Module):
    """A bidirectional LSTM, a linear bottleneck at every step, and a second bidirectional LSTM.

    A recurrent step takes `group` consecutive samples at once. This shortens the recurrence and the
    training by that factor, with no loss of discrimination.

    Parameters
    ----------
    size
        Units, bottleneck and group.
    steps
        Samples of a window after the filter, a multiple of the group: the time axis is fixed.
    """

    def __init__(self, size: NetworkSize, steps: int) -> None:
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

    The network divides loud windows by a gain, which is 1 for quiet windows and grows with the
    loudness beyond the knee. It divides their errors by the fourth root of the gain. Without this
    division, pulsations that are reconstructed well but not perfectly would have the largest errors
    of all. A division by the gain itself would ignore the loudness, which carries information.

    The rms of a reconstruction is limited to that of its window plus the floor, added in squares.
    Without a limit, negative learning teaches the network errors many times larger than the signal,
    which any unfamiliar background of another station then causes as well. Without a floor, the
    error of a window that contains only the edge of a transient is at most twice its own small
    strength. The first and the last windows of an alert are such windows.
    """

    def __init__(self, size: NetworkSize, steps: int) -> None:
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
        Reconstructions [batch, steps, 3], and the unit of their errors [batch, 1, 1].
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
        """Whitened errors [batch, steps, 3] in units of `unit`, from which scores are made.

        Slow variations of the field are the strongest and would dominate the mean square of plain
        errors. A pre-emphasis filter whitens them: it subtracts from each error `emphasis` times
        the error of the sample before.
        """
        error = (rebuilt - wanted) / unit
        if not self.emphasis:
            return error
        # The first sample has no predecessor, and its error is set to zero. If it were left out,
        # onnxruntime would sum rows of that length in another order in a batch of one.
        return pad(error[:, 1:] - self.emphasis * error[:, :-1], (0, 0, 1, 0))

    def misses(self, scaled: Tensor) -> Misses:
        """Log errors of windows [batch, steps, 3]."""
        rebuilt, unit = self(scaled)
        return Misses(
            log_square(self.miss(rebuilt, scaled, unit)),
            log_square(self.miss(rebuilt, -scaled, unit)),
            (log_square(rebuilt - scaled) - log_square(scaled)) / 2,
        )

    def nothing(self, scaled: Tensor) -> Tensor:
        """Log error of windows [batch, steps, 3] for a reconstruction by zeros: [batch]."""
        rebuilt, unit = self(scaled)
        return log_square(self.miss(torch.zeros_like(rebuilt), scaled, unit))


class Classifier(nn.Module):
    """The supervised rival: the same trunk on the same input, trained on the class of each window.

    Its score, the logit, takes the place of the autoencoder's log mean squared error. See `Trunk`
    for the parameters.
    """

    def __init__(self, size: NetworkSize, steps: int) -> None:
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
        """Logits of windows [batch, steps, 3], and the same with reversed sign."""
        logits = self(scaled)
        return Misses(logits, -logits)


class OwnScale(nn.Module):
    """A network that sees each window in units of the window's own scale, for the ablation.

    Parameters
    ----------
    network
        The network.
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
    """Windows over 1.4826 times the MAD of each component: [batch, steps, 3]."""
    middle = scaled.abs().median(dim=1, keepdim=True).values
    return scaled / (1.4826 * middle + _SMALLEST_ERROR)


Judged: TypeAlias = Autoencoder | Classifier | OwnScale


def loudness_gain(scaled: Tensor, knee: float) -> Tensor:
    """Gain by which windows [batch, steps, 3] are divided: [batch, 1, 1].

    ``sqrt(1 + (rms / knee)**2)``: 1 well below the knee, and rms / knee well above it.
    """
    return (1 + scaled.square().mean(dim=(1, 2), keepdim=True) / knee**2).sqrt()


def _limited(rebuilt: Tensor, scaled: Tensor, floor: float) -> Tensor:
    """Limit the rms of each reconstruction to that of its window and the floor, added in squares.

    Windows and reconstructions are [batch, steps, 3].
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
    """The band-pass FIR, decimated to every `step`-th sample, as a matrix product.

    A convolution of one channel uses a fraction of a processor's arithmetic. As a matrix product
    the same sums take a quarter of the time, in onnxruntime and in PyTorch.

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
        """Filter windows [batch, span, channels] to [batch, steps, channels], both in nT."""
        filtered: Tensor = (field_nt.transpose(1, 2) @ self.matrix).transpose(1, 2)
        return filtered


class ScoringGraph(nn.Module):
    """The exported graph: filter, scaling, autoencoder and error.

    Its input is the raw field, so training and serving cannot preprocess it differently.

    Parameters
    ----------
    window
        Window of the model.
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
            Shape [batch, span, 3]: raw H, E, Z in nT, the level of the window removed.
        scale_nt
            Shape [batch, 3]: robust scale of the station's band-passed components, in nT.

        Returns
        -------
        In the order of `OUTPUTS`: rmse [batch], mae [batch] and error [batch, 3] (root mean square
        of each component) in units of the scale, or in larger units for loud windows (see
        `Autoencoder`); reconstruction and filtered [batch, steps, 3] in nT.
        """
        filtered_nt = self.front_end(field_nt)
        scaled = filtered_nt / scale_nt[:, None, :]
        reconstruction, unit = self.autoencoder(scaled)
        miss = self.autoencoder.miss(reconstruction, scaled, unit)
        return (
            miss.square().mean(dim=(1, 2)).sqrt(),
            miss.abs().mean(dim=(1, 2)),
            # one component at a time: onnxruntime sums over a middle axis in another order in a
            # batch of one, and scores must not depend on the batch
            torch.stack([miss[..., c].square().mean(dim=1) for c in range(COMPONENTS)], 1).sqrt(),
            reconstruction * scale_nt[:, None, :],
            filtered_nt,
        )


class ClassifierGraph(nn.Module):
    """The classifier with the inputs and outputs of `ScoringGraph`, so that it can be judged alike.

    Its rmse is the exponential of half the logit, all its errors are equal, and its reconstruction
    is zero.

    Parameters
    ----------
    window
        Window of the model.
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
