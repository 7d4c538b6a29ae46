/** One event of the workspace, as the socket sends it. */
export interface CandyEvent {
  sequence: number;
  kind: string;
  subject: [string, string] | null;
  summary: string;
  data: Record<string, unknown>;
  at: string;
}

export type LiveState = "connecting" | "open" | "waiting" | "closed";

export interface LiveOptions {
  /** Path of the socket without its query, such as /ws/w/acme/events */
  path: string;
  /** Sequence of the last event the page already shows */
  after: number;
  onEvent: (event: CandyEvent) => void;
  onState?: (state: LiveState) => void;
  open?: (url: string) => WebSocket;
}

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const FORBIDDEN = [4001, 4003, 4004, 4401, 4403, 4404];

/** Milliseconds before try number `attempt` (from 0): doubled each time, up to 30 s, half of it jitter. */
export function backOff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempt);
  return ceiling / 2 + (random() * ceiling) / 2;
}

/**
 * Keeps one socket to the workspace's events. After a break it asks for everything after the last
 * sequence it saw, so nothing is missed and nothing is shown twice.
 */
export class LiveEvents {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private after: number;

  constructor(private readonly options: LiveOptions) {
    this.after = options.after;
  }

  start(): void {
    if (this.stopped || this.socket) return;
    this.tell("connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const url = `${scheme}://${location.host}${this.options.path}?after=${this.after}`;
    const socket = this.options.open ? this.options.open(url) : new WebSocket(url);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.attempt = 0;
      this.tell("open");
    });
    socket.addEventListener("message", (message) => this.receive(String(message.data)));
    socket.addEventListener("close", (event) => this.closed(event.code));
  }

  /** Try at once, as when the machine is back online. */
  hurry(): void {
    if (this.socket || this.stopped) return;
    clearTimeout(this.timer);
    this.attempt = 0;
    this.start();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
    this.socket = null;
    this.tell("closed");
  }

  private receive(text: string): void {
    const event = JSON.parse(text) as CandyEvent;
    if (typeof event.sequence !== "number" || event.sequence <= this.after) return;
    this.after = event.sequence;
    this.options.onEvent(event);
  }

  private closed(code: number): void {
    this.socket = null;
    if (this.stopped) return;
    if (FORBIDDEN.includes(code)) {
      this.stop();
      return;
    }
    this.tell("waiting");
    this.timer = setTimeout(() => this.start(), backOff(this.attempt));
    this.attempt += 1;
  }

  private tell(state: LiveState): void {
    this.options.onState?.(state);
  }
}
