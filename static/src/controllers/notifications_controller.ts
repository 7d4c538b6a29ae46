import { Controller } from "@hotwired/stimulus";

/** The number on the bell, also in the tab's title. */
export default class NotificationsController extends Controller<HTMLElement> {
  static values = { unread: Number };
  declare unreadValue: number;

  unreadValueChanged(): void {
    const title = document.title.replace(/^\(\d+\+?\) /, "");
    document.title = this.unreadValue > 0 ? `(${Math.min(this.unreadValue, 99)}) ${title}` : title;
  }
}
