// A zone or a line drawn on a picture: points in fractions of its width and height, which can be set, moved and taken back.

import { element } from "/shared.js";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.01;
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const within = (number) => Math.min(1, Math.max(0, number));
const rounded = (number) => Math.round(number * 1000) / 1000;

export class Drawing {
  // `figure` holds the picture and the drawing's own layer; `most` points can be set, 2 of which make a line.
  constructor(figure, changed) {
    this.figure = figure;
    this.layer = figure.querySelector("svg");
    this.changed = changed;
    this.points = [];
    this.most = 64;
    this.layer.addEventListener("pointerdown", (event) => {
      if (this.points.length < this.most) this.set([...this.points, this.place(event)]);
    });
  }

  get line() { return this.most === 2; }

  get whole() { return this.points.length >= (this.line ? 2 : 3); }

  set(points) {
    this.points = points;
    this.draw();
    this.changed();
  }

  place(event) {
    const box = this.figure.getBoundingClientRect();
    return [
      rounded(within((event.clientX - box.left) / box.width)), rounded(within((event.clientY - box.top) / box.height)),
    ];
  }

  draw() {
    const shape = document.createElementNS(SVG, this.line || !this.whole ? "polyline" : "polygon");
    shape.setAttribute("points", this.points.map((point) => point.join(",")).join(" "));
    this.layer.replaceChildren(shape);
    for (const old of this.figure.querySelectorAll(".point, .way")) old.remove();
    this.figure.append(...this.points.map((point, at) => this.handle(point, at)));
    if (this.line && this.whole) this.figure.append(this.way());
  }

  handle([x, y], at) {
    const handle = element("button", { type: "button", className: "point", ariaLabel: `Point ${at + 1}` });
    Object.assign(handle.style, { left: `${100 * x}%`, top: `${100 * y}%` });
    const move = (point) => this.set(this.points.with(at, point.map(within).map(rounded)));
    handle.addEventListener("pointerdown", (event) => {
      const follow = (moved) => { this.points[at] = this.place(moved); this.draw(); };
      const end = () => { removeEventListener("pointermove", follow); this.changed(); };
      addEventListener("pointermove", follow);
      addEventListener("pointerup", end, { once: true });
      event.preventDefault();
    });
    handle.addEventListener("keydown", (event) => {
      const step = ARROWS[event.key];
      if (!step) return;
      event.preventDefault();
      move([x + step[0], y + step[1]]);
      this.figure.querySelectorAll(".point")[at].focus();
    });
    return handle;
  }

  // Which way is told of: from the line's left to its right, as one walks along it.
  way() {
    const [[x, y], [to, down]] = this.points;
    const { width, height } = this.figure.getBoundingClientRect();
    const turn = Math.atan2((down - y) * height, (to - x) * width) + Math.PI / 2;
    const arrow = element("span", { className: "way", textContent: "→", ariaHidden: "true" });
    Object.assign(arrow.style, { left: `${50 * (x + to)}%`, top: `${50 * (y + down)}%` });
    arrow.style.setProperty("--turn", `${turn}rad`);
    return arrow;
  }
}
