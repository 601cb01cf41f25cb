// The map under mouse and fingers: one moves it, two also zoom; up and down one finger scrolls the
// page, as everywhere else.

const SLACK_PX = 4; // a click or a tap moves less

/** Calls pan(dx, dy) and pinch(factor, [x, y]), in pixels of the window. */
export function watchGestures(root, { pan, pinch }) {
  const down = new Map();
  let travelled = 0;
  root.addEventListener("pointerdown", ({ pointerId, clientX, clientY }) => {
    if (!down.size) travelled = 0;
    down.set(pointerId, [clientX, clientY]);
  });
  const lift = ({ pointerId }) => down.delete(pointerId);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, lift);
  addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    if (!event.buttons) return lift(event); // let go outside of the window
    const now = [event.clientX, event.clientY];
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    travelled += Math.hypot(dx, dy);
    if (travelled < SLACK_PX) return;
    const other = [...down.entries()].find(([id]) => id !== event.pointerId)?.[1];
    down.set(event.pointerId, now);
    if (!other) return pan(dx, dy);
    pan(dx / 2, dy / 2);
    pinch(distance(now, other) / Math.max(distance(before, other), 1), middle(now, other));
  });
  const stop = (event) => {
    if (travelled >= SLACK_PX) event.stopPropagation(); // it was dragged, not clicked
    travelled = 0;
  };
  root.addEventListener("click", stop, true);
}

function distance([x0, y0], [x1, y1]) {
  return Math.hypot(x1 - x0, y1 - y0);
}

function middle([x0, y0], [x1, y1]) {
  return [(x0 + x1) / 2, (y0 + y1) / 2];
}
