import { expect, it } from "vitest";
import { one, page } from "../test/stimulus";
import DialogController from "./dialog_controller";

it("opens the named dialog and closes by its button and by the dark around it", async () => {
  await page(
    `<button id="open" data-controller="dialog" data-action="dialog#open" data-dialog-id-param="box"></button>
     <dialog id="box" data-controller="dialog" data-action="click->dialog#outside"><p id="inside"></p><button id="close" data-action="dialog#close"></button></dialog>`,
    { dialog: DialogController },
  );
  const box = one<HTMLDialogElement>("#box");
  one("#open").click();
  expect(box.open).toBe(true);
  one("#inside").click();
  expect(box.open).toBe(true);
  box.click();
  expect(box.open).toBe(false);
  one("#open").click();
  one("#close").click();
  expect(box.open).toBe(false);
});
