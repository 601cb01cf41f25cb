// What is wrong with the chosen station, in a sentence each: why it is not scored.

import { duration, element, stamp } from "./text.js";

export class Notices {
  #store;
  #root = document.getElementById("notices");
  #shown = "";

  constructor(store) {
    this.#store = store;
    store.addEventListener("select", () => this.#show());
    store.addEventListener("stations", () => this.#show());
    setInterval(() => this.#show(), 1000);
  }

  #show() {
    const { station, now } = this.#store;
    const texts = station ? [unscored, heldBack, sourceSilent, refused].map((say) => say(station, now)) : [];
    const told = texts.filter(Boolean);
    if (told.join() === this.#shown) return;
    this.#shown = told.join();
    this.#root.replaceChildren(...told.map((text) => element("p", {}, text)));
  }
}

function unscored({ unscored: left, window_end_ms: end, newest_ms: newest }) {
  if (!left) return null;
  const last = end === null ? "no window has been decided" : `the last window ends ${stamp(end)} UTC`;
  return `Not scored: ${last}, samples run on to ${stamp(newest)} UTC, and no worker takes them.`;
}

function heldBack({ ahead_ms: ahead }, now) {
  if (ahead === null) return null;
  return `Held back: a sample of ${stamp(ahead, true)} UTC is ${duration(ahead - now)} ahead of the clock, so all that comes before then is late and not scored. Is the station's clock right? What to do is in the runbook under MagwatchStationHeldBack.`;
}

function sourceSilent({ source }, now) {
  if (!source) return null;
  const said = source.said ? ` (${source.said})` : "";
  return `Source silent: for ${duration(now - source.since_ms)} no source of the station has brought values to magwatch ingest${said}.`;
}

function refused({ refused: found }, now) {
  if (!found) return null;
  const records = found.count === 1 ? "1 record was" : `${found.count} records were`;
  return `Refused: ${records} not taken, the newest ${duration(now - found.newest_ms)} ago (${found.reason}: ${found.detail}).`;
}
