/* Dark or light: as the system says, until the button says otherwise. */

const KEPT_AS = "theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** "themechange" is dispatched here whenever colours changed, for what draws on a canvas. */
export const theme = new EventTarget();

export function startTheme(button) {
  const kept = localStorage.getItem(KEPT_AS);
  if (kept) document.documentElement.dataset.theme = kept;
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const label = () => {
    button.textContent = isDark() ? "Light theme" : "Dark theme";
  };
  const changed = () => {
    label();
    theme.dispatchEvent(new Event("themechange"));
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem(KEPT_AS, document.documentElement.dataset.theme);
    changed();
  });
  dark.addEventListener("change", changed);
  label();
}

/** The colour, as "rgb(...)", that a custom property has in the present theme. */
export function themeColour(property) {
  const probe = document.createElement("span");
  probe.style.color = `var(${property})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
