import { beforeEach, expect, it, vi } from "vitest";
import { one, page } from "../test/stimulus";
import ConfirmController from "./confirm_controller";

const DIALOG = `<dialog id="confirm-dialog"><h2 data-confirm-part="title"></h2><p data-confirm-part="body"></p>
  <div data-confirm-part="type"><strong data-confirm-part="word"></strong><input data-confirm-part="typed"></div>
  <button data-confirm-part="verb" value="yes"></button></dialog>`;
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
