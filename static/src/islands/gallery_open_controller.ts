import { Controller } from "@hotwired/stimulus";

/** Opens the gallery on what the page shows: pictures and videos, in their order. */
export default class GalleryOpenController extends Controller<HTMLElement> {
  open(): void {
    const items = [...document.querySelectorAll<HTMLElement>("[data-large]")].filter((one) => one.dataset.large);
    const gallery = document.getElementById("gallery");
    if (items.length) gallery?.dispatchEvent(new CustomEvent("gallery:open", { detail: { items, index: 0 } }));
  }
}
