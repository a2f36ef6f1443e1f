/* Leads the back button to where the user was in a view, and to the link that led on, although it is fetched anew. */

const GIVING_UP_MILLISECONDS = 5000;
const REST_MILLISECONDS = 150;
/* While a place is looked for again, where the page happens to be is nothing to keep. */
let isRestoring = false;

/** Keeps in each entry of the history how far the user has scrolled. */
export function keepScrollPosition() {
  window.history.scrollRestoration = "manual";
  let resting = 0;
  const keep = () => {
    clearTimeout(resting);
    if (isRestoring) return;
    window.history.replaceState({ ...window.history.state, scroll: window.scrollY }, "");
  };
  window.addEventListener("scroll", () => {
    clearTimeout(resting);
    resting = setTimeout(keep, REST_MILLISECONDS);
  });
  // What was scrolled last before a link is followed must not be kept in the entry that the link makes.
  const keepLink = ({ target }) => {
    keep();
    const link = target.closest("main a")?.getAttribute("href") ?? null;
    window.history.replaceState({ ...window.history.state, link }, "");
  };
  window.addEventListener("click", keepLink, { capture: true });
}

/**
 * Scrolls to where the user was in this entry of the history, as soon as `content` is long enough for it, and puts the
 * focus on the link that was followed there, as soon as it is there.
 */
export function restoreScrollPosition(content, signal) {
  let { scroll: wanted = 0, link = null } = window.history.state ?? {};
  window.scrollTo(0, 0);
  if (!wanted && !link) return;
  isRestoring = wanted > 0;
  const sizes = new ResizeObserver(() => {
    const found = link && content.querySelector(`a[href="${CSS.escape(link)}"]`);
    if (found) {
      found.focus({ preventScroll: true });
      link = null;
    }
    if (document.documentElement.scrollHeight - window.innerHeight >= wanted) {
      if (wanted) window.scrollTo(0, wanted);
      wanted = 0;
      isRestoring = false;
    }
    if (!wanted && !link) stop();
  });
  const givingUp = setTimeout(() => stop(), GIVING_UP_MILLISECONDS);
  const stop = () => {
    sizes.disconnect();
    clearTimeout(givingUp);
    isRestoring = false;
  };
  for (const name of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    window.addEventListener(name, stop, { signal, once: true });
  }
  signal.addEventListener("abort", stop);
  sizes.observe(content);
}
