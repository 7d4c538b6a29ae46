import { Controller } from "@hotwired/stimulus";

/** The library as a dialog: says on the document which file was picked, and closes. */
export default class PickerController extends Controller<HTMLDialogElement> {
  take({ params }: { params: { asset: string } }): void {
    document.dispatchEvent(new CustomEvent("picker:take", { detail: { asset: params.asset } }));
    this.element.close();
  }
}
