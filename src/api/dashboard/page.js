// Asks, listens and shows, all the time. The last file: what it starts needs the others.

function showFoot() {
  const own = patroni.data && patroni.data.tamada;
  const words = `${own ? `Tamada ${own.version}. ` : ""}Times are those of this browser. Read every ${POLL / 1000} s, and whenever something happens.`;
  put("foot", words, () => [words]);
}

// --- the loop

// What one part cannot show (a key of the store may hold anything) takes no other part with it.
const PARTS = [["verdict", showVerdict], ["members", showMembers], ["self", showSelf], ["race", chooseRaces], ["race", showRace], ["history", showHistory],
  ["past", showPast], ["events", showEvents], ["actions", showActions], ["foot", showFoot]];
function show() {
  for (const [part, work] of PARTS) {
    try {
      work();
    } catch (error) {
      console.error(error);
      const place = byId(`${part}-age`);
      if (place) place.textContent = "cannot be shown: the answer is not understood";
      shown.delete(`${part}-age`);
      byId(`${part}-section`)?.classList.add("old");
    }
  }
}

let timer = 0;
function soon() {
  if (!timer) timer = setTimeout(() => { timer = 0; turn(); }, 100);
}
function turn() {
  if (document.hidden) {
    document.title = `? ${document.title.replace(/^\S+ /, "").replace(/:.*/s, "")}: not watched`;  // and no false alarm in its tab
    return;
  }
  for (const source of asked()) source.ask();
  if (retryStream && Date.now() > retryStream) {
    retryStream = 0;
    listen();
  }
  show();
}

// A page that nobody sees holds no connection: browsers have few for each host, members few listeners.
document.addEventListener("visibilitychange", () => {
  if (document.hidden && stream) {
    stream.close();
    streamState = "not live: the page was not in sight";
  } else if (!document.hidden) {
    inSight = Date.now();
    listen();
  }
  turn();
});
setInterval(turn, 1000);
if (!document.hidden) listen();
turn();
