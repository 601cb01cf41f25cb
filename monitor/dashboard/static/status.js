// Pill and banner: what the connection is like, and which stations nobody scores, in words.

import { stamp } from "./text.js";

const NAMED = 6; // stations; of more only the number is said
const byId = (id) => document.getElementById(id);

export function showStatus(store) {
  const [text, banner] = words(store)[connection(store)];
  byId("link").dataset.kind = connection(store);
  say(byId("link-text"), text);
  const told = banner ?? unscored([...store.stations.values()]);
  say(byId("banner"), told ?? "");
  byId("banner").hidden = !told;
}

function connection(store) {
  if (store.displacedBy !== null) return "displaced";
  return store.connected ? store.status.kind : "lost";
}

function words(store) {
  const { progress } = store.status;
  const history = `reading the last ${store.hours} h: ${Math.floor((progress ?? 0) * 100)} %`;
  return {
    broker: [
      "waiting for the broker",
      "Waiting for the broker: it does not answer. What stands here is what was known before.",
    ],
    unreadable: [
      "waiting for the broker",
      "What the broker sends cannot be read; the log of the dashboard says why. What stands here is what was known before.",
    ],
    topics: [
      "waiting for topics",
      "The broker has no topics of magwatch yet: start a worker, or create them with `magwatch topics`.",
    ],
    history: [history, null],
    live: ["live", null],
    lost: [
      "connection lost",
      "Connection to the dashboard lost; trying again. What stands here is not live.",
    ],
    displaced: [
      "not looking on",
      `${store.displacedBy} other pages look on, the most that are served, and this one had looked on longest. What stands here is not live. Reload the page to look on again.`,
    ],
  };
}

/** Which stations send samples that no worker scores, and since when; null if all are scored. */
function unscored(stations) {
  const left = stations.filter((station) => station.unscored);
  if (!left.length) return null;
  const ends = left.map((station) => station.window_end_ms).filter((ms) => ms !== null);
  const since = ends.length ? `since ${stamp(Math.min(...ends))} UTC` : "yet";
  const codes = left.map(({ code }) => code).sort();
  const few = left.length <= NAMED && left.length < stations.length;
  const which = few ? codes.join(", ") : `${left.length} of ${stations.length} stations`;
  const send = left.length === 1 && few ? "sends" : "send";
  return `No scores ${since}: ${which} ${send} samples that no worker scores. Is a worker running?`;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text; // said aloud only where it changes
}
