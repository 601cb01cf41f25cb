// One chart in the page's colours: a thin layer over uPlot.

import { scale } from "./scales.js";
import { clock, day, element } from "./text.js";

/* global uPlot */
const sync = uPlot.sync("time");
const LEFT_PX = 68;
const LINE_PX = 17;
const charts = new Set();

/** A colour of the page as it is now, light or dark. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) chart.repaint();
});

export class Chart {
  #plot;
  #box;
  #readout;
  #series;
  #describe;

  /**
   * @param {HTMLElement} parent
   * @param {object} about title, height, series [{label, colour, width, dash}], log, axis (whether
   *   times are written below), plugins, onZoom(startMs, endMs), read(index) → text under the
   *   pointer, describe() → text for who cannot see it
   */
  constructor(parent, about) {
    this.#series = about.series;
    this.#describe = about.describe;
    this.#readout = element("span", { class: "readout" });
    const title = element("p", { class: "chart-title" }, ...keys(about));
    this.#box = element("div", { class: "chart", role: "img", "aria-label": about.title });
    parent.append(element("div", { class: "chart-frame" }, title, this.#box));
    title.append(this.#readout);
    this.#plot = new uPlot(
      this.#options(about),
      about.series.map(() => []).concat([[]]),
      this.#box,
    );
    charts.add(this);
    new ResizeObserver(() => this.#fit(about.height)).observe(this.#box);
  }

  /** Show values; `range` is [startMs, endMs]. */
  set(data, range) {
    this.#plot.batch(() => {
      this.#plot.setData(data, false);
      this.#plot.setScale("x", { min: range[0], max: range[1] });
    });
    this.#box.setAttribute("aria-label", this.#describe(data));
  }

  /** Width of the drawing in pixels, to ask for no more points than are seen. */
  get pixels() {
    return Math.max(Math.round(this.#plot.bbox.width), 100);
  }

  repaint() {
    this.#plot.redraw(false, true);
  }

  #fit(height) {
    const width = Math.floor(this.#box.clientWidth);
    if (width > 0) this.#plot.setSize({ width, height });
  }

  #options(about) {
    return {
      width: Math.max(this.#box.clientWidth, 300),
      height: about.height,
      ms: 1,
      tzDate: (ms) => uPlot.tzDate(new Date(ms), "Etc/UTC"),
      padding: [6, 26, about.axis ? 0 : 4, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
        sync: { key: sync.key, setSeries: false },
      },
      scales: { x: { time: true, range: (u, min, max) => [min, max] }, y: scale(about) },
      axes: [timeAxis(about.axis), valueAxis(about.log)],
      series: [{}, ...about.series.map(line)],
      plugins: about.plugins ?? [],
      hooks: {
        setSelect: [(u) => zoomed(u, about.onZoom)],
        setCursor: [(u) => this.#read(u, about)],
      },
    };
  }

  #read(u, about) {
    const index = u.cursor.idx;
    this.#readout.textContent =
      index === null || index === undefined ? "" : about.read(u.data, index);
  }
}

/** The title; beside it what the lines are, where there are two. */
function keys({ title, series }) {
  const named = series.filter(({ label }) => label);
  const key = ({ label, colour: name }) => element("span", { class: `key ${name}` }, label);
  return [element("strong", {}, title), ...named.map(key)];
}

function line({ colour: name, width = 1, dash, points = false }) {
  return {
    stroke: () => colour(name),
    width,
    dash,
    spanGaps: false,
    // where there is room, each value
    points: points
      ? { size: 5, fill: () => colour(name), stroke: () => colour(name) }
      : { show: false },
  };
}

function timeAxis(shown) {
  return {
    ...look(),
    size: shown ? 44 : 0,
    gap: 9,
    space: 70,
    values: shown ? (u, splits, axis, space, step) => times(splits, step) : () => [],
  };
}

function valueAxis(log) {
  const axis = {
    ...look(),
    size: LEFT_PX,
    space: 26,
    values: (u, splits) => splits.map(log ? (value) => written(value) : ticks(splits)),
  };
  if (!log) return axis;
  return { ...axis, filter: roundest, grid: { ...axis.grid, filter: roundest } };
}

function look() {
  return {
    stroke: () => colour("muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: () => colour("grid"), width: 1 },
    ticks: { show: false },
  };
}

/** The roundest of a logarithmic axis first, and no two nearer than a line of text. */
function roundest(u, splits) {
  const digit = (value) => Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9));
  const kept = new Map();
  for (const wanted of [1, 2, 5, 3, 4, 6, 7, 8, 9]) {
    for (const value of splits.filter((v) => digit(v) === wanted)) {
      const y = u.valToPos(value, "y");
      if ([...kept.values()].every((other) => Math.abs(other - y) > LINE_PX)) kept.set(value, y);
    }
  }
  return splits.map((value) => (kept.has(value) ? value : null));
}

function ticks(splits) {
  const known = splits.filter((value) => value !== null);
  const step = known.length > 1 ? Math.abs(known[1] - known[0]) : 1;
  const isWhole = (size) => Math.abs(size - Math.round(size)) < 1e-6;
  const decimals = [0, 1, 2, 3].find((n) => isWhole(step * 10 ** n)) ?? 4; // of 2.5: one
  return (value) => written(value, decimals);
}

/** A tick's value; of a logarithmic axis with all its decimals, since each has its own. */
function written(value, decimals = 9) {
  if (value === null) return "";
  return new Intl.NumberFormat("en-GB", { maximumFractionDigits: decimals })
    .format(value)
    .replace("-", "−");
}

function times(splits, step) {
  let shown = "";
  return splits.map((ms) => {
    const date = day(ms, false);
    const time = step >= 86_400_000 ? "" : clock(ms, step < 60_000);
    const text = date === shown ? time : `${time}\n${date}`;
    shown = date;
    return text;
  });
}

function zoomed(u, onZoom) {
  const { left, width } = u.select;
  if (width < 4) return;
  onZoom(u.posToVal(left, "x"), u.posToVal(left + width, "x"));
  u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}
