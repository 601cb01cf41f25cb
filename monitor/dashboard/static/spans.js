// Alerts as spans on a chart: a tint, a bar along the top, an edge, and on one chart the words.
// The words come after all lines, on a ground of their own: nothing strikes them through.

import { colour } from "./chart.js";
import { each } from "./faults.js";

/** A uPlot plugin. `alerts` gives those to draw; `tintOf` the colour of a class. */
export function spans(alerts, tintOf, { words }) {
  const drawn = (draw) => (u) =>
    each("alert", alerts(), (alert) => {
      const ends = endsOf(u, alert);
      if (ends) draw(u, alert, ends, tintOf);
    });
  return { hooks: { drawClear: drawn(tint), ...(words && { draw: drawn(label) }) } };
}

/** From where to where a span goes on the canvas; null outside of what is shown. */
function endsOf(u, alert) {
  const { left, width } = u.bbox;
  const at = (ms) => Math.min(Math.max(u.valToPos(ms, "x", true), left), left + width);
  const endMs = alert.status === "open" ? Math.max(u.scales.x.max, alert.end_ms) : alert.end_ms;
  if (endMs < u.scales.x.min || alert.start_ms > u.scales.x.max) return null;
  return [at(alert.start_ms), Math.max(at(endMs), at(alert.start_ms) + 2)];
}

function tint(u, alert, [x0, x1], tintOf) {
  const { ctx } = u;
  const { top, height } = u.bbox;
  const px = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = tintOf(alert.classification);
  ctx.globalAlpha = 0.13;
  ctx.fillRect(x0, top, x1 - x0, height);
  ctx.globalAlpha = 1;
  ctx.fillRect(x0, top, x1 - x0, 3 * px);
  ctx.fillRect(x0, top, px, height);
  ctx.restore();
}

function label(u, alert, [x0, x1], tintOf) {
  const { ctx } = u;
  const px = devicePixelRatio;
  const text = `${alert.severity}, ${alert.classification}`;
  ctx.save();
  ctx.font = `600 ${11 * px}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  const { width } = ctx.measureText(text);
  if (width + 10 * px < x1 - x0) {
    ctx.fillStyle = colour("panel");
    ctx.fillRect(x0 + 2 * px, u.bbox.top + 5 * px, width + 6 * px, 15 * px);
    ctx.fillStyle = tintOf(alert.classification);
    ctx.fillText(text, x0 + 5 * px, u.bbox.top + 7 * px);
  }
  ctx.restore();
}
