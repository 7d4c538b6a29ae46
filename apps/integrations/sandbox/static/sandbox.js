// Keeps the feeds current without moving what the reader looks at.
const feeds = document.getElementById("feeds");
let shown = feeds ? feeds.innerHTML : "";

async function refresh() {
  if (!feeds || document.hidden) return;
  try {
    const answer = await fetch("/feeds");
    const html = await answer.text();
    if (answer.ok && html !== shown && !feeds.querySelector("details[open]")) {
      feeds.innerHTML = shown = html;
    }
  } catch {
    // The server restarts; the next round finds it again.
  }
}

setInterval(refresh, 4000);
