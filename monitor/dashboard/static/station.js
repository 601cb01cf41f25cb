// One station in charts: field, score against threshold, and what the model made of the field.

import { Chart, colour } from "./chart.js";
import { each, report } from "./faults.js";
import { Lost, fetched } from "./fetched.js";
import { spans } from "./spans.js";
import { duration, element, figure, number, returnPeriod, stamp, stretch } from "./text.js";

const COMPONENTS = { H: "H, magnetic north", E: "E, magnetic east", Z: "Z, down" };
const HOUR_MS = 3_600_000;
const PAUSE_MS = 2000; // between two looks at a station whose data flow
const TABLE_ROWS = 12;
const byId = (id) => document.getElementById(id);

export class StationPanel {
  #store;
  #charts = null;
  #spanMs = 6 * HOUR_MS;
  #endMs = null; // null: live
  #asked = 0;
  #busy = false;
  #again = false;
  #timer = null;
  #shownUpTo = null;

  constructor(store) {
    this.#store = store;
    store.addEventListener("begin", () => this.#ranges());
    store.addEventListener("select", (event) => this.#selected(event.detail));
    store.addEventListener("stations", () => this.#stationChanged());
    store.addEventListener("alerts", () => this.#repaint());
    byId("earlier").addEventListener("click", () => this.#move(-0.5));
    byId("later").addEventListener("click", () => this.#move(0.5));
    byId("live").addEventListener("click", () => this.#show(this.#spanMs, null));
  }

  // ---- what is shown

  #ranges() {
    const whole = this.#store.hours;
    const hours = [...new Set([1, 3, 6, 12, 24, whole])].filter((h) => h <= whole);
    const root = byId("spans");
    if (root.querySelectorAll("input").length === hours.length) return;
    if (this.#spanMs > whole * HOUR_MS) this.#spanMs = whole * HOUR_MS;
    root.replaceChildren(root.querySelector("legend"));
    for (const h of hours.sort((a, b) => a - b)) {
      const text = h > 24 && h % 24 === 0 ? `${h / 24} d` : `${number(h, h % 1 ? 1 : 0)} h`;
      const input = element("input", { type: "radio", name: "span", value: h, id: `span-${h}` });
      input.checked = h * HOUR_MS === this.#spanMs;
      input.addEventListener("change", () => this.#show(h * HOUR_MS, this.#endMs));
      root.append(element("span", {}, input, element("label", { for: input.id }, text)));
    }
  }

  #show(spanMs, endMs) {
    [this.#spanMs, this.#endMs] = [spanMs, endMs === null ? null : Math.round(endMs)];
    for (const input of byId("spans").querySelectorAll("input")) {
      input.checked = Number(input.value) * HOUR_MS === spanMs;
    }
    byId("live").setAttribute("aria-pressed", String(this.#endMs === null));
    this.#refresh();
  }

  #move(part) {
    const { newest_ms: newest } = this.#store.station ?? {};
    if (!newest) return;
    const endMs = (this.#endMs ?? newest) + part * this.#spanMs;
    this.#show(this.#spanMs, endMs >= newest ? null : endMs);
  }

  #selected(moment) {
    const found = this.#store.station;
    byId("station-empty").hidden = Boolean(found);
    byId("station-body").hidden = !found;
    if (!found) return;
    this.#charts ??= this.#makeCharts();
    this.#shownUpTo = null;
    if (moment) this.#around(moment);
    else this.#show(this.#spanMs, null);
  }

  /** The time of an alert with as much before and after. */
  #around({ startMs, endMs }) {
    const longest = this.#store.hours * HOUR_MS;
    const spanMs = Math.min(Math.max(3 * (endMs - startMs), HOUR_MS), longest);
    this.#show(
      spanMs,
      Math.min((startMs + endMs + spanMs) / 2, this.#store.station.newest_ms ?? endMs),
    );
  }

  #stationChanged() {
    const found = this.#store.station;
    if (!found === byId("station-empty").hidden) return this.#selected(null);
    if (!found) return;
    const upTo = `${found.newest_ms} ${found.window_end_ms}`;
    if (this.#endMs === null && upTo !== this.#shownUpTo) this.#refreshSoon();
  }

  // ---- fetching

  /** New data: not more often than one can look. */
  #refreshSoon() {
    const wait = Math.max(this.#asked + PAUSE_MS - performance.now(), 0);
    this.#timer ??= setTimeout(() => this.#refresh(), wait);
  }

  /** At once: somebody asked. */
  async #refresh() {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#busy) return (this.#again = true);
    this.#busy = true;
    this.#again = false;
    this.#asked = performance.now();
    try {
      await this.#fetch();
    } catch (error) {
      // where the line is broken the banner says so; the next change brings us here again
      if (!(error instanceof Lost)) report("charts", error);
    }
    this.#busy = false;
    if (this.#again) this.#refresh();
  }

  async #fetch() {
    const { code, newest_ms: newest, window_end_ms: windowEnd } = this.#store.station;
    const end = this.#endMs === null ? "" : `end_ms=${this.#endMs}`;
    const path = `api/stations/${encodeURIComponent(code)}`;
    const pixels = this.#charts.field[0].pixels;
    const span = `span_ms=${Math.round(this.#spanMs)}&pixels=${pixels}`;
    const [trace, drawn] = await Promise.all([
      fetched(`${path}/trace?${span}&${end}`),
      fetched(`${path}/reconstruction?${end}`),
    ]);
    if (code !== this.#store.selected) return;
    this.#shownUpTo = `${newest} ${windowEnd}`;
    this.#draw(trace, drawn);
  }

  // ---- drawing

  #makeCharts() {
    const alerts = () => this.#store.alertsOf(this.#store.selected);
    const tint = (name) => colour(name) || colour("other");
    const onZoom = (startMs, endMs) => this.#show(Math.max(endMs - startMs, 30_000), endMs);
    const marked = (words) => [spans(alerts, tint, { words })];
    const names = Object.keys(COMPONENTS);
    const field = names.map(
      (name, n) =>
        new Chart(byId("field"), {
          title: COMPONENTS[name],
          height: n === 2 ? 158 : 122,
          axis: n === 2,
          onZoom,
          series: [{ colour: "trace", width: 1 }],
          plugins: marked(false),
          read: ([t, v], i) => `${number(v[i])} nT at ${stamp(t[i], true)}`,
          describe: ([t, v]) => `${COMPONENTS[name]}: ${summary(t, v, "nT")}`,
        }),
    );
    const score = new Chart(byId("score"), {
      title: "Each window",
      height: 190,
      axis: true,
      log: true,
      onZoom,
      plugins: marked(true),
      series: [
        { label: "score", colour: "score", width: 1.5, points: true },
        { label: "threshold", colour: "alert", width: 1.5, dash: [6, 4] },
      ],
      read: ([t, v, limit], i) =>
        v[i] === null
          ? "no score"
          : `${figure(v[i])} of ${figure(limit[i])}, window to ${stamp(t[i], true)}`,
      describe: ([t, v, limit]) =>
        `Score of each window: ${summary(t, v, "")}; ${over(v, limit)} windows over the threshold`,
    });
    const model = names.map(
      (name, n) =>
        new Chart(byId("model"), {
          title: COMPONENTS[name],
          height: n === 2 ? 158 : 118,
          axis: n === 2,
          onZoom,
          series: [
            { colour: "trace", width: 1.25 },
            { colour: "rebuilt", width: 1.25 },
          ],
          read: ([t, v, w], i) =>
            v[i] === null
              ? ""
              : `field ${number(v[i], 3)} nT, reconstruction ${number(w[i], 3)} nT`,
          describe: ([t, v]) => `Band-passed ${COMPONENTS[name]}: ${summary(t, v, "nT")}`,
        }),
    );
    return { field, score, model };
  }

  #draw(trace, drawn) {
    const range = [trace.end_ms - this.#spanMs, trace.end_ms];
    this.#words(trace, drawn, range);
    const names = Object.keys(COMPONENTS);
    const { end_ms: ends, rmse, threshold } = trace.scores;
    const times = drawn.time_ms;
    const gone = times.map(() => null);
    const within = times.length ? [times[0], times.at(-1)] : range;
    each("chart of the field,", names, (name) => {
      const { at, nt } = trace.field[name];
      const moments = at.map((i) => trace.start_ms + i * trace.cadence_ms);
      this.#charts.field[names.indexOf(name)].set([moments, nt], range);
    });
    each("chart of", ["scores"], () => this.#charts.score.set([ends, rmse, threshold], range));
    each("chart of the model,", names, (name) => {
      const rebuilt = drawn.reconstruction_nt[name] ?? gone;
      this.#charts.model[names.indexOf(name)].set(
        [times, drawn.filtered_nt[name], rebuilt],
        within,
      );
    });
  }

  #words(trace, drawn, range) {
    const detail =
      trace.columns > 2
        ? `, lowest and highest of each ${duration(trace.columns * trace.cadence_ms)}`
        : "";
    byId("shown").textContent = `${stretch(...range)} UTC${detail}`;
    byId("band").replaceChildren(...this.#bandWords(drawn));
    const rows = trace.scores.end_ms
      .map((_, n) => n)
      .slice(-TABLE_ROWS)
      .reverse();
    byId("windows").replaceChildren(...rows.map((n) => windowRow(trace.scores, n)));
  }

  #bandWords(drawn) {
    const { name, version, band_hz: band } = this.#store.model;
    if (!drawn.time_ms.length) return ["Not enough samples yet for a window of the model."];
    const limits = band.map((hz) => Number((hz * 1000).toPrecision(3))).join(" – ");
    const when = stretch(drawn.time_ms[0], drawn.time_ms.at(-1));
    const known = Object.keys(drawn.reconstruction_nt).length > 0;
    const without = " Without a profile of this station there is no reconstruction.";
    return [
      element("span", { class: "key trace" }, `field, ${limits} mHz`),
      element("span", { class: "key rebuilt" }, `reconstruction by ${name} ${version}`),
      `${when} UTC.${known ? " Where the two part, the score rises." : without}`,
    ];
  }

  #repaint() {
    if (this.#charts) [...this.#charts.field, this.#charts.score].forEach((c) => c.repaint());
  }
}

function summary(times, values, unit) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return "no data";
  let [low, high] = [Infinity, -Infinity];
  for (const value of known) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return `${stretch(times[0], times.at(-1))} UTC, from ${number(low)} to ${number(high)} ${unit}, last ${number(known.at(-1))} ${unit}`;
}

function over(values, limits) {
  return values.filter((value, n) => value !== null && value > limits[n]).length;
}

function windowRow(scores, n) {
  const cells = [
    stamp(scores.end_ms[n], true),
    scores.quality[n] ?? "–",
    figure(scores.rmse[n]),
    figure(scores.threshold[n]),
    returnPeriod(scores.return_period_days[n]),
    scores.completeness[n] === null ? "–" : `${number(scores.completeness[n] * 100, 0)} %`,
  ];
  return element("tr", {}, ...cells.map((text) => element("td", {}, text)));
}
