// The list of stations, the worst first: one stop of the Tab key, with arrow keys in two
// dimensions, Home, End and codes to type inside it.

import { each } from "./faults.js";
import { passes } from "./filter.js";
import { STATES, mark, worstFirst } from "./states.js";
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
    store.addEventListener("filter", () => this.#arrange());
    store.addEventListener("select", () => this.#choose());
    this.#root.addEventListener("click", (event) => {
      const code = event.target.closest("[data-code]")?.dataset.code;
      if (code) store.select(code);
    });
    this.#root.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Put the focus on the list's one stop. */
  focus() {
    this.#root.querySelector("[tabindex='0']")?.focus();
  }

  #clear() {
    this.#items.clear();
    this.#root.replaceChildren();
  }

  #update(stations) {
    each("station", stations, (station) => this.#fill(this.#item(station.code), station));
    this.#arrange();
    const full = document.getElementById("stations-full");
    full.hidden = !this.#store.full;
    full.textContent = "There are more stations than are kept (MAGWATCH_DASHBOARD_STATIONS).";
  }

  #item(code) {
    if (!this.#items.has(code)) {
      const item = element("li", { role: "option", id: `option-${code}`, "data-code": code });
      this.#items.set(code, item);
    }
    return this.#items.get(code);
  }

  #fill(item, { code, name, state, score, threshold }) {
    const text = score === null ? "" : figure(score);
    if (item.dataset.state !== state || !item.children.length) {
      item.dataset.state = state;
      const title = element("span", { class: "code" }, code);
      item.replaceChildren(mark(state), title, " ", element("span", { class: "score" }));
    }
    const over = score !== null && threshold !== null;
    const about = over ? ` ${text} of threshold ${figure(threshold)}` : "";
    item.lastChild.textContent = text;
    const named = name ? `${code} (${name})` : code;
    item.setAttribute("aria-label", `${named}${about}, ${STATES[state].label}`);
    item.title = item.getAttribute("aria-label");
  }

  /** The stations that pass the filter in their order; only what is out of place is moved. */
  #arrange() {
    const shown = [...this.#store.stations.values()]
      .filter((station) => passes(station, this.#store.filter))
      .sort(worstFirst)
      .map(({ code }) => this.#items.get(code));
    const focused = this.#root.contains(document.activeElement) ? document.activeElement : null;
    const wanted = new Set(shown);
    for (const item of [...this.#root.children]) if (!wanted.has(item)) item.remove();
    shown.forEach((item, n) => {
      const there = this.#root.children[n] ?? null;
      if (item !== there) this.#root.insertBefore(item, there);
    });
    this.#choose(false);
    if (focused?.isConnected)
      focused.focus({ preventScroll: true }); // what is moved loses it
    else if (focused) this.focus();
  }

  /** Mark the chosen station; it is where the Tab key stops, or else the first one. */
  #choose(scroll = true) {
    const chosen = this.#items.get(this.#store.selected);
    const stop = chosen?.isConnected ? chosen : this.#root.firstChild;
    for (const item of this.#root.children) {
      item.setAttribute("aria-selected", String(item === chosen));
      item.tabIndex = item === stop ? 0 : -1;
    }
    if (!scroll || !chosen?.isConnected) return;
    const [top, bottom] = [chosen.offsetTop, chosen.offsetTop + chosen.offsetHeight];
    const { scrollTop, clientHeight } = this.#root;
    if (top < scrollTop) this.#root.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.#root.scrollTop = bottom - clientHeight;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const items = [...this.#root.children];
    const at = Math.max(items.indexOf(document.activeElement), 0);
    const next = items.length ? this.#target(event.key, items, at) : null;
    if (next === null) return;
    event.preventDefault();
    const chosen = items[Math.min(Math.max(next, 0), items.length - 1)];
    chosen.focus({ preventScroll: true });
    if (chosen.dataset.code !== this.#store.selected) this.#store.select(chosen.dataset.code);
  }

  #target(key, items, at) {
    const columns = items.filter((item) => item.offsetTop === items[0].offsetTop).length;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    if (key in steps) return at + steps[key];
    if (key === "Home") return 0;
    if (key === "End") return items.length - 1;
    if (key === "Enter" || key === " ") return at;
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
