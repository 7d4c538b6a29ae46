import { Controller } from "@hotwired/stimulus";

/**
 * Opens a <dialog>: `data-action="dialog#open"`, the dialog as target or named by
 * `data-dialog-id-param`. The browser keeps focus inside and gives it back.
 */
export default class DialogController extends Controller<HTMLElement> {
  static targets = ["dialog"];
  declare readonly dialogTarget: HTMLDialogElement;
  declare readonly hasDialogTarget: boolean;

  open(event: Event & { params?: { id?: string } }): void {
    event.preventDefault();
    this.find(event.params?.id)?.showModal();
  }

  close(): void {
    this.find()?.close();
  }

  /** A click on the dark around the dialog. */
  outside(event: MouseEvent): void {
    if (event.target === event.currentTarget) (event.currentTarget as HTMLDialogElement).close();
  }

  private find(id?: string): HTMLDialogElement | null {
    if (id) return document.getElementById(id) as HTMLDialogElement | null;
    if (this.hasDialogTarget) return this.dialogTarget;
    return this.element instanceof HTMLDialogElement ? this.element : null;
  }
}
