/** Moves `item` one place among its siblings that match `selector`; false where it is at the end. */
export function shift(item: Element, by: -1 | 1, selector: string): boolean {
  let other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
  while (other && !other.matches(selector)) {
    other = by < 0 ? other.previousElementSibling : other.nextElementSibling;
  }
  if (!other) return false;
  if (by < 0) other.before(item);
  else other.after(item);
  return true;
}

/** Puts `item` before the sibling in whose first half the pointer is, else behind the last one. */
export function place(item: Element, siblings: Element[], at: number, axis: "x" | "y"): void {
  for (const sibling of siblings) {
    if (sibling === item) continue;
    const box = sibling.getBoundingClientRect();
    const middle = axis === "x" ? box.left + box.width / 2 : box.top + box.height / 2;
    if (at < middle) {
      if (sibling.previousElementSibling !== item) sibling.before(item);
      return;
    }
  }
  const last = siblings.filter((sibling) => sibling !== item).at(-1);
  last?.after(item);
}
