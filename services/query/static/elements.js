// Builds the page's elements. Data only ever become text: nothing is parsed as HTML.

const INSTANT = new Intl.DateTimeFormat("fr-FR", {
  timeZone: "Europe/Paris",
  day: "2-digit",
  month: "2-digit",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function instant(time) {
  return element("time", { datetime: time }, INSTANT.format(new Date(time)).replace(" ", " à "));
}

export function statusTag(procedure) {
  return element("span", { class: `status status-${procedure.status}` }, procedure.status_label);
}

export function urgencyTag(procedure) {
  if (!procedure.urgent) return null;
  const why = procedure.urgency.description;
  return element("span", { class: "urgency" }, element("strong", {}, "Urgent"), ` ${why}`);
}

// Shows what is new without touching the rest, so that neither focus nor an opened detail is lost.
export function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) {
    if (!kept.has(child)) child.remove();
  }
  wanted.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
}
