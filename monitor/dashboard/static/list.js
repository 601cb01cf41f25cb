// The list of stations: a list box with arrow keys in two dimensions, and codes to type.

import { STATES, mark } from "./states.js";
import { element, figure } from "./text.js";

const TYPING_MS = 900;

export class StationList {
  #store;
  #root = document.getElementById("stations");
  #items = new Map();
  #typed = "";
  #typedAt = 0;

  constructor(store) {
    this.#store = store;
    store.addEventListener("begin", () => this.#clear());
    store.addEventListener("stations", (event) => this.#update(event.detail));
    store.addEventListener("select", () => this.#choose());
    this.#root.addEventListener("click", (event) => {
      const code = event.target.closest("[data-code]")?.dataset.code;
      if (code) store.select(code);
    });
    this.#root.addEventListener("keydown", (event) => this.#key(event));
  }

  #clear() {
    this.#items.clear();
    this.#root.replaceChildren();
  }

  #update(stations) {
    for (const station of stations) this.#fill(this.#item(station.code), station);
    document.getElementById("stations-empty").hidden = this.#items.size > 0;
    const full = document.getElementById("stations-full");
    full.hidden = !this.#store.full;
    full.textContent = "There are more stations than are kept (MAGWATCH_DASHBOARD_STATIONS).";
  }

  #item(code) {
    if (!this.#items.has(code)) {
      const item = element("li", { role: "option", id: `option-${code}`, "data-code": code });
      const after = [...this.#items.keys()].sort().find((other) => other > code);
      this.#root.insertBefore(item, this.#items.get(after) ?? null);
      this.#items.set(code, item);
      item.setAttribute("aria-selected", String(code === this.#store.selected));
    }
    return this.#items.get(code);
  }

  #fill(item, { code, state, score, threshold }) {
    const text = score === null ? "" : figure(score);
    if (item.dataset.state !== state || !item.children.length) {
      item.dataset.state = state;
      const name = element("span", { class: "code" }, code);
      item.replaceChildren(mark(state), name, " ", element("span", { class: "score" }));
    }
    const over = score !== null && threshold !== null;
    const about = over ? ` ${text} of threshold ${figure(threshold)}` : "";
    item.lastChild.textContent = text;
    item.setAttribute("aria-label", `${code}${about}, ${STATES[state].label}`);
    item.title = item.getAttribute("aria-label");
  }

  #choose() {
    for (const [code, item] of this.#items) {
      item.setAttribute("aria-selected", String(code === this.#store.selected));
    }
    const chosen = this.#items.get(this.#store.selected);
    if (!chosen) return;
    this.#root.setAttribute("aria-activedescendant", chosen.id);
    const [top, bottom] = [chosen.offsetTop, chosen.offsetTop + chosen.offsetHeight];
    const { scrollTop, clientHeight } = this.#root;
    if (top < scrollTop) this.#root.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.#root.scrollTop = bottom - clientHeight;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...this.#root.children];
    if (!items.length) return;
    const at = Math.max(items.indexOf(this.#items.get(this.#store.selected)), 0);
    const next = this.#target(event.key, items, at);
    if (next === null) return;
    event.preventDefault();
    const chosen = items[Math.min(Math.max(next, 0), items.length - 1)];
    if (chosen.dataset.code !== this.#store.selected) this.#store.select(chosen.dataset.code);
  }

  #target(key, items, at) {
    const columns = items.filter((item) => item.offsetTop === items[0].offsetTop).length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (key in steps) return at + steps[key];
    if (key === "Home") return 0;
    if (key === "End") return items.length - 1;
    return /^[a-z0-9]$/i.test(key) ? this.#typing(key, items) : null;
  }

  #typing(key, items) {
    const now = performance.now();
    this.#typed = (now - this.#typedAt < TYPING_MS ? this.#typed : "") + key.toUpperCase();
    this.#typedAt = now;
    const found = items.findIndex((item) => item.dataset.code.startsWith(this.#typed));
    return found < 0 ? null : found;
  }
}
