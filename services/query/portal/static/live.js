// A page goes on with what is said after it was made: one stream, while somebody looks at it. What comes renews the
// procedure's page in place, or is counted beside a list, where nothing moves under the pointer.
// This and not htmx's own extension: that one opens again without the last event's id, and for ever.

const [FIRST_WAIT, LONGEST_WAIT, LASTING, LONG_AWAY] = [2_000, 300_000, 60_000, 900_000];
const page = document.querySelector("[data-stream]");
const notice = document.getElementById("notice");
const counted = new Set();
let after = page.dataset.after;
let over = false;
let outdated = false;
let wait = FIRST_WAIT;
let stream, opened, opening, renewing, left;

function open() {
  clearTimeout(opening);
  if (stream !== undefined || over || document.hidden) return;
  // Of a list, what came in hours would be sent one by one to be counted.
  if (Date.now() - left > LONG_AWAY && page.dataset.counts !== undefined) after = "";
  left = undefined;
  opened = Date.now();
  stream = new EventSource(`${page.dataset.stream}?${new URLSearchParams({ after })}`);
  stream.addEventListener("here", hear);
  stream.addEventListener("fact", hear);
  stream.addEventListener("over", (event) => {
    over = true;
    close();
    say(event.data);
  });
  stream.addEventListener("error", () => {
    close();
    wait = Date.now() - opened > LASTING ? FIRST_WAIT : Math.min(2 * wait, LONGEST_WAIT);
    // After a restart pages do not all come at once.
    opening = setTimeout(open, wait * (0.5 + Math.random()));
  });
}

// A browser has six connections to a host, for all of its pages.
function close() {
  clearTimeout(opening);
  stream?.close();
  stream = undefined;
}

function leave() {
  left ??= Date.now();
  close();
}

document.addEventListener("visibilitychange", () => (document.hidden ? leave() : open()));
addEventListener("pagehide", leave);
addEventListener("pageshow", open);

function hear(event) {
  after = event.lastEventId;
  if (page.dataset.counts === undefined) renew();
  else if (event.type === "here") say("Cette liste a pu changer");
  else count(JSON.parse(event.data));
}

function count(fact) {
  if (fact.fact !== page.dataset.counts || !fact.applied) return;
  counted.add(fact.procedure);
  say(counted.size === 1 ? page.dataset.one : `${counted.size} ${page.dataset.many}`);
}

// Facts come together, and are asked for once.
function renew(soon = 200) {
  renewing ??= setTimeout(() => {
    renewing = undefined;
    htmx.trigger(page, "live");
  }, soon);
}

function say(words) {
  const shown = document.getElementById("notice-words").content.cloneNode(true);
  shown.querySelector("span").textContent = words;
  notice.replaceChildren(shown);
}

notice.addEventListener("click", (event) => {
  if (event.target.matches("button")) notice.replaceChildren();
});

page.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (outdated) notice.append(document.getElementById("outdated-words").content.cloneNode(true));
  outdated = false;
  // A service that does not answer now will.
  if (detail.xhr.status === 0 || detail.xhr.status >= 500) renew(FIRST_WAIT * 5);
});

// Forms that somebody is in stay as they are, and it is said that there are others.
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  const { target, fragment } = detail;
  if (target.id !== "acts") return;
  const same = target.dataset.offered === fragment.firstElementChild.dataset.offered;
  const used = target.contains(document.activeElement) || target.querySelector("details[open]") !== null;
  detail.shouldSwap = !same && !used;
  outdated = !same && used;
});
