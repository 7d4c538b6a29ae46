/** A cookie's value, or "" where there is none. */
export function readCookie(name: string): string {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** Keeps a choice of looks for a year, where the server can read it before it draws the page. */
export function keepChoice(name: string, value: string): void {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`;
}

/** What Django expects in X-CSRFToken: written into <body> for each page, so the cookie may be httponly. */
export function csrfToken(): string {
  return document.body.dataset.csrf ?? readCookie("csrftoken");
}
