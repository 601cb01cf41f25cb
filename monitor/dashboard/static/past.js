// The way to past days and to the pages of alerts, where the server has a history.

export class PastDays {
  constructor(store) {
    const form = document.getElementById("past");
    const show = () => {
      form.hidden = !store.past || !store.selected;
      // of several models at one station the days are the same
      form.action = `station/${encodeURIComponent((store.selected ?? "").split(".")[0])}`;
    };
    store.addEventListener("begin", show);
    store.addEventListener("select", show);
    store.addEventListener("stations", show);
  }
}
