// What is known of the chosen station now: its name, state, place, and a few figures.

import { STATES, mark } from "./states.js";
import { duration, element, figure, number, place, returnPeriod, stamp } from "./text.js";

const byId = (id) => document.getElementById(id);

export class Facts {
  #store;
  #values = new Map();

  constructor(store) {
    this.#store = store;
    store.addEventListener("select", () => this.#show());
    store.addEventListener("stations", () => this.#show());
    setInterval(() => this.#show(), 1000);
  }

  #show() {
    const found = this.#store.station;
    if (!found) return;
    byId("station-title").textContent = found.code;
    const known = found.position_deg ? place(found.position_deg) : "position not known";
    byId("station-place").textContent = [found.name, known].filter(Boolean).join(" · ");
    const badge = byId("station-state");
    if (badge.dataset.state !== found.state) {
      badge.dataset.state = found.state;
      badge.className = `badge ${found.state}`;
      badge.replaceChildren(mark(found.state), STATES[found.state].label);
    }
    for (const [term, text] of Object.entries(figures(found, this.#store.now))) {
      const value = this.#value(term);
      if (value.textContent !== text) value.textContent = text; // so that text can be selected
    }
  }

  #value(term) {
    if (!this.#values.has(term)) {
      const value = element("dd");
      byId("facts").append(element("div", {}, element("dt", {}, term), value));
      this.#values.set(term, value);
    }
    return this.#values.get(term);
  }
}

function figures(station, now) {
  const { newest_ms: newest, received_ms: received, field_nt: field, score, threshold } = station;
  return {
    "newest sample": newest === null ? "none" : `${stamp(newest, true)} UTC`,
    received: received === null ? "never" : `${duration(now - received)} ago`,
    "H, E, Z": `${["H", "E", "Z"].map((name) => number(field?.[name])).join("  ")} nT`,
    score: score === null ? (station.quality ?? "–") : `${figure(score)} of ${figure(threshold)}`,
    "in quiet data, once in": returnPeriod(station.return_period_days),
    "false alerts": station.promise || "not counted",
  };
}
