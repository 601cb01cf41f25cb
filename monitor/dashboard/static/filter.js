// Which stations the list shows: buttons of the states, with counts, and a text in code or name.

import { STATES, counted, mark } from "./states.js";
import { element } from "./text.js";

const byId = (id) => document.getElementById(id);

/** Whether a station passes: any of the states, where some are chosen, and the text. */
export function passes({ code, name, state }, { states, text }) {
  const wanted = text.trim().toLowerCase();
  return (!states.size || states.has(state)) && `${code} ${name}`.toLowerCase().includes(wanted);
}

export class StationFilter {
  #store;
  #buttons = new Map();

  constructor(store) {
    this.#store = store;
    for (const [state, { label }] of Object.entries(STATES)) this.#add(state, label);
    byId("find").addEventListener("input", ({ target }) => {
      store.setFilter({ ...store.filter, text: target.value });
    });
    byId("filter-none").addEventListener("click", () => {
      store.setFilter({ states: new Set(), text: "" });
      byId("find").focus();
    });
    for (const name of ["stations", "filter"]) store.addEventListener(name, () => this.#draw());
  }

  #add(state, label) {
    const count = element("b");
    const button = element("button", { type: "button", "aria-pressed": "false" });
    button.append(mark(state), count, ` ${label}`);
    button.addEventListener("click", () => this.#toggle(state));
    byId("filter-states").append(button);
    this.#buttons.set(state, { button, count });
  }

  #toggle(state) {
    const states = new Set(this.#store.filter.states);
    if (!states.delete(state)) states.add(state);
    this.#store.setFilter({ ...this.#store.filter, states });
  }

  #draw() {
    const { filter, stations } = this.#store;
    const counts = counted(stations.values());
    for (const [state, { button, count }] of this.#buttons) {
      count.textContent = counts.get(state);
      button.setAttribute("aria-pressed", String(filter.states.has(state)));
      button.hidden = !counts.get(state) && !filter.states.has(state);
    }
    if (byId("find").value !== filter.text) byId("find").value = filter.text;
    const all = [...stations.values()];
    const shown = all.filter((station) => passes(station, filter)).length;
    byId("stations-count").textContent =
      shown === all.length ? `${shown}, worst first` : `${shown} of ${all.length}, worst first`;
    byId("filter-none").hidden = !filter.states.size && !filter.text;
    byId("stations-empty").hidden = shown > 0;
    byId("stations-empty").textContent = all.length
      ? "No station is like that."
      : "waiting for samples…";
  }
}
