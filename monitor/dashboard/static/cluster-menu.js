// What a circle on the map stands for: its stations, the worst first, to choose from.

import { each } from "./faults.js";
import { STATES, mark, worstFirst } from "./states.js";
import { element } from "./text.js";

const byId = (id) => document.getElementById(id);

export class ClusterMenu {
  #store;
  #codes = [];
  #root = byId("cluster");
  #before = null; // what had the focus

  /** `zoom` is called with the stations to look closer at. */
  constructor(store, zoom) {
    this.#store = store;
    store.addEventListener("stations", () => this.#draw());
    this.#root.addEventListener("click", ({ target }) => {
      const code = target.closest("[data-code]")?.dataset.code;
      if (code) store.select(code);
      if (code || target.id === "cluster-close") this.close();
    });
    byId("cluster-zoom").addEventListener("click", () => {
      this.close(); // first, so that the focus stays on the map
      zoom(this.#codes);
    });
    this.#root.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
  }

  open(codes, canZoom) {
    this.#codes = codes;
    this.#before = document.activeElement;
    this.#root.hidden = false;
    byId("cluster-zoom").hidden = !canZoom;
    this.#draw();
    byId("cluster-stations").querySelector("button")?.focus();
  }

  close() {
    if (this.#root.hidden) return;
    this.#root.hidden = true;
    this.#before?.focus({ preventScroll: true });
  }

  #draw() {
    if (this.#root.hidden) return;
    const list = byId("cluster-stations");
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.code;
    const found = this.#codes.map((code) => this.#store.stations.get(code)).filter(Boolean);
    byId("cluster-title").textContent = `${found.length} stations here`;
    list.replaceChildren(...each("station", found.sort(worstFirst), row));
    if (focused) list.querySelector(`[data-code="${focused}"]`)?.focus();
  }
}

function row({ code, name, state }) {
  const text = [code, name, STATES[state].label].filter(Boolean).join(", ");
  const about = { type: "button", "data-code": code, title: text };
  return element("li", {}, element("button", about, mark(state), ` ${text}`));
}
