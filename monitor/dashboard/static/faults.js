// What could not be shown, told in the footer: nothing fails in silence.

const byId = (id) => document.getElementById(id);
const faults = new Set(); // what could not be drawn here, each once

/** Records that the server left out: how many, and the newest one's fault. */
export function showLeftOut({ count, newest }) {
  const records = count === 1 ? "1 record" : `${count} records`;
  say("left-out", count ? `${records} could not be shown (${newest}).` : "");
}

/** Something that cannot be drawn: what it is, and the error. */
export function report(what, error) {
  const fault = `${what}: ${error?.message ?? error}`;
  if (faults.has(fault)) return;
  console.error(what, error);
  faults.add(fault);
  const things = faults.size === 1 ? "1 thing" : `${faults.size} things`;
  say("faults", `${things} could not be drawn (${fault}).`);
}

/** What `draw` makes of each item. One that it fails at is reported, and leaves the others be. */
export function each(what, items, draw) {
  const made = [];
  for (const item of items) {
    try {
      made.push(draw(item));
    } catch (error) {
      report(`${what} ${item.alert_id ?? item.code ?? item}`, error);
    }
  }
  return made;
}

function say(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}

addEventListener("error", (event) => report("page", event.error ?? event.message));
addEventListener("unhandledrejection", (event) => report("page", event.reason));
