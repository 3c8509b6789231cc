// The WebSocket to the server: comes back by itself, and knows the server's clock.

const RETRY_MS = [300, 600, 1000, 2000, 4000];
const PING_MS = 2000;

export class Connection {
  // handlers: onState, onTags, onFrame(head, jpeg), onRecorder, onLink(isOpen)
  constructor(handlers) {
    this.handlers = handlers;
    this.watched = {};
    this.clockOffset = 0; // ms, to be added to our clock to get the server's
    this.bestRoundTrip = Infinity;
    this.tries = 0;
    this.pings = new Map();
    this.open();
    setInterval(() => this.ping(), PING_MS);
  }

  open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.tries = 0;
      this.bestRoundTrip = Infinity;
      this.handlers.onLink(true);
      this.send({ type: "watch", cameras: this.watched });
      this.ping();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => {
      this.handlers.onLink(false);
      const wait = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)];
      setTimeout(() => this.reopen(), wait);
    };
    this.socket = socket;
  }

  async reopen() {
    // After a restart of the server with another token only the page itself can ask for the new one.
    try {
      const answer = await fetch("/", { cache: "no-store" });
      if (answer.status === 401) return location.reload();
    } catch {
      // it is not back yet
    }
    this.open();
  }

  send(content) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(content));
  }

  // cameras: px on the screen by name
  watch(cameras) {
    const same = JSON.stringify(cameras) === JSON.stringify(this.watched);
    this.watched = cameras;
    if (!same) this.send({ type: "watch", cameras });
  }

  acknowledge(camera) {
    this.send({ type: "ack", camera });
  }

  order(recorder, action) {
    this.send({ type: "record", recorder, action });
  }

  serverNow() {
    return performance.timeOrigin + performance.now() + this.clockOffset;
  }

  ping() {
    const id = performance.now();
    this.pings.clear();
    this.pings.set(id, id);
    this.send({ type: "ping", id });
  }

  pong(message) {
    const sent = this.pings.get(message.id);
    if (sent === undefined) return;
    const roundTrip = performance.now() - sent;
    // The quickest answer tells the time best; a little forgetting follows clocks that drift.
    this.bestRoundTrip *= 1.02;
    if (roundTrip <= this.bestRoundTrip) {
      this.bestRoundTrip = roundTrip;
      this.clockOffset = message.now_ms - (performance.timeOrigin + sent + roundTrip / 2);
    }
  }

  receive(data) {
    if (typeof data !== "string") {
      const length = new DataView(data).getUint32(0, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
      this.handlers.onFrame(head, new Uint8Array(data, 4 + length));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "pong") this.pong(message);
    else if (message.type === "state") this.handlers.onState(message);
    else if (message.type === "tags") this.handlers.onTags(message);
    else if (message.type === "recorder") this.handlers.onRecorder(message);
  }
}
