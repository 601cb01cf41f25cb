// The limits of a chart's values.

const LOGARITHMIC = 3; // as uPlot numbers it

export function scale({ log }) {
  if (log) return { distr: LOGARITHMIC, range: (u, min, max) => logLimits(min, max) };
  return { range: (u, min, max) => padded(min, max) };
}

/**
 * Limits of a logarithmic axis: 1, 2 or 5 times a power of ten, with room above. From any other
 * lower limit uPlot's ticks may miss the next power of ten, and then it makes them without end.
 */
export function logLimits(min, max) {
  if (!(min > 0)) return [0.1, 10];
  return [
    Math.max(...rounds(min).filter((limit) => limit <= min)),
    Math.min(...rounds(max).filter((limit) => limit >= Math.max(max * 1.25, min * 2))),
  ];
}

/** Round values around one, as exact as they can be written. */
function rounds(value) {
  const power = Math.floor(Math.log10(value));
  return [-1, 0, 1].flatMap((n) => [1, 2, 5].map((digit) => Number(`${digit}e${power + n}`)));
}

function padded(min, max) {
  if (min === null) return [-1, 1];
  const margin = Math.max((max - min) * 0.08, 0.02);
  return [min - margin, max + margin];
}
