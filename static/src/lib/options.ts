/** Which of a network's own choices matter: the same rule that the server has. */

export type Values = Map<string, string>;

/** The choices of a channel's line by name; a toggle that is off has the empty value. */
export function chosenValues(line: Element, channel: string): Values {
  const prefix = `option-${channel}-`;
  const values: Values = new Map();
  for (const field of line.querySelectorAll<HTMLInputElement>(`[name^="${prefix}"]`)) {
    const name = field.name.slice(prefix.length);
    if (field.type === "hidden") continue;
    values.set(name, field.type === "checkbox" && !field.checked ? "" : field.value);
  }
  return values;
}

/** Whether an option is for this kind of post, and what it depends on is chosen. */
export function applies(option: HTMLElement, format: string, values: Values): boolean {
  const formats = (option.dataset.formats ?? "").split(" ").filter(Boolean);
  if (formats.length && format && !formats.includes(format)) return false;
  const [name, wanted] = (option.dataset.onlyIf ?? "").split("=");
  if (!name) return true;
  const value = values.get(name) ?? "";
  return wanted === undefined ? Boolean(value) : value === wanted;
}
