// The buttons that start and stop a recording.

import { toast } from "./toast.js";

const $ = (id) => document.getElementById(id);

export class Recording {
  constructor(connection) {
    this.connection = connection;
    this.recorders = [];
    $("record").onclick = () => this.toggle();
    $("snapshot").onclick = () => this.snapshot();
  }

  chosen() {
    return this.recorders.find((recorder) => recorder.name === $("recorder-name").value) || this.recorders[0];
  }

  // recorders: what each told last, from the server
  show(recorders) {
    this.recorders = recorders;
    $("recorder").hidden = !recorders.length;
    const select = $("recorder-name");
    const names = recorders.map((recorder) => recorder.name);
    if (names.join() !== [...select.options].map((option) => option.value).join()) {
      select.replaceChildren(...names.map((name) => new Option(name, name)));
    }
    select.hidden = recorders.length < 2;
    const recorder = this.chosen();
    if (!recorder) return;
    this.isOn = recorder.state === "recording" || recorder.state === "paused";
    $("record").classList.toggle("on", this.isOn);
    $("record").querySelector("span").textContent = this.isOn ? this.text(recorder) : "Record";
  }

  text(recorder) {
    const seconds = Math.floor(Number(recorder.seconds) || 0);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const lost = Number(recorder.lost) ? ` · ${recorder.lost} lost` : "";
    return (recorder.state === "paused" ? `paused ${clock}` : clock) + lost;
  }

  toggle() {
    this.order(this.isOn ? "stop" : "start");
  }

  snapshot() {
    this.order("snapshot");
  }

  order(action) {
    const recorder = this.chosen();
    if (recorder) this.connection.order(recorder.name, action);
    else toast("No recorder runs: start one with airo-ros2 record", false);
  }

  onAnswer(answer) {
    toast(`${answer.action}: ${answer.text || "done"}`, answer.ok);
  }
}
