import { Controller } from "@hotwired/stimulus";
import { Calendar, type EventDropArg, type EventInput } from "@fullcalendar/core";
import dayGrid from "@fullcalendar/daygrid";
import interaction from "@fullcalendar/interaction";
import list from "@fullcalendar/list";
import timeGrid from "@fullcalendar/timegrid";
import { csrfToken } from "../lib/cookies";
import { kindMatches } from "../lib/kinds";
import type { CandyEvent } from "../lib/live";
import { personZone, wallTime } from "../lib/time";
import { say } from "../lib/toast";

const VIEWS: Record<string, string> = { month: "dayGridMonth", week: "timeGridWeek", list: "listWeek" };
const TOGETHER = 400;
const PATIENCE = 1000;
/** Lets the browser answer a key or a finger between two pieces of work. */
const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
type Place = { channel?: string; network?: string };

/**
 * The planner: month, week and list on FullCalendar. It reads events from `data-planner-feed-value`
 * (JSON, `?start=&end=`), and a drag posts `at=<instant>` to the event's `move_url`; where the server
 * says no, the event goes back and its words are shown. The view and the day are in the address.
 */
export default class PlannerController extends Controller<HTMLElement> {
  static targets = ["canvas", "title", "view"];
  static values = {
    feed: String,
    view: { type: String, default: "month" },
    date: String,
    kinds: { type: String, default: "post.* slot.*" },
    firstDay: { type: Number, default: 1 },
  };
  declare readonly canvasTarget: HTMLElement;
  declare readonly titleTargets: HTMLElement[];
  declare readonly viewTargets: HTMLElement[];
  declare readonly feedValue: string;
  declare readonly viewValue: string;
  declare readonly dateValue: string;
  declare readonly kindsValue: string;
  declare readonly firstDayValue: number;
  private calendar: Calendar | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;

  connect(): void {
    document.addEventListener("candy:event", this.arrived);
    void this.open();
  }

  /** In three pieces, so that none keeps the page from answering for long: made, drawn empty, filled. */
  private async open(): Promise<void> {
    this.canvasTarget.classList.add("planner-waiting");
    await breath();
    if (!this.element.isConnected || this.calendar) return;
    this.calendar = this.made();
    this.patience = setTimeout(this.reveal, PATIENCE);
    await breath();
    this.calendar?.render();
  }

  private made(): Calendar {
    const phone = matchMedia("(max-width: 47.99rem)").matches;
    return new Calendar(this.canvasTarget, {
      plugins: [dayGrid, timeGrid, list, interaction],
      initialView: phone ? "listWeek" : (VIEWS[this.viewValue] ?? "dayGridMonth"),
      initialDate: this.dateValue || undefined,
      // The feed speaks wall time of this zone; without a zone database FullCalendar asks us for "now".
      timeZone: personZone(),
      now: () => wallTime(new Date(), personZone()),
      firstDay: this.firstDayValue,
      locale: document.documentElement.lang || "en",
      headerToolbar: false,
      height: "auto",
      // On a phone a day is a number and how much there is: both open the list of that week.
      dayMaxEventRows: phone ? 1 : 5,
      navLinks: phone,
      navLinkDayClick: (day) => this.calendar?.changeView("listWeek", day),
      moreLinkClick: phone ? "listWeek" : "popover",
      // A post is a moment: late in the evening it must not look as if it took two days.
      defaultTimedEventDuration: "00:30",
      nextDayThreshold: "12:00",
      nowIndicator: true,
      editable: true,
      eventDurationEditable: false,
      eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
      slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
      slotDuration: "01:00:00",
      allDaySlot: false,
      views: { timeGridWeek: { dayHeaderFormat: { weekday: "short", day: "numeric" } } },
      expandRows: true,
      // One post goes out on many channels at once: side by side they would be slivers.
      eventMaxStack: 1,
      slotEventOverlap: false,
      eventInteractive: true,
      events: (range, done, failed) =>
        void this.load(range.startStr, range.endStr).then(done, failed).then(this.reveal),
      eventDrop: (drop) => void this.move(drop),
      eventClassNames: ({ event }) => ["planner-event", `planner-${event.extendedProps.state ?? "draft"}`],
      eventDidMount: ({ event, el }) => {
        el.dataset.planner = event.id;
        if (event.extendedProps.flight) el.dataset.flight = event.extendedProps.flight as string;
        if (event.extendedProps.paused) el.dataset.paused = "";
        this.place(event.extendedProps as Place, el);
        const note = event.extendedProps.note as string | undefined;
        if (!note) return;
        el.title = note;
        const words = document.createElement("span");
        words.className = "sr-only";
        words.textContent = `, ${note}`;
        (el.querySelector(".fc-list-event-title a") ?? el).append(words);
      },
      // What it gives readers itself: a name that leaves out what is in the cell, a link that is none.
      dayCellDidMount: ({ el }) => el.removeAttribute("aria-labelledby"),
      moreLinkDidMount: ({ el }) => el.setAttribute("role", "button"),
      datesSet: ({ view }) => this.moved(view.type, view.title),
    });
  }

  disconnect(): void {
    document.removeEventListener("candy:event", this.arrived);
    clearTimeout(this.timer);
    clearTimeout(this.patience);
    this.calendar?.destroy();
    this.calendar = null;
  }

  today(): void {
    this.calendar?.today();
  }

  back(): void {
    this.calendar?.prev();
  }

  forth(): void {
    this.calendar?.next();
  }

  show({ params }: { params: { view: string } }): void {
    this.calendar?.changeView(VIEWS[params.view] ?? "dayGridMonth");
  }

  /** The network's mark, in the list the channel too. Readers hear both in the note. */
  private place({ channel, network }: Place, el: HTMLElement): void {
    const kept = this.element.querySelector<HTMLTemplateElement>(`template[data-mark="${CSS.escape(network ?? "")}"]`);
    const mark = kept?.content.firstElementChild?.cloneNode(true) as Element | undefined;
    mark?.classList.add("planner-mark");
    const cell = el.querySelector(".fc-list-event-title");
    if (!cell) {
      if (mark) el.querySelector(".fc-event-title")?.before(mark);
    } else if (channel) {
      const words = document.createElement("span");
      words.className = "planner-channel truncate";
      words.setAttribute("aria-hidden", "true");
      words.append(...(mark ? [mark] : []), channel);
      cell.append(words);
    }
  }

  /** Seen once its first posts are in it, or late: days that grow afterwards move what is being read. */
  private readonly reveal = (): void => {
    clearTimeout(this.patience);
    this.canvasTarget.classList.remove("planner-waiting");
  };

  private async load(start: string, end: string): Promise<EventInput[]> {
    const url = new URL(this.feedValue, location.href);
    for (const [name, value] of new URLSearchParams(location.search)) url.searchParams.set(name, value);
    url.searchParams.set("start", start);
    url.searchParams.set("end", end);
    const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) {
      say({ level: "danger", message: "The calendar could not be read. Reload to try again." });
      return [];
    }
    return (await answer.json()) as EventInput[];
  }

  private async move(drop: EventDropArg): Promise<void> {
    const url = drop.event.extendedProps.move_url as string | undefined;
    const at = drop.event.start;
    if (!url || !at) {
      drop.revert();
      return;
    }
    const answer = await fetch(url, {
      method: "POST",
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
      body: new URLSearchParams({ at: drop.event.startStr }),
    }).catch(() => null);
    if (answer?.ok) return;
    drop.revert();
    const body = (await answer?.json().catch(() => null)) as { error?: { message?: string } } | null;
    say({ level: "danger", message: body?.error?.message ?? "This could not be moved. It is back where it was." });
  }

  private moved(type: string, title: string): void {
    const view = Object.keys(VIEWS).find((name) => VIEWS[name] === type) ?? "month";
    for (const target of this.titleTargets) target.textContent = title;
    for (const target of this.viewTargets) {
      target.setAttribute("aria-pressed", String(target.dataset.plannerViewParam === view));
    }
    const address = new URL(location.href);
    address.searchParams.set("view", view);
    const day = this.calendar?.getDate().toISOString().slice(0, 10);
    if (day) address.searchParams.set("date", day);
    history.replaceState(history.state, "", address);
  }

  private readonly arrived = (event: Event): void => {
    if (!kindMatches((event as CustomEvent<CandyEvent>).detail.kind, this.kindsValue)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.calendar?.refetchEvents(), TOGETHER);
  };
}
