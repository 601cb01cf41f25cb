// Stations on an equirectangular map. The list beside it is the same by keyboard.

import { RANK, STATES } from "./states.js";
import { element, svg } from "./text.js";
import { LAND } from "./vendor/world.js";

const MARK_PX = [8, 13]; // the world, and nearer
const PADDING_PX = 36;
const CLOSEST = 60; // pixels to a degree
const NEAREST_DEG = 24; // what is shown around one single station

export class StationMap {
  #store;
  #root = document.getElementById("map");
  #land = svg("path", { d: LAND, class: "land" });
  #grid = svg("path", { class: "grid" });
  #marks = svg("g", { class: "marks" });
  #items = new Map();
  #size = { width: 400, height: 220 };
  #view = null; // centre in degrees, scale in pixels to a degree
  #moved = false;

  constructor(store) {
    this.#store = store;
    this.#root.append(this.#grid, this.#land, this.#marks);
    const click = (id, act) => document.getElementById(id).addEventListener("click", act);
    click("zoom-in", () => this.#zoom(1.6));
    click("zoom-out", () => this.#zoom(1 / 1.6));
    click("zoom-fit", () => this.#fit());
    click("zoom-world", () => this.#world());
    this.#drag();
    this.#root.addEventListener("click", (event) => {
      const code = event.target.closest?.("[data-code]")?.dataset.code;
      if (code) store.select(code);
    });
    store.addEventListener("begin", () => this.#clear());
    store.addEventListener("stations", () => this.#update());
    store.addEventListener("select", () => this.#draw());
    new ResizeObserver(() => this.#resize()).observe(this.#root);
  }

  #clear() {
    this.#items.clear();
    this.#marks.replaceChildren();
  }

  #update() {
    const known = this.#items.size;
    let changed = false;
    for (const station of this.#store.stations.values()) {
      if (!station.position_deg) continue;
      const item = this.#items.get(station.code) ?? this.#add(station);
      if (item.state === station.state) continue;
      this.#mark(item, station);
      changed = true;
    }
    this.#describe();
    if (this.#items.size !== known && !this.#moved) this.#fit(false);
    else if (changed) this.#draw();
  }

  #add(station) {
    const shape = svg("path", { "fill-rule": "evenodd" });
    const label = svg("text", { x: 9, y: 4 });
    label.textContent = station.code;
    const title = svg("title");
    const group = svg("g", { class: "station", "data-code": station.code }, title, shape, label);
    this.#marks.append(group);
    const [lat, lon] = station.position_deg;
    const item = { code: station.code, lat, lon, group, shape, label, title, state: null };
    this.#items.set(station.code, item);
    return item;
  }

  #mark(item, { state, code }) {
    item.state = state;
    item.shape.setAttribute("d", STATES[state].shape);
    item.title.textContent = `${code}: ${STATES[state].label}`;
  }

  #describe() {
    const all = [...this.#store.stations.values()];
    const loud = all.filter((station) => station.state === "alert").map(({ code }) => code);
    const what = loud.length ? `open alerts at ${loud.join(", ")}` : "no open alert";
    this.#root.setAttribute("aria-label", `Map of ${this.#items.size} stations; ${what}`);
    const beside = all.filter((station) => !station.position_deg).map(({ code }) => code);
    const note = document.getElementById("unplaced");
    note.hidden = !beside.length;
    const named = beside.slice(0, 12).join(", ") + (beside.length > 12 ? ", …" : "");
    note.replaceChildren(`Not on the map, for want of a position: ${named} (`);
    note.append(element("code", {}, "--stations FILE"), ")");
  }

  // ---- view

  #world() {
    this.#moved = true;
    this.#show({ lat: 0, lon: 0, scale: this.#size.width / 360 });
  }

  #fit(asked = true) {
    this.#moved = asked;
    const items = [...this.#items.values()];
    if (!items.length) return this.#show({ lat: 0, lon: 0, scale: this.#size.width / 360 });
    const [south, north] = bounds(items.map((item) => item.lat));
    const [west, east] = bounds(items.map((item) => item.lon));
    const { width, height } = this.#size;
    const wide = (width - 2 * PADDING_PX) / Math.max(east - west, NEAREST_DEG);
    const high = (height - 2 * PADDING_PX) / Math.max(north - south, NEAREST_DEG / 2);
    this.#show({ lat: (south + north) / 2, lon: (west + east) / 2, scale: Math.min(wide, high) });
  }

  /** Nearer to the chosen station, where it is on the map: there is no dragging by keyboard. */
  #zoom(factor) {
    this.#moved = true;
    const { lat, lon } = this.#items.get(this.#store.selected) ?? this.#view;
    const centre = factor > 1 ? { lat, lon } : this.#view;
    this.#show({ ...centre, scale: this.#view.scale * factor });
  }

  #show(view) {
    const { width, height } = this.#size;
    const scale = Math.min(Math.max(view.scale, width / 360), CLOSEST);
    const within = (centre, half, limit) =>
      half >= limit ? 0 : Math.min(Math.max(centre, half - limit), limit - half);
    this.#view = {
      scale,
      lon: within(view.lon, width / 2 / scale, 180),
      lat: within(view.lat, height / 2 / scale, 90),
    };
    this.#draw();
  }

  #resize() {
    const { width, height } = this.#root.getBoundingClientRect();
    if (!width) return;
    this.#size = { width, height };
    this.#root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (this.#moved) this.#show(this.#view);
    else this.#fit(false);
  }

  #xy(lat, lon) {
    const { lat: lat0, lon: lon0, scale } = this.#view;
    return [
      this.#size.width / 2 + (lon - lon0) * scale,
      this.#size.height / 2 - (lat - lat0) * scale,
    ];
  }

  #draw() {
    if (!this.#view) return;
    const [x, y] = this.#xy(0, 0);
    const tenth = this.#view.scale / 10;
    this.#land.setAttribute("transform", `translate(${x} ${y}) scale(${tenth})`);
    this.#grid.setAttribute("d", this.#lines());
    const order = [...this.#items.values()].sort((a, b) => this.#weight(b) - this.#weight(a));
    const taken = [];
    const met = new Map();
    for (const item of order) this.#put(item, met, taken);
    for (const item of order.reverse()) this.#marks.append(item.group); // the urgent ones on top
  }

  #weight(item) {
    return RANK[item.state] - (item.code === this.#store.selected ? 100 : 0);
  }

  /** Place a mark, beside those at the same place, and its code where there is room. */
  #put(item, met, taken) {
    const key = `${item.lat.toFixed(1)} ${item.lon.toFixed(1)}`;
    const before = met.get(key) ?? 0;
    met.set(key, before + 1);
    const [x, y0] = this.#xy(item.lat, item.lon);
    const px = MARK_PX[this.#view.scale > 3 ? 1 : 0];
    const y = y0 + before * (px + 4);
    item.shape.setAttribute("transform", `scale(${px / 16}) translate(-8 -8)`);
    item.group.setAttribute("transform", `translate(${x} ${y})`);
    const chosen = item.code === this.#store.selected;
    item.group.setAttribute("class", `station ${item.state}${chosen ? " selected" : ""}`);
    const box = [x + 8, y - 7, x + 40, y + 7];
    const free = !taken.some((other) => overlap(box, other));
    const wanted = chosen || ["alert", "over"].includes(item.state) || this.#view.scale > 6;
    item.label.classList.toggle("hidden", !(free && wanted));
    taken.push([x - 7, y - 7, x + 7, y + 7], ...(free && wanted ? [box] : []));
  }

  #lines() {
    const parts = [];
    for (let lon = -180; lon <= 180; lon += 30)
      parts.push([
        [90, lon],
        [-90, lon],
      ]);
    for (let lat = -90; lat <= 90; lat += 30)
      parts.push([
        [lat, -180],
        [lat, 180],
      ]);
    return parts.map(([a, b]) => `M${this.#xy(...a)}L${this.#xy(...b)}`).join("");
  }

  #drag() {
    let last = null;
    this.#root.addEventListener("pointerdown", (event) => {
      last = [event.clientX, event.clientY];
    });
    addEventListener("pointerup", () => (last = null));
    addEventListener("pointermove", (event) => {
      if (!last || event.pointerType === "touch") return;
      const [dx, dy] = [event.clientX - last[0], event.clientY - last[1]];
      last = [event.clientX, event.clientY];
      const { lat, lon, scale } = this.#view;
      this.#moved = true;
      this.#show({ lat: lat + dy / scale, lon: lon - dx / scale, scale });
    });
  }
}

function bounds(values) {
  return [Math.min(...values), Math.max(...values)];
}

function overlap(a, b) {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}
