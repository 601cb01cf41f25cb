// Alerts as spans on a chart: a tint, a bar along the top, an edge, and on one chart the words.

/** A uPlot plugin. `alerts` gives those to draw; `colour` the colour of a class. */
export function spans(alerts, colour, { words }) {
  return {
    hooks: { drawClear: (u) => alerts().forEach((alert) => span(u, alert, colour, words)) },
  };
}

function span(u, alert, colour, words) {
  const { left, top, width, height } = u.bbox;
  const at = (ms) => Math.min(Math.max(u.valToPos(ms, "x", true), left), left + width);
  const endMs = alert.status === "open" ? Math.max(u.scales.x.max, alert.endMs) : alert.endMs;
  if (endMs < u.scales.x.min || alert.startMs > u.scales.x.max) return;
  const [x0, x1] = [at(alert.startMs), Math.max(at(endMs), at(alert.startMs) + 2)];
  const { ctx } = u;
  const px = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = ctx.strokeStyle = colour(alert.classification);
  ctx.globalAlpha = 0.13;
  ctx.fillRect(x0, top, x1 - x0, height);
  ctx.globalAlpha = 1;
  ctx.fillRect(x0, top, x1 - x0, 3 * px);
  ctx.fillRect(x0, top, px, height);
  if (words) label(ctx, alert, x0, x1, left + width, top, px);
  ctx.restore();
}

function label(ctx, alert, x0, x1, right, top, px) {
  ctx.font = `600 ${11 * px}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const text = `${alert.severity}, ${alert.classification}`;
  const room = Math.min(x1, right) - x0;
  if (ctx.measureText(text).width + 8 * px < room) ctx.fillText(text, x0 + 5 * px, top + 7 * px);
}
