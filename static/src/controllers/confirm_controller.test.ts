import { beforeEach, expect, it, vi } from "vitest";
import { one, page, settled } from "../test/stimulus";
import ConfirmController from "./confirm_controller";

const DIALOG = `<dialog id="confirm-dialog"><h2 data-confirm-part="title"></h2><p data-confirm-part="body"></p>
  <div data-confirm-part="type"><strong data-confirm-part="word"></strong><input data-confirm-part="typed"></div>
  <button data-confirm-part="no" value="no"></button><button data-confirm-part="verb" value="yes"></button></dialog>`;
let sent: ReturnType<typeof vi.fn<() => void>>;

async function form(extra = ""): Promise<void> {
  await page(
    `${DIALOG}<form data-controller="confirm" data-action="submit->confirm#ask" data-confirm-title-value="Delete 3 posts?" data-confirm-verb-value="Delete" ${extra}><button id="go"></button></form>`,
    { confirm: ConfirmController },
  );
  one("form").addEventListener("submit", (event) => {
    event.preventDefault();
    sent();
  });
}
function answer(value: string): void {
  one<HTMLDialogElement>("dialog").close(value);
}

beforeEach(() => {
  sent = vi.fn<() => void>();
});

it("asks first, names what goes, and sends only after a yes", async () => {
  await form();
  one<HTMLFormElement>("form").requestSubmit();
  expect(sent).not.toHaveBeenCalled();
  expect(one("[data-confirm-part=title]").textContent).toBe("Delete 3 posts?");
  answer("yes");
  expect(sent).toHaveBeenCalledOnce();
});

it("sends nothing after a no", async () => {
  await form();
  one<HTMLFormElement>("form").requestSubmit();
  answer("no");
  expect(sent).not.toHaveBeenCalled();
});

it("waits for the typed word where one is asked for", async () => {
  await form('data-confirm-type-value="acme"');
  one<HTMLFormElement>("form").requestSubmit();
  const verb = one<HTMLButtonElement>("[data-confirm-part=verb]");
  const typed = one<HTMLInputElement>("[data-confirm-part=typed]");
  expect(verb.disabled).toBe(true);
  typed.value = "acme";
  typed.dispatchEvent(new Event("input"));
  expect(verb.disabled).toBe(false);
});

it("asks before htmx sends, with the verb as the question", async () => {
  await page(
    `${DIALOG}<button id="remove" hx-post="/x" data-controller="confirm" data-confirm-text-value="The channel leaves." data-confirm-yes-value="Remove channel"></button>`,
    { confirm: ConfirmController },
  );
  const issueRequest = vi.fn();
  const event = new CustomEvent("htmx:confirm", { cancelable: true, detail: { issueRequest } });
  one("#remove").dispatchEvent(event);
  expect(event.defaultPrevented).toBe(true);
  expect(one("[data-confirm-part=title]").textContent).toBe("Remove channel?");
  expect(one("[data-confirm-part=body]").textContent).toBe("The channel leaves.");
  expect(one("[data-confirm-part=no]").textContent).toBe("Keep it");
  answer("yes");
  expect(issueRequest).toHaveBeenCalledExactlyOnceWith(true);
});

it("asks once when a page also binds it by hand", async () => {
  await form();
  one<HTMLFormElement>("form").requestSubmit();
  answer("yes");
  expect(sent).toHaveBeenCalledOnce();
  expect(one<HTMLDialogElement>("dialog").open).toBe(false);
});

const REMOVE = `<button class="remove" hx-post="/x" data-controller="confirm" data-confirm-text-value="The channel leaves."></button>`;

function tries(element: Element): ReturnType<typeof vi.fn> {
  const issueRequest = vi.fn();
  element.dispatchEvent(new CustomEvent("htmx:confirm", { cancelable: true, detail: { issueRequest } }));
  return issueRequest;
}

it("gives the answer to the element that took the place of the one that asked", async () => {
  await page(`${DIALOG}<div id="live">${REMOVE}<button hx-post="/y"></button></div>`, { confirm: ConfirmController });
  const first = tries(one(".remove"));
  one("#live").innerHTML = `<p>New</p>${REMOVE}`;
  await settled();
  const clicked = vi.fn();
  one(".remove").addEventListener("click", () => clicked(tries(one(".remove"))));
  answer("yes");
  expect(first, "htmx would send nothing for an element that is gone").not.toHaveBeenCalled();
  expect(clicked).toHaveBeenCalledOnce();
  expect(one<HTMLDialogElement>("dialog").open, "it is not asked twice").toBe(false);
});

it("says so when what was asked about is gone, or would send something else", async () => {
  await page(`${DIALOG}<div id="live">${REMOVE}</div>`, { confirm: ConfirmController });
  const said = vi.fn();
  document.addEventListener("candy:toast", said, { once: true });
  tries(one(".remove"));
  one("#live").innerHTML = REMOVE.replace("leaves", "and its posts leave");
  await settled();
  const clicked = vi.fn();
  one(".remove").addEventListener("click", clicked);
  answer("yes");
  expect(clicked).not.toHaveBeenCalled();
  expect(said).toHaveBeenCalledOnce();
});

it("asks for one button of a form and sends the form with it", async () => {
  await page(
    `${DIALOG}<form hx-post="/bulk"><button id="move" name="verb" value="move"></button><button id="purge" name="verb" value="purge" data-controller="confirm" data-confirm-yes-value="Remove for good"></button></form>`,
    { confirm: ConfirmController },
  );
  const verbs: unknown[] = [];
  one("form").addEventListener("submit", (event) => {
    event.preventDefault();
    verbs.push(((event as SubmitEvent).submitter as HTMLButtonElement).value);
  });
  one("#move").click();
  one("#purge").click();
  expect(verbs).toEqual(["move"]);
  answer("yes");
  expect(verbs).toEqual(["move", "purge"]);
});

it("is asked once also where htmx keeps the request in a queue, and again the next time", async () => {
  await page(`${DIALOG}${REMOVE}`, { confirm: ConfirmController });
  const issue = tries(one(".remove"));
  answer("yes");
  expect(issue).toHaveBeenCalledOnce();
  const asked = (): boolean => {
    const event = new CustomEvent("htmx:confirm", { cancelable: true, detail: { issueRequest: vi.fn() } });
    return !one(".remove").dispatchEvent(event);
  };
  expect(asked(), "its turn in the queue").toBe(false);
  one(".remove").dispatchEvent(new Event("htmx:beforeRequest"));
  expect(asked(), "a new click").toBe(true);
});
