// Stations on an equirectangular map. The list beside it is the same in words.

import { ClusterMenu } from "./cluster-menu.js";
import { clustered, labelPlaces } from "./clusters.js";
import { each } from "./faults.js";
import { watchGestures } from "./gestures.js";
import { Marks } from "./marks.js";
import { worstFirst } from "./states.js";
import { element, svg } from "./text.js";
import { LAND } from "./vendor/world.js";

const HALF_PX = { one: 8, many: 14 }; // of a mark, its rim included
const TOUCH = matchMedia("(pointer: coarse), (max-width: 900px)"); // as in the style sheet
const PADDING_PX = 36;
const CLOSEST = 60; // pixels to a degree
const NEAREST_DEG = 24; // what is shown around one single station
const NAMED = 3; // stations of a circle whose codes stand beside it
const LABEL_PX = { font: "600 11px system-ui, sans-serif", height: 15, rim: 4 };

export class StationMap {
  #store;
  #root = document.getElementById("map");
  #land = svg("path", { d: LAND, class: "land" });
  #grid = svg("path", { class: "grid" });
  #marks;
  #menu;
  #ink = document.createElement("canvas").getContext("2d"); // measures texts
  #size = { width: 400, height: 220 };
  #view = null; // centre in degrees, scale in pixels to a degree
  #moved = false;
  #placed = []; // stations with a position, the worst first

  constructor(store) {
    this.#store = store;
    this.#root.append(this.#grid, this.#land);
    this.#marks = new Marks(this.#root, (stations) => this.#open(stations));
    this.#menu = new ClusterMenu(store, (codes) => {
      this.#show(
        this.#around(
          this.#placed.filter(({ code }) => codes.includes(code)),
          0.1,
        ),
      );
    });
    this.#root.addEventListener("pointerdown", () => this.#menu.close());
    const click = (id, act) => document.getElementById(id).addEventListener("click", act);
    click("zoom-in", () => this.#zoom(1.6));
    click("zoom-out", () => this.#zoom(1 / 1.6));
    click("zoom-fit", () => this.#showAll());
    click("zoom-world", () => this.#show(this.#world));
    watchGestures(this.#root, {
      pan: (dx, dy) => this.#pan(dx, dy),
      pinch: (factor, at) => this.#pinch(factor, at),
    });
    store.addEventListener("stations", () => this.#update());
    store.addEventListener("select", () => this.#draw());
    TOUCH.addEventListener("change", () => this.#draw());
    new ResizeObserver(() => this.#resize()).observe(this.#root);
  }

  #update() {
    const known = this.#placed.length;
    const all = [...this.#store.stations.values()].sort(worstFirst);
    this.#placed = all.filter((station) => station.position_deg);
    this.#describe(all);
    if (this.#placed.length !== known && !this.#moved) this.#showAll();
    else this.#draw();
  }

  #open(stations) {
    if (stations.length === 1) return this.#store.select(stations[0].code);
    const apart = (n) => {
      const [least, most] = bounds(stations.map(({ position_deg: deg }) => deg[n]));
      return (most - least) * CLOSEST > this.#gap;
    };
    this.#menu.open(
      stations.map(({ code }) => code),
      apart(0) || apart(1),
    );
  }

  #describe(all) {
    const loud = all.filter(({ state }) => state === "alert").map(({ code }) => code);
    const what = loud.length ? `open alerts at ${loud.join(", ")}` : "no open alert";
    this.#root.setAttribute("aria-label", `Map of ${this.#placed.length} stations; ${what}`);
    const beside = all
      .filter((station) => !station.position_deg)
      .map(({ code }) => code)
      .sort();
    const note = document.getElementById("unplaced");
    note.hidden = !beside.length;
    const named = beside.slice(0, 12).join(", ") + (beside.length > 12 ? ", …" : "");
    note.replaceChildren(`Not on the map, for want of a position: ${named} (`);
    note.append(element("code", {}, "--stations FILE"), ")");
  }

  // ---- view

  get #world() {
    return { lat: 0, lon: 0, scale: this.#size.width / 360 };
  }

  #around(stations, leastDeg = NEAREST_DEG) {
    if (!stations.length) return this.#world;
    const along = (n) => bounds(stations.map(({ position_deg: deg }) => deg[n]));
    const [[south, north], [west, east]] = [along(0), along(1)];
    const { width, height } = this.#size;
    const wide = (width - 2 * PADDING_PX) / Math.max(east - west, leastDeg);
    const high = (height - 2 * PADDING_PX) / Math.max(north - south, leastDeg / 2);
    return { lat: (south + north) / 2, lon: (west + east) / 2, scale: Math.min(wide, high) };
  }

  /** All stations, and those to come, until somebody moves the map. */
  #showAll() {
    this.#show(this.#around(this.#placed), false);
  }

  /** Nearer to the chosen station, where it is on the map: there is no dragging by keyboard. */
  #zoom(factor) {
    const [lat, lon] = this.#store.station?.position_deg ?? [this.#view.lat, this.#view.lon];
    const centre = factor > 1 ? { lat, lon } : this.#view;
    this.#show({ ...centre, scale: this.#view.scale * factor });
  }

  #pan(dx, dy) {
    const { lat, lon, scale } = this.#view;
    this.#show({ lat: lat + dy / scale, lon: lon - dx / scale, scale });
  }

  /** Nearer or farther around a point of the window, which stays where it is. */
  #pinch(factor, [clientX, clientY]) {
    const { left, top } = this.#root.getBoundingClientRect();
    const [x, y] = [clientX - left - this.#size.width / 2, clientY - top - this.#size.height / 2];
    const { lat, lon, scale } = this.#view;
    const next = this.#within(scale * factor);
    const moved = 1 / scale - 1 / next;
    this.#show({ lat: lat - y * moved, lon: lon + x * moved, scale: next });
  }

  #within(scale) {
    return Math.min(Math.max(scale, this.#size.width / 360), CLOSEST);
  }

  #show(view, moved = true) {
    const { width, height } = this.#size;
    const scale = this.#within(view.scale);
    const within = (centre, half, limit) =>
      half >= limit ? 0 : Math.min(Math.max(centre, half - limit), limit - half);
    this.#moved = moved;
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
    else this.#showAll();
  }

  // ---- drawing

  get #target() {
    return TOUCH.matches ? 40 : 2 * HALF_PX.many;
  }

  get #gap() {
    return this.#target + 2;
  }

  #draw() {
    if (!this.#view) return;
    const [x, y] = this.#xy([0, 0]);
    this.#land.setAttribute("transform", `translate(${x} ${y}) scale(${this.#view.scale / 10})`);
    this.#grid.setAttribute("d", this.#lines());
    const points = each("station", this.#placed, (station) => this.#point(station)).filter(Boolean);
    const groups = clustered(points, this.#gap).map((group) => this.#group(group));
    this.#marks.draw(groups, labelPlaces(groups, this.#size), this.#target);
  }

  /** Where a station is on the screen, moved in from the edge by as much as its mark needs. */
  #point(station) {
    const [x, y] = this.#xy(station.position_deg);
    const { width, height } = this.#size;
    if (!(x >= 0 && x <= width && y >= 0 && y <= height)) return null;
    const inside = (at, size) => Math.min(Math.max(at, this.#target / 2), size - this.#target / 2);
    return { x: inside(x, width), y: inside(y, height), station };
  }

  #group({ x, y, members }) {
    const stations = members.map(({ station }) => station);
    const chosen = stations.find(({ code }) => code === this.#store.selected);
    const half = members.length > 1 ? HALF_PX.many : HALF_PX.one;
    const texts = this.#texts(stations, chosen);
    return { x, y, half, members: stations, chosen: Boolean(chosen), texts };
  }

  /** The codes of a few; of more only the chosen one's, or that of an alert. */
  #texts(stations, chosen) {
    const codes = stations.map(({ code }) => code);
    const loud = stations[0].state === "alert" ? stations[0] : null;
    const texts = codes.length <= NAMED ? [codes.join(", ")] : [];
    if (chosen ?? loud) texts.push((chosen ?? loud).code);
    this.#ink.font = LABEL_PX.font;
    return texts.map((text) => {
      const width = this.#ink.measureText(text).width + LABEL_PX.rim;
      return { text, width, height: LABEL_PX.height };
    });
  }

  #xy([lat, lon]) {
    const { lat: lat0, lon: lon0, scale } = this.#view;
    return [
      this.#size.width / 2 + (lon - lon0) * scale,
      this.#size.height / 2 - (lat - lat0) * scale,
    ];
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
    return parts.map(([a, b]) => `M${this.#xy(a)}L${this.#xy(b)}`).join("");
  }
}

function bounds(values) {
  return [Math.min(...values), Math.max(...values)];
}
