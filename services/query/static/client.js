// Asks the service, with the token of whoever opened the page.

const KEY = "infoparquet.token";

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function hasToken() {
  return sessionStorage.getItem(KEY) !== null;
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token.trim());
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

// A token in the address would stay in the history and be copied with the link.
export function takeTokenFromAddress() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (found === null) return;
  keepToken(decodeURIComponent(found[1]));
  history.replaceState(null, "", location.pathname + location.search);
}

// For display alone: the service checks the token itself.
export function readerOf() {
  try {
    const part = sessionStorage.getItem(KEY).split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const [kind, code] = JSON.parse(atob(part)).organisation.split(":");
    const kinds = { administration: "Administration", tribunal: "Tribunal", operator: "Exploitation", service: "Service" };
    return [kinds[kind] ?? kind, code].filter(Boolean).join(" ");
  } catch {
    return "";
  }
}

export async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== "");
  const query = given.length ? `?${new URLSearchParams(given)}` : "";
  const answer = await fetch(path + query, {
    headers: { Authorization: `Bearer ${sessionStorage.getItem(KEY)}` },
    cache: "no-store",
  });
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? `Erreur ${answer.status}.`);
}
