// Numbers with units and times in UTC, as text.

const formats = new Map();

/** A number with so many decimals, thousands separated; "–" where there is none. */
export function number(value, decimals = 2) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (!formats.has(decimals)) {
    const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
    formats.set(decimals, new Intl.NumberFormat("en-GB", digits));
  }
  return formats.get(decimals).format(value).replace("-", "−");
}

/** A figure of unknown size: three digits that count. */
export function figure(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return number(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** 17:05, or 17:05:09. */
export function clock(ms, seconds = false) {
  return new Date(ms).toISOString().slice(11, seconds ? 19 : 16);
}

/** 10 May 2024. */
export function day(ms, year = true) {
  const date = new Date(ms);
  const text = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
  return year ? `${text} ${date.getUTCFullYear()}` : text;
}

/** 10 May 2024 17:05. */
export function stamp(ms, seconds = false) {
  return `${day(ms)} ${clock(ms, seconds)}`;
}

/** From one time to another, the day said once where it is one. */
export function stretch(startMs, endMs) {
  const end = day(startMs) === day(endMs) ? clock(endMs) : stamp(endMs);
  return `${stamp(startMs)} – ${end}`;
}

/** 8 s, 4 min, 3 h 20 min, 2 d 4 h. */
export function duration(ms) {
  const s = Math.max(Math.round(ms / 1000), 0);
  if (s < 90) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 90) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
  return h % 24 ? `${Math.floor(h / 24)} d ${h % 24} h` : `${Math.floor(h / 24)} d`;
}

/** Quiet time in which a score comes once, in the words of `monitor/return_period.py`. */
export function returnPeriod(days) {
  if (days === null || days === undefined) return "–";
  if (days >= 365) return "over a year";
  if (days < 1 / 24) return "under an hour";
  return days >= 2 ? `${number(days, 0)} days` : `${number(days * 24, 0)} hours`;
}

/** 47.93° N, 15.86° E. */
export function place([lat, lon]) {
  const half = (value, plus, minus) => `${number(Math.abs(value), 2)}° ${value < 0 ? minus : plus}`;
  return `${half(lat, "N", "S")}, ${half(lon, "E", "W")}`;
}

/** An element with text and attributes; text never becomes markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
