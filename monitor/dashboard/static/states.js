// The states of a station: a word and a shape for each, so that none is told by colour alone.

import { svg } from "./text.js";

// From the worst to the best: the one place that says which is worse, for list, map and filter.
// Shapes are paths in a box of 16 by 16.
export const STATES = {
  alert: { label: "alert open", shape: "M8 1.5 15.5 14.5H.5z" },
  over: { label: "over threshold", shape: "M8 1 15 8 8 15 1 8z" },
  unscored: { label: "not scored", shape: "M.5 1.5H15.5L8 14.5z" },
  "source-silent": { label: "source silent", shape: "M1.5 3.5H14.5V6.5H1.5zM1.5 9.5H14.5V12.5H1.5z" },
  silent: { label: "silent", shape: "M1.5 6H14.5V10H1.5z" },
  "held-back": { label: "held back", shape: "M2 1.5H14L9.5 8 14 14.5H2L6.5 8z" },
  refused: {
    label: "records refused",
    shape: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM3.5 6.5V9.5H12.5V6.5z",
  },
  insufficient: {
    label: "too few samples",
    shape:
      "M2.5 4.5 4.5 2.5 8 6 11.5 2.5 13.5 4.5 10 8 13.5 11.5 11.5 13.5 8 10 4.5 13.5 2.5 11.5 6 8z",
  },
  calibrating: {
    label: "calibrating",
    shape: "M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13zM8 4a4 4 0 1 1 0 8a4 4 0 1 1 0-8z",
  },
  waiting: { label: "no window yet", shape: "M2 2H14V14H2zM4.5 4.5V11.5H11.5V4.5z" },
  ok: { label: "ok", shape: "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z" },
};

// An alert that is over: the triangle, empty.
const CLOSED = "M8 1.5 15.5 14.5H.5zM8 5.5 4 12.5H12z";

const RANK = Object.fromEntries(Object.keys(STATES).map((state, rank) => [state, rank]));

/** Compares stations for sorting: the worst state first, and codes of one state by the alphabet. */
export function worstFirst(a, b) {
  return RANK[a.state] - RANK[b.state] || (a.code < b.code ? -1 : Number(a.code > b.code));
}

/** How many stations there are in each state, the worst first. */
export function counted(stations) {
  const counts = new Map(Object.keys(STATES).map((state) => [state, 0]));
  for (const { state } of stations) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** The shape of a state, or of a closed alert, as a small picture; the word stands beside it. */
export function mark(state) {
  const path = svg("path", { d: STATES[state]?.shape ?? CLOSED, "fill-rule": "evenodd" });
  return svg("svg", { viewBox: "0 0 16 16", class: `mark ${state}`, "aria-hidden": "true" }, path);
}
