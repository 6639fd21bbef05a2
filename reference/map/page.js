"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const map = byId("map"), frame = byId("frame"), input = byId("search"), options = byId("options");
  const answer = byId("answer"), tip = byId("tip");
  const [width, height] = map.getAttribute("viewBox").split(" ").slice(2).map(Number);
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, " ").trim();

  const courts = new Map();
  const entries = [];
  for (const court of JSON.parse(byId("data").textContent)) {
    court.members = court.communes.split("\n").filter(Boolean).map((line) => {
      const [code, name, x, y] = line.split("|");
      return { code, name, x: Number(x), y: Number(y), placed: x !== "", court, key: plain(name) };
    });
    courts.set(court.code, court);
    entries.push({ court, name: court.name, key: plain(court.name), city: plain(court.city) });
  }
  for (const court of courts.values()) entries.push(...court.members);

  // The page has its own tip, with the commune; without this script the titles do.
  for (const title of map.querySelectorAll("title")) title.remove();

  // -- what is shown
  const names = [...map.querySelectorAll("#names text")].map((text) => ({
    text, x: Number(text.getAttribute("x")), y: Number(text.getAttribute("y")), long: text.textContent.length,
  }));
  let view = { x: 0, y: 0, w: width, h: height };
  function show(x, y, w) {
    w = Math.min(width, Math.max(400, w));
    const h = (w * height) / width;
    view = { x: Math.min(width - w, Math.max(0, x)), y: Math.min(height - h, Math.max(0, y)), w, h };
    map.setAttribute("viewBox", `${view.x} ${view.y} ${w} ${h}`);
    frame.classList.toggle("moved", w < width);
    measure();
  }
  function measure() {
    const box = map.getBoundingClientRect();
    const pixels = Math.min(box.width / view.w, box.height / view.h);
    if (!pixels) return;
    map.style.setProperty("--unit", String(1 / pixels));
    // A name that would cover an earlier one waits until there is room.
    const taken = [];
    for (const name of names) {
      const [half, high] = [(name.long * 3) / pixels, 12 / pixels];
      const covers = taken.some((other) => Math.abs(other.x - name.x) < other.half + half && Math.abs(other.y - name.y) < high);
      name.text.style.display = covers ? "none" : "";
      if (!covers) taken.push({ x: name.x, y: name.y, half });
    }
  }
  const centre = () => [view.x + view.w / 2, view.y + view.h / 2];
  function zoom(factor, [x, y] = centre()) {
    show(x - (x - view.x) * factor, y - (y - view.y) * factor, view.w * factor);
  }
  function showAround(spots) {
    const xs = spots.map((spot) => spot.x), ys = spots.map((spot) => spot.y);
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const w = Math.max(right - left, ((bottom - top) * width) / height) * 1.5 + 500;
    show((left + right - w) / 2, (top + bottom - (w * height) / width) / 2, w);
  }
  const dots = (spots) => spots.map((spot) => `M${spot.x} ${spot.y}h0`).join("");

  // -- what is chosen
  const notes = new Map();
  for (const button of document.querySelectorAll("button[data-communes]")) {
    for (const code of button.dataset.communes.split(" ")) notes.set(code, button.textContent);
  }
  function choose(court, communes, why) {
    frame.classList.add("choosing");
    for (const path of map.querySelectorAll(".court")) path.classList.toggle("chosen", path.dataset.court === court.code);
    const placed = communes.filter((commune) => commune.placed);
    byId("members").setAttribute("d", dots(court.members.filter((commune) => commune.placed)));
    byId("here").setAttribute("d", dots(placed));
    const count = `${court.count.toLocaleString("fr-FR")} commune${court.count > 1 ? "s" : ""}`;
    const alone = communes.length === 1 ? communes[0] : null;
    const about = why ? `${why}. ` : alone ? `${alone.name} (${alone.code}) : ` : "";
    const missing = communes.length && !placed.length ? " Cette commune n’est pas pointée sur la carte." : "";
    const note = !why && alone && notes.get(alone.code);
    answer.textContent = `${about}${court.name} — ${court.appeal} — ${count}.${missing}${note ? ` À regarder : ${note}.` : ""}`;
    const spots = why && placed.length ? placed : court.members.filter((commune) => commune.placed);
    if (spots.length) showAround(spots);
  }
  function clear() {
    frame.classList.remove("choosing");
    byId("members").setAttribute("d", "");
    byId("here").setAttribute("d", "");
    answer.textContent = "Cherchez, survolez la carte ou choisissez un tribunal dans la liste.";
    show(0, 0, width);
  }

  // -- the search
  let found = [], at = -1;
  function rank(entry, text) {
    if (entry.code === text.toUpperCase()) return 0;
    if (entry.city === text || entry.key === text) return entry.city ? 1 : 2;
    if (entry.city && entry.city.startsWith(text)) return 3;
    if (entry.key.startsWith(text) || (entry.code || "").toLowerCase().startsWith(text)) return 4;
    return ` ${entry.key}`.includes(` ${text}`) ? 5 : 9;
  }
  function search() {
    const text = plain(input.value);
    found = text.length < 2 ? [] : entries
      .map((entry) => [rank(entry, text), entry])
      .filter(([its]) => its < 9)
      .sort(([a, one], [b, other]) => a - b || one.key.localeCompare(other.key, "fr"))
      .slice(0, 12)
      .map(([, entry]) => entry);
    at = -1;
    options.replaceChildren(...found.map((entry, index) => option(entry, index)));
    if (text.length >= 2 && !found.length) {
      const none = document.createElement("li");
      none.textContent = "Aucun tribunal ni commune de ce nom.";
      options.append(none);
    }
    open(text.length >= 2);
  }
  function option(entry, index) {
    const item = document.createElement("li");
    item.id = `option-${index}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.textContent = entry.code ? `${entry.name} (${entry.code})` : entry.name;
    const more = document.createElement("small");
    more.textContent = ` ${entry.code ? entry.court.name : entry.court.appeal}`;
    item.append(more);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
    return item;
  }
  function open(yes) {
    options.hidden = !yes;
    input.setAttribute("aria-expanded", String(yes));
    if (!yes) input.removeAttribute("aria-activedescendant");
  }
  function mark(index) {
    if (!found.length) return;
    at = (index + found.length) % found.length;
    [...options.children].forEach((item, its) => item.setAttribute("aria-selected", String(its === at)));
    options.children[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", `option-${at}`);
  }
  function take(index) {
    const entry = found[index];
    if (!entry) return;
    input.value = entry.name;
    open(false);
    choose(entry.court, entry.code ? [entry] : []);
  }
  input.addEventListener("input", search);
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Enter") take(Math.max(at, 0));
    else if (event.key === "Escape") { open(false); clear(); return; }
    else return;
    event.preventDefault();
  });

  // -- the map under the mouse and the keys
  function spot(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    return [point.x, point.y];
  }
  function nearest(court, [x, y]) {
    let best = null, least = Infinity;
    for (const commune of court.members) {
      if (!commune.placed) continue;
      const distance = (commune.x - x) ** 2 + (commune.y - y) ** 2;
      if (distance < least) [best, least] = [commune, distance];
    }
    return least < 150 ** 2 ? best : null;
  }
  let held = null, dragged = false;
  map.addEventListener("pointermove", (event) => {
    if (held && event.buttons) {
      const [x, y] = spot(event);
      dragged ||= Math.hypot(event.clientX - held.left, event.clientY - held.top) > 4;
      if (dragged) show(view.x + held.x - x, view.y + held.y - y, view.w);
      return;
    }
    const path = event.target.closest(".court");
    tip.hidden = !path;
    if (!path) return;
    const court = courts.get(path.dataset.court), commune = nearest(court, spot(event));
    tip.textContent = commune ? `${court.name} (vers ${commune.name})` : court.name;
    tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
    tip.style.top = `${event.clientY + 16}px`;
  });
  map.addEventListener("pointerleave", () => { tip.hidden = true; held = null; });
  map.addEventListener("pointerdown", (event) => {
    const [x, y] = spot(event);
    held = { x, y, left: event.clientX, top: event.clientY };
    dragged = false;
  });
  map.addEventListener("pointerup", () => { held = null; });
  map.addEventListener("click", (event) => {
    const path = event.target.closest(".court");
    if (dragged) return;
    if (path) choose(courts.get(path.dataset.court), []);
    else clear();
  });
  map.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, spot(event));
  }, { passive: false });
  frame.addEventListener("keydown", (event) => {
    const step = view.w / 8;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key in moves && view.w < width) show(view.x + moves[event.key][0], view.y + moves[event.key][1], view.w);
    else if (event.key === "+" || event.key === "=") zoom(0.7);
    else if (event.key === "-") zoom(1.4);
    else if (event.key === "Escape") clear();
    else return;
    event.preventDefault();
  });
  byId("closer").addEventListener("click", () => zoom(0.7));
  byId("farther").addEventListener("click", () => zoom(1.4));
  byId("whole").addEventListener("click", clear);
  for (const button of document.querySelectorAll("button[data-court]")) {
    button.addEventListener("click", () => {
      const court = courts.get(button.dataset.court);
      const codes = new Set((button.dataset.communes || "").split(" ").filter(Boolean));
      choose(court, entries.filter((entry) => codes.has(entry.code)), codes.size ? button.textContent : "");
      frame.scrollIntoView({ block: "center" });
      frame.focus({ preventScroll: true });
    });
  }
  addEventListener("resize", measure);
  measure();
})();
