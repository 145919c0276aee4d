// The live picture on a canvas. It is judged by the frames that arrive: an <img> would stay frozen and silent after a
// lost connection, a phone's sleep or a server that starts again.
const SILENT_MS = 4000; // the server sends at least one frame a second
const AGAIN_MS = 1000;
const HIDDEN_MS = 5000; // a page that nobody sees gives its place to others

// A cookie holds the token by now, so it must not stay in the address bar, the history or a shared link. Within a page
// of another site the browser keeps no cookie; there every request carries the token.
const token = new URLSearchParams(location.search).get("token");
if (token && window === window.top) history.replaceState(null, "", location.pathname);

export function ask(path, options = {}) {
  const headers = { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) };
  return fetch(path, { ...options, headers });
}

export class LivePicture {
  state = "connecting"; // then live, lost, full, refused or ended
  sentence = ""; // of the server, when it refused
  #canvas;
  #context;
  #changed;
  #heardMs = 0;
  #shownMs = 0;
  #newest = null;
  #drawing = false;
  #request = null;
  #wake = () => {};
  #hiding = null;

  constructor(canvas, changed) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#changed = changed;
    setInterval(() => this.#watch(), 500);
    document.addEventListener("visibilitychange", () => this.#see());
    this.#run();
  }

  #tell(state, sentence = "") {
    if (state === this.state && sentence === this.sentence) return;
    if (this.state === "ended" && state === "lost") return; // the film is over, and so is the server
    [this.state, this.sentence] = [state, sentence];
    this.#changed(state);
  }

  async #run() {
    for (;;) {
      let pauseMs = AGAIN_MS;
      if (!document.hidden) pauseMs = await this.#connect();
      await new Promise((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, pauseMs);
      });
    }
  }

  async #connect() {
    this.#request = new AbortController();
    this.#heardMs = performance.now();
    try {
      const answer = await ask("stream.mjpg", { signal: this.#request.signal, cache: "no-store" });
      if (answer.ok) {
        const last = await this.#read(answer.body.getReader());
        this.#tell(last.includes("ended") ? "ended" : "lost");
        return AGAIN_MS;
      }
      const { error } = await answer.json();
      this.#tell(answer.status === 503 ? "full" : "refused", error);
      return answer.status === 503 ? 3000 : AGAIN_MS;
    } catch {
      this.#tell("lost");
      return AGAIN_MS;
    } finally {
      this.#request = null;
    }
  }

  // Reads multipart/x-mixed-replace, and returns what stands behind the last frame.
  async #read(reader) {
    let buffer = new Uint8Array(0);
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true })); // cut off behind the last words
      if (done) return new TextDecoder().decode(buffer);
      this.#heardMs = performance.now();
      buffer = joined(buffer, value);
      for (let end; (end = this.#take(buffer)) > 0;) buffer = buffer.subarray(end);
    }
  }

  // Takes the first whole frame of the buffer; returns where it ends, or 0 while it is not whole.
  #take(buffer) {
    const head = new TextDecoder("latin1").decode(buffer.subarray(0, 256));
    const start = head.indexOf("\r\n\r\n") + 4;
    const length = /Content-Length: (\d+)/.exec(head.slice(0, start));
    if (start < 4 || !length) return 0;
    const end = start + Number(length[1]);
    if (buffer.length < end + 2) return 0;
    this.#newest = buffer.slice(start, end);
    this.#draw();
    return end + 2;
  }

  async #draw() {
    if (this.#drawing) return; // a slow device shows fewer frames, never older ones
    this.#drawing = true;
    while (this.#newest) {
      const jpeg = new Blob([this.#newest], { type: "image/jpeg" });
      this.#newest = null;
      try {
        const bitmap = await createImageBitmap(jpeg);
        if (this.#canvas.width !== bitmap.width || this.#canvas.height !== bitmap.height) {
          [this.#canvas.width, this.#canvas.height] = [bitmap.width, bitmap.height];
        }
        this.#context.drawImage(bitmap, 0, 0);
        bitmap.close();
        this.#shownMs = performance.now();
        this.#tell("live");
      } catch { /* a frame that cannot be decoded does not count as shown */ }
    }
    this.#drawing = false;
  }

  #watch() {
    const now = performance.now();
    if (this.state === "live" && now - this.#shownMs > SILENT_MS) this.#tell("lost");
    if (this.#request && now - this.#heardMs > SILENT_MS) this.#request.abort();
  }

  #see() {
    clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = setTimeout(() => this.#request?.abort(), HIDDEN_MS);
    else this.#wake();
  }
}

function joined(first, second) {
  if (!first.length) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
