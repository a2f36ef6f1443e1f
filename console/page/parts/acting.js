/* One action at a time on what a view shows: which is under way, and the error of the last. */

/** `redraw` is called whenever there is something else to draw. */
export class Acting {
  #redraw;
  #freshness;
  #busy = null;
  error = null;

  constructor(redraw, freshness) {
    this.#redraw = redraw;
    this.#freshness = freshness;
  }

  get isBusy() {
    return this.#busy !== null;
  }

  isDoing(name) {
    return this.#busy === name;
  }

  /** Does something; keeps its error until the next action, or until the cloud answers again. */
  async act(name, act) {
    this.#busy = name;
    this.error = null;
    this.#redraw();
    try {
      await act();
    } catch (error) {
      this.error = error;
      if (error.isPassing) this.#freshness.wait(error, () => this.#forget());
    } finally {
      this.#busy = null;
      this.#redraw();
    }
  }

  #forget() {
    this.error = null;
    this.#redraw();
  }
}
