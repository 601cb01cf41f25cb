// The fragment of the address, #CODE?state=silent,alert&find=con: the chosen station and the filter
// of the list, so that both outlive a reload and can be sent to somebody.

import { STATES } from "./states.js";

export function readAddress() {
  const [code, query = ""] = location.hash.slice(1).split("?");
  const given = new URLSearchParams(query);
  const states = (given.get("state") ?? "")
    .split(",")
    .filter((state) => Object.hasOwn(STATES, state));
  return { code, filter: { states: new Set(states), text: given.get("find") ?? "" } };
}

export function writeAddress(code, { states, text }) {
  const given = [];
  if (states.size) given.push(`state=${[...states].join(",")}`);
  if (text) given.push(`find=${encodeURIComponent(text)}`);
  const query = given.length ? `?${given.join("&")}` : "";
  history.replaceState(null, "", `#${code ?? ""}${query}`);
}
