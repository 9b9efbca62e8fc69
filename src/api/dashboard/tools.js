// The dashboard: what its parts share. It reads the endpoints of the member that serves it and shows how old each answer is.
// Whatever came from the network becomes a text node (h), never markup. The files are one script (dashboard.cc).

const POLL = 5000;          // between two questions for what moves
const SLOW_POLL = 30000;    // for what only a new leader changes
const OLD_AFTER = 12000;    // an answer that is older is shown as old
const PATIENCE = 20000;     // /cluster waits for the store up to retry_timeout before it says 503
const KEPT_EVENTS = 60;
const SHOWN_HISTORY = 20;
const ASKED_MEMBERS = 12;    // about the last failover
const SAME_FAILOVER = 600000;  // who weighed candidates this long before a timeline began did so for it

// The endpoints stand beside the page, wherever a proxy puts it; "/dashboard/" is the page too.
const BASE = (() => {
  const at = location.pathname.lastIndexOf("/dashboard");
  return location.origin + (at < 0 ? location.pathname.replace(/[^/]*$/, "") : location.pathname.slice(0, at + 1));
})();

const byId = (id) => document.getElementById(id);

// An element; strings among the children become text.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "depth") element.style.setProperty("--depth", value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// --- words

const two = (n) => String(n).padStart(2, "0");
function clock(when) {
  const d = when instanceof Date ? when : new Date(when);
  if (Number.isNaN(d.getTime())) return String(when);
  const time = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  if (d.toDateString() === new Date().toDateString()) return time;
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${time}`;
}
function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} days`;
}
const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;
const text = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
const ROLES = {leader: "Leader", standby_leader: "Standby leader", replica: "Replica", sync_standby: "Sync standby", quorum_standby: "Quorum standby"};
const leads = (member) => member.role === "leader" || member.role === "standby_leader";
const megabytes = (bytes) => `${Math.round(bytes / 1048576).toLocaleString("en")} MB`;
const position = (bytes) => `${Math.floor(bytes / 4294967296).toString(16).toUpperCase()}/${(bytes % 4294967296).toString(16).toUpperCase()}`;
// The agents before 4.1 say "running" of a member that streams.
const streams = (member, newest) => member.state === "streaming" || (!newest && member.state === "running");
// Of a leader; that of a standby cluster may live on an archive.
const works = (member) => ["running", "streaming", "in archive recovery"].includes(member.state);

// --- what was asked, and how old it is

class Source {
  constructor(path, every, read) {
    Object.assign(this, {path, every, read, data: null, at: 0, failure: "", silent: false, begun: 0, next: 0});
  }
  get age() { return this.at ? Math.max(0, Date.now() - this.at) : Infinity; }
  get old() { return this.failure !== "" || this.age > OLD_AFTER + this.every; }
  due() { this.next = 0; }
  async ask() {
    if (this.begun || Date.now() < this.next) return;
    this.begun = Date.now();
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), PATIENCE);
    try {
      const reply = await fetch(BASE + this.path, {cache: "no-store", signal: cut.signal});
      const body = await reply.text();
      this.silent = false;
      if (reply.ok) {
        this.data = JSON.parse(body);
        this.at = this.begun;  // it cannot be newer than the question
        this.failure = "";
      } else if (this.read && this.read(reply.status, body)) {
        this.at = this.begun;
        this.failure = "";
      } else {
        this.failure = plain(reply, body);
      }
    } catch (error) {
      this.silent = error.name !== "SyntaxError";
      this.failure = this.silent ? "no answer" : "the answer cannot be read";
    }
    clearTimeout(timer);
    this.next = this.begun + this.every;
    this.begun = 0;
    show();
  }
}

// The daemon's own words; of an HTML error page only the line that says what is wrong.
function plain(reply, body) {
  const page = /<p>Message: ([^<]*)<\/p>/.exec(body);
  return page ? page[1] : body.trim() || `${reply.status} ${reply.statusText}`;
}

const cluster = new Source("cluster", POLL);
const patroni = new Source("patroni", POLL);
const explain = new Source("explain", POLL);
const history = new Source("history", SLOW_POLL);
const past = new Source("explain?past=list&limit=20", SLOW_POLL);
// The last decision of a member that weighed candidates; `none`: its words when there is none.
function raceOf(query) {
  const source = new Source(`explain?past=race${query}`, SLOW_POLL, (status, body) => {
    if (status !== 404) return false;
    source.data = null;
    source.none = body;
    return true;
  });
  return source;
}
const race = raceOf("");
const races = new Map();  // of the others, through the member that serves this page: it need not be the one that won
const sources = [cluster, patroni, explain, history, past, race];
const memory = [patroni, explain];  // answered from the daemon's memory: silence is the daemon's

const me = () => (explain.data && explain.data.member) || (patroni.data && patroni.data.patroni && patroni.data.patroni.name) || "this member";
let inSight = Date.now();  // since when; what was read before is old because nobody asked
const daemonSilent = () => memory.every((source) => source.silent);
const daemonSeen = () => Math.max(0, ...memory.map((source) => source.at));
const members = () => (cluster.data && cluster.data.members) || [];
const leader = () => members().find(leads);
const asked = () => [...sources, ...races.values()];
const winner = () => (history.data && history.data.length ? history.data[history.data.length - 1][4] : "");
const newest = () => Boolean(cluster.data && "scope" in cluster.data);

// --- showing; a part is made anew only when what it shows is different, so that focus and selection stay

const shown = new Map();
function put(id, key, make) {
  const now = JSON.stringify(key);
  if (shown.get(id) === now) return;
  const parts = make();
  shown.set(id, now);
  byId(id).replaceChildren(...parts);
}

// `origin`: where the answer comes from itself; it is no newer than that.
function mark(section, source, origin) {
  const stale = origin && origin.old && origin.at ? origin : source;
  const old = stale.old || daemonSilent();
  byId(`${section}-section`).classList.toggle("old", old && source.at > 0);
  let words = "";
  if (!source.at) words = source.failure ? `cannot be shown: ${source.failure}` : "asking …";
  else if (old) words = `OLD: as of ${clock(new Date(stale.at))}, ${span(stale.age)} ago`;
  else words = `as of ${clock(new Date(source.at))}`;
  put(`${section}-age`, words, () => [words]);
}
