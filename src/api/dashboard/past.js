// What was: the last failover as each member decided it, timelines, decisions, events.

// The winner first, then as the store lists them.
function chooseRaces() {
  const others = members().map((member) => member.name).filter((name) => name !== me());
  const wanted = [...others.filter((name) => name === winner()), ...others.filter((name) => name !== winner())].slice(0, ASKED_MEMBERS);
  if (!explain.data || !cluster.data) return;
  for (const name of races.keys()) if (!wanted.includes(name)) races.delete(name);
  for (const name of wanted) {
    if (races.has(name)) continue;
    races.set(name, raceOf(`&member=${encodeURIComponent(name)}`));
    soon();
  }
}

function raceEntry(name, entry, age, open) {
  return h("details", {class: "race", open},
    h("summary", {}, `${name}, ${clock(entry.first)}: ${entry.status || entry.action}`),
    pairs([
      ["Situation", entry.situation],
      ["Because", `${entry.because} (rule ${entry.rule})`],
      ["Leader then", entry.leader || "none"],
      ["Action", entry.action + (entry.target ? ` → ${entry.target}` : "") + (entry.outcome ? `: ${entry.outcome}` : "")],
      ["Weighed", (entry.details || []).length ? h("ul", {class: "weighed"}, ...entry.details.map((line) => h("li", {}, text(line)))) : "nobody else"],
    ]), age ? h("p", {class: "pending"}, age) : "");
}

function showRace() {
  mark("race", race);
  const last = history.data && history.data[history.data.length - 1];
  const began = last && last[3] ? Date.parse(last[3]) : NaN;
  const told = [];
  const silent = [];
  for (const [name, source] of [[me(), race], ...races]) {
    const entry = source.data;
    const age = source.failure && source.at ? `OLD: as of ${clock(new Date(source.at))}; since then: ${source.failure}` : "";
    if (entry && !(Date.parse(entry.last) < began - SAME_FAILOVER)) told.push({name, entry, age});
    else if (entry) silent.push(`${name}: nobody was weighed then, the last time was ${clock(entry.last)}`);
    else if (source.failure) silent.push(source.failure.startsWith(name) ? source.failure : `${name}: not known, ${source.failure}`);
    else if (source.at) silent.push(`${name}: ${source.none}`);
  }
  told.sort((a, b) => Number(b.name === winner()) - Number(a.name === winner()) || Date.parse(b.entry.first) - Date.parse(a.entry.first));
  const leaderless = Boolean(cluster.data && !cluster.old && !leader());
  const unasked = Math.max(0, members().length - 1 - races.size);
  put("race", [last, told.map(({name, entry, age}) => [name, entry.id, entry.count, entry.outcome, age]), silent, leaderless, unasked], () => [
    leaderless ? h("p", {class: "trouble"}, "There is no leader now. What the members weighed:") : "",
    last ? h("p", {}, `Timeline ${Number(last[0]) + 1} began`, last[3] ? ` at ${clock(last[3])}` : "", last[4] ? `, led by ${last[4]}` : "", last[2] ? ` (${last[2]}).` : ".")
      : history.data ? h("p", {class: "quiet"}, "No promotion yet: the cluster is on its first timeline.") : "",
    ...told.map(({name, entry, age}, i) => raceEntry(name, entry, age, !i)),
    ...silent.map((line) => h("p", {class: "quiet"}, line)),
    unasked ? h("p", {class: "quiet"}, `${unasked} more were not asked: tamadactl explain --past race`) : ""].filter(Boolean));
}

// Of the classes only "number" is the cell's: its label stays as it is.
function table(heads, rows) {
  const aligned = (kind) => (kind === "number" ? kind : null);
  return h("table", {class: "cards"}, h("thead", {}, h("tr", {}, ...heads.map(([name, kind]) => h("th", {scope: "col", class: aligned(kind)}, name)))),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((value, i) =>
      h("td", {class: `${aligned(heads[i][1]) || ""}${value === "" ? " empty" : ""}`, "data-label": heads[i][0]}, h("span", {class: aligned(heads[i][1]) ? null : heads[i][1]}, value)))))));
}

const happening = (at, words, kind) => h("li", {}, h("time", {}, at), h("span", {}, words, h("span", {class: "kind"}, ` ${kind}`)));

function showHistory() {
  mark("history", history, cluster);  // the daemon shows its last view of the store
  if (!history.data) return;
  put("history", history.data, () => {
    const lines = history.data.slice(-SHOWN_HISTORY).reverse();
    if (!lines.length) return [h("p", {class: "quiet"}, "No promotion yet: the cluster is on its first timeline.")];
    const rows = lines.map(([timeline, bytes, reason, time, by]) =>
      [text(timeline), position(bytes), text(reason || ""), time ? clock(time) : "", by || ""]);
    const left = history.data.length - lines.length;
    return [table([["Timeline", "number"], ["Ended at", "mono"], ["Reason"], ["Time", "when"], ["New leader"]], rows),
      left > 0 ? h("p", {class: "more quiet"}, `${left} older are not shown: tamadactl history`) : ""];
  });
}

function showPast() {
  mark("past", past);
  if (!past.data) return;
  put("past-title", me(), () => [`Decisions of ${me()}`]);
  const entries = past.data.past.slice(-10).reverse();
  put("past", entries.map((entry) => [entry.id, entry.outcome, entry.rule]), () => (entries.length ? [
    h("ol", {class: "events"}, ...entries.map((entry) => happening(clock(entry.first),
      `${entry.status || entry.action}${entry.outcome && entry.outcome !== "done" ? ` (${entry.outcome})` : ""}`, entry.rule))),
    h("p", {class: "more quiet"}, "All of them: tamadactl explain --list")] : [h("p", {class: "quiet"}, "Nothing was decided yet.")]));
}

// --- events

const KINDS = ["role", "state", "timeline", "leader", "lock", "decision", "health", "pause", "failsafe", "watchdog", "pending_restart",
  "synchronous", "configuration", "store", "gap"];
let stream = null;
let streamState = "connecting …";
let retryStream = 0;
let lastEvent = "";

function happened(kind, message) {
  lastEvent = message.lastEventId;
  let data;
  try {
    data = JSON.parse(message.data);
  } catch {
    return;
  }
  const at = data.at ? clock(data.at) : clock(new Date());
  byId("events").prepend(happening(at, text(data.text || data.because || kind), kind));
  while (byId("events").childElementCount > KEPT_EVENTS) byId("events").lastElementChild.remove();
  if (kind !== "decision") cluster.due();
  patroni.due();
  explain.due();
  if (["leader", "timeline", "role", "decision"].includes(kind)) [history, past, race].forEach((source) => source.due());
  if (kind === "leader" || kind === "timeline") for (const source of races.values()) source.due();
  soon();
}

function listen() {
  if (stream) stream.close();
  stream = new EventSource(`${BASE}events${lastEvent ? `?after=${encodeURIComponent(lastEvent)}` : ""}`);
  stream.onopen = () => { streamState = "live"; show(); };
  stream.onerror = () => {
    // Refused for good (too many listeners): asked again later. Cut off: the browser comes back by itself.
    const refused = stream.readyState === EventSource.CLOSED;
    streamState = refused ? "not live: the member takes no more listeners, it is asked every 5 s" : "not live: the stream was cut, trying again";
    if (refused) retryStream = Date.now() + 30000;
    show();
  };
  stream.addEventListener("now", (message) => {
    lastEvent = message.lastEventId;
    for (const source of asked()) source.due();
    soon();
  });
  for (const kind of KINDS) stream.addEventListener(kind, (message) => happened(kind, message));
}

function showEvents() {
  const live = streamState === "live" && !daemonSilent();
  byId("events-section").classList.toggle("old", !live && byId("events").childElementCount > 0);
  put("events-state", [streamState, live], () => [live ? "live" : streamState === "live" ? "not live" : streamState]);
}
